//! `weft calibrate`: traces without any fault through the replay; who is accused, and how near detectors came to accuse somebody.
//!
//! ```text
//! TRACE ─► replay ─┬─► incidents ─► those that accuse somebody ─┐
//!                  └─► evidence, tick by tick ─► tails ─────────┴─► Shard ─► DIR (--resume)
//! shards ─► FaultFree ─► stdout
//! ```

mod args;
mod shards;
#[cfg(test)]
mod tests;
mod watch;

pub use args::CalibrateArgs;

use crate::judged::{Failed, INCIDENTS, named_twice, source_of};
use crate::replay::{Allowed, ReplayArgs, replay_watched};
use crate::side_by_side::side_by_side;
use args::Output;
use shards::Shards;
use std::path::Path;
use std::process::ExitCode;
use watch::Watch;
use weft_score::{FaultFree, Shard, Subject, compare, fault_free_table, read_incidents};
use weft_settings::exit::{FAILED, FOUND};
use weft_trace::{Family, FrameSource, TraceFolder, name_of};

/// The subcommand: the figures to stdout, progress and errors to stderr.
pub fn run(args: &CalibrateArgs) -> ExitCode {
    if let Some(error) = named_twice(&args.traces).filter(|_| args.resume.is_some()) {
        eprintln!("weft calibrate: {error}");
        return ExitCode::from(FAILED);
    }
    let (done, failed): (Vec<_>, Vec<_>) = calibrate(args).into_iter().partition(Result::is_ok);
    let shards: Vec<Shard> = done.into_iter().flatten().collect();
    let all = FaultFree::of(&shards);
    if !shards.is_empty() {
        match args.output {
            Output::Table => print!("{}", fault_free_table(&all)),
            Output::Json => println!("{}", serde_json::to_string_pretty(&all).expect("figures are plain data")),
        }
    }
    match (failed.len(), all.is_good()) {
        (0, true) => ExitCode::SUCCESS,
        (0, false) => ExitCode::from(FOUND),
        (number, _) => {
            eprintln!("weft calibrate: {number} of {} traces could not be judged", args.traces.len());
            ExitCode::from(FAILED)
        }
    }
}

/// Each trace in the order given, told on stderr as it ends.
fn calibrate(args: &CalibrateArgs) -> Vec<Result<Shard, Failed>> {
    let kept = args.resume.as_deref().map(Shards::in_folder);
    side_by_side(&args.traces, args.at_once, |trace| {
        let known = kept.as_ref().and_then(|kept| kept.find(trace, args.allowed.false_alarms));
        let (verb, shard) = match known {
            Some(shard) => ("known", Ok(shard)),
            None => ("judged", judge(trace, args.allowed).and_then(|shard| keep(kept.as_ref(), trace, shard))),
        };
        match &shard {
            Ok(shard) => {
                eprintln!("{verb} {}: {} false in {:.3} node-days", shard.trace, shard.r#false.len(), shard.node_days)
            }
            Err(error) => eprintln!("{error}"),
        }
        shard
    })
}

fn keep(kept: Option<&Shards>, trace: &Path, shard: Shard) -> Result<Shard, Failed> {
    kept.map_or(Ok(()), |kept| kept.keep(trace, &shard))?;
    Ok(shard)
}

fn judge(trace: &Path, allowed: Allowed) -> Result<Shard, Failed> {
    let (name, folder) = (name_of(trace), TraceFolder::open(trace)?);
    let subject = Subject::load(folder.path(), &name, &source_of(trace)).map_err(|e| folder.said_of(e))?;
    let is_fault = |class: &str| Family::of(class).is_none_or(|family| family != Family::Benign);
    if let Some(truth) = subject.truth.iter().find(|truth| is_fault(&truth.class)) {
        return Err(Failed::Faulty { trace: name, fault: format!("{} {} {}", truth.class, truth.device, truth.port) });
    }
    let out = tempfile::tempdir()?;
    let mut watch = Watch::default();
    let source = FrameSource::open(folder.path(), crate::ingest::TICK_NS).map_err(|e| folder.said_of(e))?;
    let calm = ReplayArgs { allowed, ..ReplayArgs::calm(folder.path(), out.path()) };
    replay_watched(source, &calm, &mut |engine| watch.note(engine.features()))
        .map_err(|error| Failed::at(&folder, &name, error))?;
    let incidents = read_incidents(&out.path().join(INCIDENTS))?;
    let compared = compare(&subject, &incidents);
    Ok(Shard {
        trace: name,
        weft: env!("CARGO_PKG_VERSION").to_owned(),
        allowed: allowed.false_alarms,
        node_days: compared.node_days,
        r#false: compared.r#false,
        tails: watch.into_tails(),
    })
}

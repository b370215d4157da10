//! `weft score`: traces through the replay, or another system's incidents of them, compared with the truth.
//!
//! ```text
//! TRACE ─► folder (unpacked) ─┬─► replay ─► incidents.ndjson ─┐
//!                             ├─► Subject (truth, plan) ──────┴─► compare ─► Score ─► stdout
//!                             └─► TraceTables ─┬─► what a miss could have shown ──┤
//!                                              ├─► disturbed ─► replay ─► compare ┤     (--metamorphic)
//!                                              └─► other rules ─► alarms ─────────┘     (--baselines)
//! ```
//! A replay reads no truth.csv, and nothing of a trace's name or description reaches what judges.

mod args;
mod disturbed;
mod one;
#[cfg(test)]
mod tests;

pub use args::ScoreArgs;

use crate::judged::Failed;
use crate::side_by_side::side_by_side;
use one::{Scored, named_twice, score_one};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;
use weft_judge::detect::{Chosen, chosen};
use weft_score::{Detector, Metamorphic, Score, beside, elsewhere, html, render};
use weft_settings::exit::{FAILED, FOUND};

/// The subcommand: the score to stdout, progress and errors to stderr. 0 good, 1 below what is asked, 2 a trace failed.
pub fn run(args: &ScoreArgs) -> ExitCode {
    if let Some(error) = named_twice(args) {
        eprintln!("weft score: {error}");
        return ExitCode::from(FAILED);
    }
    let (scored, failed): (Vec<_>, Vec<_>) = score_all(args).into_iter().partition(Result::is_ok);
    let score = score_of(args, scored.into_iter().flatten().collect());
    if !score.traces.is_empty() {
        print!("{}", render(&score, args.output));
    }
    if let Some(file) = &args.html
        && let Err(error) = std::fs::write(file, html(&score))
    {
        eprintln!("weft score: {}: {error}; name a file that can be written", file.display());
        return ExitCode::from(FAILED);
    }
    match (failed.len(), score.is_good()) {
        (0, true) => ExitCode::SUCCESS,
        (0, false) => ExitCode::from(FOUND),
        (number, _) => {
            eprintln!("weft score: {number} of {} traces could not be scored", args.traces.len());
            ExitCode::from(FAILED)
        }
    }
}

fn score_of(args: &ScoreArgs, scored: Vec<Scored>) -> Score {
    let (mut compared, mut runs, mut seen) = (Vec::new(), Vec::new(), Vec::new());
    for one in scored {
        compared.push(one.compared);
        runs.extend(one.followed);
        seen.extend(one.sighted);
    }
    let beside = if args.baselines { beside(&compared, &seen) } else { Vec::new() };
    // With one source there is no elsewhere; another system's detectors are not known.
    let has_sources = compared.iter().any(|trace| trace.source != compared[0].source);
    let detectors = if has_sources && args.incidents.is_none() { detectors() } else { Vec::new() };
    let elsewhere = elsewhere(&compared, detectors);
    let metamorphic = args.metamorphic.as_ref().map(|_| Metamorphic { runs });
    Score::of(compared).with(metamorphic).with_beside(beside).with_elsewhere(elsewhere)
}

/// What the judge says of its own detectors.
fn detectors() -> Vec<Detector> {
    let texts = |names: Vec<&str>| names.into_iter().map(str::to_owned).collect();
    let of = |one: Chosen| Detector {
        name: one.detector.to_owned(),
        classes: texts(one.classes.into_iter().collect()),
        chosen_on: texts(one.on.to_vec()),
    };
    chosen().into_iter().map(of).collect()
}

/// Each trace in the order given, told on stderr as it ends.
fn score_all(args: &ScoreArgs) -> Vec<Result<Scored, Failed>> {
    let (done, all) = (AtomicUsize::new(0), args.traces.len());
    side_by_side(&args.traces, args.at_once, |trace| {
        let began = Instant::now();
        let scored = score_one(trace, args);
        let number = done.fetch_add(1, Ordering::Relaxed) + 1;
        match &scored {
            Ok(one) => eprintln!("[{number}/{all}] {:6.1} s  {one}", began.elapsed().as_secs_f64()),
            Err(error) => eprintln!("[{number}/{all}] {error}"),
        }
        scored
    })
}

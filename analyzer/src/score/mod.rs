//! `weft score`: traces through the replay, or another system's incidents of them, compared with the truth.
//!
//! ```text
//! TRACE ─► folder (unpacked) ─┬─► replay ─► incidents.ndjson ─┐
//!                             └─► Subject (truth, plan) ──────┴─► compare ─► Score ─► stdout
//! ```
//! A replay reads no truth.csv, and nothing of a trace's name or description reaches what judges.

mod args;
mod one;
mod side_by_side;
#[cfg(test)]
mod tests;

pub use args::ScoreArgs;

use one::{Failed, named_twice, score_one};
use side_by_side::side_by_side;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;
use weft_score::{Compared, Score, render};
use weft_settings::exit::{FAILED, FOUND};

/// The subcommand: the score to stdout, progress and errors to stderr. 0 good, 1 below what is asked, 2 a trace failed.
pub fn run(args: &ScoreArgs) -> ExitCode {
    if let Some(error) = named_twice(args) {
        eprintln!("weft score: {error}");
        return ExitCode::from(FAILED);
    }
    let (compared, failed): (Vec<_>, Vec<_>) = compare_all(args).into_iter().partition(Result::is_ok);
    let score = Score::of(compared.into_iter().flatten().collect());
    if !score.traces.is_empty() {
        print!("{}", render(&score, args.output));
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

/// Each trace in the order given, told on stderr as it ends.
fn compare_all(args: &ScoreArgs) -> Vec<Result<Compared, Failed>> {
    let (done, all) = (AtomicUsize::new(0), args.traces.len());
    side_by_side(&args.traces, args.at_once, |trace| {
        let began = Instant::now();
        let compared = score_one(trace, args);
        let number = done.fetch_add(1, Ordering::Relaxed) + 1;
        match &compared {
            Ok(c) => {
                let seconds = began.elapsed().as_secs_f64();
                let found = c.faults.iter().filter(|f| f.found).count();
                let (faults, wrong) = (c.faults.len(), c.r#false.len());
                eprintln!(
                    "[{number}/{all}] {seconds:6.1} s  {}: {found} of {faults} faults found, {wrong} false",
                    c.trace
                );
            }
            Err(error) => eprintln!("[{number}/{all}] {error}"),
        }
        compared
    })
}

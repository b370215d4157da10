//! `weft score`: traces through the replay, or another system's incidents of them, compared with the truth.
//!
//! ```text
//! TRACE ─► folder (unpacked) ─┬─► replay ─► incidents.ndjson ─┐
//!                             ├─► Subject (truth, plan) ──────┴─► compare ─► Score ─► stdout
//!                             └─► TraceTables ─┬─► what a miss could have shown ──┤
//!                                              └─► disturbed ─► replay ─► compare ┘     (--metamorphic)
//! ```
//! A replay reads no truth.csv, and nothing of a trace's name or description reaches what judges.

mod args;
mod disturbed;
mod judged;
mod one;
mod side_by_side;
#[cfg(test)]
mod tests;

pub use args::ScoreArgs;

use judged::Failed;
use one::{Scored, named_twice, score_one};
use side_by_side::side_by_side;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;
use weft_score::{Metamorphic, Score, render};
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
    let (compared, followed): (Vec<_>, Vec<_>) = scored.into_iter().map(|one| (one.compared, one.followed)).unzip();
    let metamorphic = || Metamorphic { runs: followed.into_iter().flatten().collect() };
    Score::of(compared).with(args.metamorphic.as_ref().map(|_| metamorphic()))
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

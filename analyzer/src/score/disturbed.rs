//! A trace judged once more after each disturbance.

use super::args::ScoreArgs;
use crate::ingest::TICK_NS;
use crate::judged::{Failed, INCIDENTS};
use crate::replay::{Allowed, ReplayArgs, replay_frames};
use std::path::Path;
use weft_score::{Compared, Dice, Disturbance, Followed, Incident, Subject, compare, followed, read_incidents};
use weft_trace::{FrameSource, TraceError, TraceTables};

/// What became of the verdict under each disturbance; `before` is the comparison of the trace as it is.
pub fn disturbed(
    tables: &TraceTables,
    subject: &Subject,
    before: &Compared,
    disturbances: &[&'static Disturbance],
    args: &ScoreArgs,
) -> Result<Vec<Followed>, Failed> {
    let run = |disturbance: &&'static Disturbance| {
        let mut changed = tables.clone();
        let back = (disturbance.apply)(&mut changed, &subject.truth, Dice::new(args.seed));
        let said: Vec<Incident> =
            judged(changed, &subject.name, args.allowed)?.into_iter().map(|i| back.incident(i)).collect();
        Ok(followed(disturbance.name, before, &compare(subject, &said)))
    };
    disturbances.iter().map(run).collect()
}

fn judged(tables: TraceTables, trace: &str, allowed: Allowed) -> Result<Vec<Incident>, Failed> {
    let out = tempfile::tempdir()?;
    let source = FrameSource::of_tables(tables, TICK_NS);
    let failed = |error| Failed::Replay { trace: trace.to_owned(), source: Box::new(error) };
    replay_frames(source, &ReplayArgs { allowed, ..ReplayArgs::calm(Path::new(""), out.path()) }).map_err(failed)?;
    let incidents: Result<_, TraceError> = read_incidents(&out.path().join(INCIDENTS));
    Ok(incidents?)
}

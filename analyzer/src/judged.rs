//! Traces that a command judges one by one (`weft score`, `weft calibrate`): where each has its place in a folder, and why one cannot
//! be judged.

use crate::replay::ReplayError;
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use weft_trace::{TraceError, TraceFolder, name_of};

/// The file that a replay leaves its incidents in.
pub const INCIDENTS: &str = "incidents.ndjson";

#[derive(Debug, thiserror::Error)]
pub enum Failed {
    #[error("{0}")]
    Trace(#[from] TraceError),
    #[error("{trace}: {source}")]
    Replay { trace: String, source: Box<ReplayError> },
    #[error("{0}; check that TMPDIR can be written")]
    Folder(#[from] std::io::Error),
    #[error("two traces are called {0}, and each needs a folder of its own; rename one, or take them apart")]
    NamedTwice(String),
    #[error(
        "{trace}: truth.csv tells of a fault, {fault}; only data without faults shows what chance does: leave the trace out"
    )]
    Faulty { trace: String, fault: String },
    #[error("{path}: {source}; name a folder that can be written")]
    Kept { path: String, source: std::io::Error },
}

impl Failed {
    /// What a replay of the trace in `folder` failed at, told as of the trace that was given: an unpacked one lies elsewhere.
    pub fn at(folder: &TraceFolder, trace: &str, error: ReplayError) -> Failed {
        match error {
            ReplayError::Trace(error) => Failed::Trace(folder.said_of(error)),
            error => Failed::Replay { trace: trace.to_owned(), source: Box::new(error) },
        }
    }
}

/// The folder that a trace lies in tells where it is from.
pub fn source_of(trace: &Path) -> String {
    let whole = trace.canonicalize().unwrap_or_else(|_| trace.to_owned());
    whole.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy().into_owned()
}

/// `SOURCE/NAME`: where what becomes of a trace is kept.
pub fn place_of(trace: &Path) -> PathBuf {
    Path::new(&source_of(trace)).join(name_of(trace))
}

/// The place that two traces share.
pub fn named_twice(traces: &[PathBuf]) -> Option<Failed> {
    let mut seen = HashSet::new();
    let twice = traces.iter().map(|trace| place_of(trace)).find(|place| !seen.insert(place.clone()));
    twice.map(|place| Failed::NamedTwice(place.display().to_string()))
}

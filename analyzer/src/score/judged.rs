//! What judging leaves behind, or why there is none.

use crate::replay::ReplayError;
use weft_trace::TraceError;

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
    #[error("two traces are called {0}, and each needs a folder of its own; rename one, or score them apart")]
    NamedTwice(String),
}

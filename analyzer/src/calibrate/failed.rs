//! Why a trace cannot be judged.

use crate::replay::ReplayError;
use weft_trace::TraceError;

#[derive(Debug, thiserror::Error)]
pub enum Failed {
    #[error("{0}")]
    Trace(#[from] TraceError),
    #[error("{trace}: {source}")]
    Replay { trace: String, source: Box<ReplayError> },
    #[error(
        "{trace}: truth.csv tells of a fault, {fault}; only data without faults shows what chance does: leave the trace out"
    )]
    Faulty { trace: String, fault: String },
    #[error("{0}; check that TMPDIR can be written")]
    Folder(#[from] std::io::Error),
    #[error("{path}: {source}; name a folder that can be written")]
    Shard { path: String, source: std::io::Error },
}

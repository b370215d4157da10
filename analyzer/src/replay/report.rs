//! What a replay did, or why it failed.

use crate::ingest::IngestStats;
use crate::snapshot::RestoreError;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;
use weft_trace::TraceError;

/// What a replay did, for the last line it prints.
#[derive(Clone, Debug, serde::Serialize)]
pub struct ReplayReport {
    pub samples: u64,
    pub frames: u64,
    pub ticks: u64,
    pub incidents: usize,
    pub late_rows: u64,
    pub duplicate_frames: u64,
    /// Detectors that failed or were over their budget, each with the reason, and in how many ticks.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub detectors_dropped: BTreeMap<String, u64>,
    pub seconds: f64,
}

#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    #[error("{0}")]
    Trace(#[from] TraceError),
    #[error("{path}: {source}; check that it can be written", path = path.display())]
    Out { path: PathBuf, source: std::io::Error },
    #[error("snapshot {path}: {source}; write another one with --snapshot", path = path.display())]
    Snapshot { path: PathBuf, source: RestoreError },
    #[error("transport: {0}")]
    Transport(#[from] weft_transport::TransportError),
    #[error("frame: {0}")]
    Wire(#[from] weft_wire::WireError),
}

/// The report of a replay that began at `began` and ends now.
pub fn report(stats: &IngestStats, samples: u64, incidents: usize, began: Instant) -> ReplayReport {
    ReplayReport {
        samples,
        frames: stats.frames,
        ticks: stats.ticks,
        incidents,
        late_rows: stats.late_rows,
        duplicate_frames: stats.duplicate_frames,
        detectors_dropped: BTreeMap::new(),
        seconds: began.elapsed().as_secs_f64(),
    }
}

//! Collectors as readers see them, and the frames of theirs that never came.

use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CollectorView {
    pub collector: String,
    /// `live`, `idle` (too far behind to be awaited) or `silent` (no frame came for five flush periods).
    pub state: String,
    /// Event time of its latest frame.
    pub last_ns: Option<i64>,
    pub lag_s: Option<f64>,
    /// Since its last frame came, by the analyzer's clock, s; `None` when none has come since the analyzer started.
    pub heard_s: Option<f64>,
    pub frames: u64,
    pub samples: u64,
    pub late_rows: u64,
    pub repeats: u64,
    /// Frames of another collector of the same name, set aside.
    pub same_name: u64,
    /// Frames that never came, by sequence number.
    pub missing: u64,
    /// Dropped on its own side.
    pub dropped: u64,
    /// Rows that weft failed to take in: none, ever, unless weft is wrong.
    pub failed_rows: u64,
    /// Frames that were left because its clock says a time that is none, such as 1970.
    pub clock_not_set_frames: u64,
    pub clock_error_us: Option<f64>,
    pub ports: usize,
    /// Counters it cannot read, each `port/counter: reason`.
    pub blind: Vec<String>,
}

/// A stretch of one collector's sequence numbers that never came.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct GapView {
    pub collector: String,
    pub boot: u64,
    pub first_sequence: u64,
    pub last_sequence: u64,
    pub from_ns: i64,
    pub to_ns: i64,
    pub reason: String,
}

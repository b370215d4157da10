//! What ingest counts: once for all, and per collector for `/collectors`.

use serde::Serialize;

/// Totals since the start. Each is a metric of `/metrics`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct IngestStats {
    /// Frames taken in that were not counted before.
    pub frames: u64,
    /// Values that are not null, in those frames.
    pub samples: u64,
    /// Frames that an earlier run of this analyzer had counted: they rebuilt the window.
    pub rebuilt_frames: u64,
    pub duplicate_frames: u64,
    pub late_rows: u64,
    /// Rows of ports no inventory names, or of a port of another table.
    pub unknown_port_rows: u64,
    /// Rows stamped impossibly far from their frame.
    pub bad_time_rows: u64,
    pub dead_letters: u64,
    pub parked_frames: u64,
    /// Parked frames given up because too many waited.
    pub park_overflow_frames: u64,
    /// Frames whose clock was impossibly far from the others'.
    pub clock_jump_frames: u64,
    /// Frames whose clock says a time that is none.
    pub clock_not_set_frames: u64,
    /// Frames of a second collector under the name of one that is heard.
    pub twin_frames: u64,
    pub lost_frames: u64,
    pub ticks: u64,
    /// Rows that weft itself failed to sort into their ticks, to find the ports of, or to join to the others of their tick.
    pub split_rows: u64,
    pub resolve_rows: u64,
    pub concat_rows: u64,
    /// Rows of the gap table that had to make room for newer ones.
    pub forgotten_gaps: u64,
}

/// How one collector does, as it says itself and as seen from here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CollectorStatus {
    pub collector: String,
    pub devices: Vec<String>,
    pub ports: usize,
    /// Flush time of the latest frame, event time.
    pub last_seen_ns: i64,
    /// Event time it is behind the others.
    pub lag_ns: i64,
    /// Not heard of for longer than the lateness bound: ticks do not wait for it.
    pub idle: bool,
    pub boot: u64,
    pub sequence: u64,
    pub inventory_version: u64,
    pub flush_period_ms: u32,
    /// `None` = its clock is not synchronised, or it does not know.
    pub clock_error_us: Option<i64>,
    pub frames: u64,
    pub samples: u64,
    /// Frames the collector itself gave up on.
    pub drops: u64,
    /// Frames that never came.
    pub lost_frames: u64,
    pub duplicate_frames: u64,
    /// Frames of another collector of the same name, set aside.
    pub twin_frames: u64,
    pub late_rows: u64,
    pub parked_frames: u64,
    /// Frames that were left because its clock says a time that is none, such as 1970.
    pub clock_not_set_frames: u64,
    /// Its rows that weft itself failed to take in.
    pub failed_rows: u64,
    /// Values of its latest rows that stand at their maximum: there, and blind.
    pub saturated: usize,
    /// Values of its latest rows whose read failed.
    pub failed: usize,
    /// Values of its latest rows that tell nothing: saturated, failed or too large.
    pub blind: usize,
    /// The first of them, each `port/counter: reason`.
    pub blind_counters: Vec<String>,
}

//! What the HTTP API reads: one narrow trait, so that the API is served from the live store, a replay or a test alike.

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
pub use weft_judge::detect::armed::{Armed, Off};
use weft_judge::fabric::PortRef;
use weft_judge::incident::Incident;
pub use weft_judge::incident::SeriesMode;
use weft_judge::kinds::Fact;

/// A snapshot a call; nothing here waits for the data's way, and nothing changes it.
#[async_trait]
pub trait ReadModel: Send + Sync {
    /// Newest onset first; equal onsets by id.
    fn incidents(&self) -> Vec<Arc<Incident>>;
    fn incident(&self, id: &str) -> Option<Arc<Incident>>;
    /// The latest facts, newest last; at most `limit`.
    fn facts(&self, limit: usize) -> Vec<Fact>;
    /// By name.
    fn devices(&self) -> Vec<DeviceView>;
    /// By device, then port.
    fn ports(&self) -> Vec<PortView>;
    fn jobs(&self) -> Vec<JobView>;
    fn collectors(&self) -> Vec<CollectorView>;
    /// What each detector can see, in the order of the detectors.
    fn armed(&self) -> Vec<Armed>;
    fn watching(&self) -> Watching;
    /// Newest last.
    fn gaps(&self) -> Vec<GapView>;
    fn health(&self) -> Health;
    /// Cables on which loss cannot be told.
    fn cables_at_odds(&self) -> usize;
    async fn series(&self, query: SeriesQuery) -> Result<Series, QueryError>;
    async fn sql(&self, query: SqlQuery) -> Result<SqlAnswer, QueryError>;
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DeviceView {
    pub device: String,
    /// `node` or `switch`.
    pub kind: String,
    pub tier: String,
    pub rack: String,
    pub pod: String,
    /// The collector that speaks of it; empty when planned but never heard of.
    pub collector: String,
    pub ports: usize,
    pub labels: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PortView {
    pub device: String,
    pub port: String,
    pub table: String,
    pub driver: String,
    pub speed_bps: Option<i64>,
    pub rail: String,
    pub role: String,
    pub peer_device: String,
    pub peer_port: String,
    pub rx_bytes_per_s: Option<f64>,
    pub tx_bytes_per_s: Option<f64>,
    /// `false`: the two ends of its cable count different packets, and loss on it cannot be told. `None` while too
    /// little has passed to know.
    pub ends_agree: Option<bool>,
    /// Event time of its latest row.
    pub last_ns: Option<i64>,
    /// `ok`, `down`, `silent` (heard before, and not of late), `blind` (described or planned, and never heard).
    pub state: String,
    /// The open or suspected incident that names it as a culprit.
    pub incident: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct JobView {
    pub job: String,
    pub ranks: usize,
    pub devices: usize,
    /// Median of the latest steps, s.
    pub step_time_s: Option<f64>,
    /// What a step would take without the fault, s.
    pub ideal_step_time_s: Option<f64>,
    /// Fraction of step time.
    pub lost_step_time: Option<f64>,
    /// The open incident that costs it most.
    pub incident: Option<String>,
}

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

/// What weft hears at this moment: what may be said of the fabric rests on that.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Watching {
    /// Ports that told something within a few of their own intervals.
    pub ports_heard: usize,
    /// Ports that did before, and do not now.
    pub ports_silent: usize,
    /// Planned ports that no collector has told of.
    pub ports_never_heard: usize,
    pub collectors: usize,
    pub collectors_silent: usize,
    /// Some of them, the longest silent first.
    pub silent: Vec<Silent>,
    /// Counters that are there and cannot be read.
    pub blind: usize,
    /// Event time of the newest frame.
    pub newest_ns: Option<i64>,
    /// Since a tick last closed, by the analyzer's clock, s; `None` before the first.
    pub closed_s: Option<f64>,
    /// No tick has closed for long: nothing is seen, whatever stands above.
    pub stands_still: bool,
    /// Wall clock less the event time of the last closed tick.
    pub lag_s: Option<f64>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Silent {
    pub collector: String,
    pub heard_s: Option<f64>,
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

/// "No data" never looks healthy: each thing that is missing is a reason.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Health {
    pub ready: bool,
    pub reasons: Vec<String>,
    /// Wall clock less the event time of the last closed tick; `None` before the first tick.
    pub lag_s: Option<f64>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct SeriesQuery {
    pub at: PortRef,
    pub counter: String,
    /// Half-open, event time.
    pub from_ns: i64,
    pub to_ns: i64,
    pub mode: SeriesMode,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Series {
    pub unit: String,
    pub points: Vec<(i64, Option<f64>)>,
    pub marks: Vec<Mark>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mark {
    pub ts_ns: i64,
    /// `gap`, `reset`, `wrap` or `saturated`.
    pub kind: String,
}

#[derive(Clone, Debug, PartialEq)]
pub struct SqlQuery {
    pub sql: String,
    /// Bound to `$1`, `$2`, …
    pub params: Vec<serde_json::Value>,
    pub timeout: Duration,
    pub max_rows: usize,
}

#[derive(Clone, Debug)]
pub struct SqlAnswer {
    /// A field's unit stands in its metadata under `unit`.
    pub schema: SchemaRef,
    pub batches: Vec<RecordBatch>,
    /// True when there were more rows than asked for.
    pub truncated: bool,
}

/// Why a query has no answer.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum QueryError {
    /// The text is wrong. Line and column count from 1.
    #[error("{message}")]
    Invalid { message: String, hint: Option<String>, line: Option<u64>, column: Option<u64> },
    #[error("{0}")]
    NotFound(String),
    #[error("{0}: weft's SQL only reads")]
    NotReadOnly(String),
    #[error("no answer within {0:?}")]
    Deadline(Duration),
    #[error("the answer needs more memory than a query may have: {0}")]
    Memory(String),
    #[error("{0} queries are under way already")]
    Busy(usize),
    /// A fault of weft's or of a library's, which took this query with it and nothing else.
    #[error("the query made its own thread fail: {0}")]
    Panicked(String),
    #[error("{0}")]
    Internal(String),
}

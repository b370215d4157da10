//! Traces: recorded or foreign telemetry as a folder (`docs/trace-format.md`).
//!
//! ```text
//! import: CSVs ─► checked, sorted ─► trace        record: subscriber ─► trace
//! replay: trace ─► frames ─► disturb ─► encode ─► ingest ─► engine ─► incidents.ndjson, transitions.ndjson, facts.ndjson
//! ```

mod counters;
mod disturb;
mod entities;
mod error;
mod frames;
mod manifest;
mod marks;
mod ordered;
mod outcome;
mod plan;
mod replay;
mod samples;
mod shape;
mod table;
#[cfg(test)]
mod tests;

pub use disturb::{Disturb, Disturber};
pub use error::TraceError;
pub use frames::FrameSource;
pub use manifest::{MIN_TICK_NS, Manifest};
pub use outcome::OutcomeFiles;
pub use replay::{ReplayArgs, ReplayReport, Speed, replay, run};

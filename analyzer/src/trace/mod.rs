//! Traces: recorded or foreign telemetry as a folder.
//!
//! ```text
//! import: CSVs ─► checked, sorted ─► trace        record: subscriber ─► trace
//! replay: trace ─► frames ─► disturb ─► encode ─► ingest ─► engine ─► incidents.ndjson, transitions.ndjson, facts.ndjson
//! ```

mod counters;
mod disturb;
mod entities;
mod error;
pub mod explain;
mod frames;
pub mod import;
mod manifest;
mod marks;
mod ordered;
mod outcome;
mod plan;
pub mod record;
pub mod replay;
mod samples;
mod shape;
mod table;
#[cfg(test)]
pub(crate) mod tests;
mod write;

pub use disturb::{Disturb, Disturber};
pub use error::TraceError;
pub use explain::ExplainArgs;
pub use frames::FrameSource;
pub use import::ImportArgs;
pub use manifest::{MIN_TICK_NS, Manifest};
pub use outcome::OutcomeFiles;
pub use plan::load_plan;
pub use record::RecordArgs;
pub use replay::{ReplayArgs, ReplayReport, Speed};
pub use write::{TraceWriter, write_plan};

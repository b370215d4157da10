//! The trace format: recorded or foreign telemetry of a fabric as a folder of CSV files.
//!
//! ```text
//! reading: folder ─► Table (rows of one file) ─► samples, steps, events by tick ─► FrameSource: one frame a device and tick
//!          folder ─► TraceTables, changed in memory ──────────────────────────────► FrameSource
//! writing: rows, step marks, events, a plan ─► TraceWriter ─► folder
//! import:  somebody's folder ─► read, checked, sorted by time ─► TraceWriter
//! ```
//! The format alone lives here. Who fills a trace (the recorder, the simulator) and who judges one (the replay) use this
//! crate; this crate knows neither ingest, nor the judge, nor a transport.

mod archive;
mod counters;
mod csv_file;
mod entities;
mod error;
mod family;
mod frames;
mod import;
mod manifest;
mod marks;
mod ordered;
mod plan;
mod samples;
mod shape;
mod survey;
mod table;
mod tables;
#[doc(hidden)]
pub mod testkit;
#[cfg(test)]
mod tests;
mod truth;
mod write;
mod write_plan;

pub use archive::{TraceFolder, name_of};
pub use csv_file::field;
pub use error::TraceError;
pub use family::{Family, classes};
pub use frames::FrameSource;
pub use import::import;
pub use manifest::Manifest;
pub use plan::{load_jobs, load_plan};
pub use survey::{Survey, survey};
pub use tables::{Event, Place, Reading, Series, TraceTables};
pub use truth::{Truth, load_truth};
pub use write::{StepFile, TraceWriter};
pub use write_plan::write_plan;

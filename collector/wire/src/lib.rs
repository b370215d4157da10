//! The contract between collectors and the analyzer: the counter catalogue, the Arrow schemas made from it, the
//! frame that carries them, and the inventory that says what a port index means. No IO beneath this crate.
//!
//! ```text
//! catalogue.toml ─► Catalogue ─► Schema (a projection of a table's columns, known by its fingerprint)
//!                                   │
//! collector: TableWriter ─► RecordBatch ─► Frame ─► bytes ═══► Frame ─► RecordBatch :analyzer
//! ```

mod catalogue;
mod error;
mod frame;
pub mod instants;
mod inventory;
mod metric;
mod neighbor;
pub mod plan;
mod port_change;
mod quality;
mod rows;
mod schema;
pub mod stamp;
mod table;

pub use catalogue::{
    Catalogue, ColumnKind, Counter, CounterKind, Encoding, Foreign, Mapping, Overflow, Source, Tier, Unmapped,
    UnmappedGoes, catalogue, unmapped, unmapped_list,
};
pub use error::WireError;
pub use frame::{Frame, MAX_FRAME_BYTES, Section};
pub use inventory::{CounterSource, DeviceDescriptor, DeviceKind, Inventory, Part, PortDescriptor, Profile};
pub use metric::{METRICS, Metric, MetricKind, describe_metrics, metric};
pub use neighbor::Neighbor;
pub use port_change::PortChange;
pub use quality::{Quality, QualityFlag};
pub use rows::{EventRow, ExtraRow, StepRow, TableWriter};
pub use schema::{Fingerprint, SchemaCache, TableSchema};
pub use table::Table;

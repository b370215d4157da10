//! Rows as collectors write them and the analyzer reads them.

mod fixed;
mod writer;

pub(crate) use fixed::{EVENT_COLUMNS, EXTRA_COLUMNS, STEP_COLUMNS};
pub use fixed::{EventRow, ExtraRow, StepRow};
pub use writer::TableWriter;

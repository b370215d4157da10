//! The worker's own step log, which the judge alone reads.

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::path::Path;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    pub step: u64,
    /// `train` or `checkpoint`.
    pub kind: String,
    pub start_ns: i64,
    /// End of the compute phase.
    pub computed_ns: i64,
    pub end_ns: i64,
}

pub struct StepLog(csv::Writer<File>);

impl StepLog {
    pub fn create(path: &Path) -> Result<Self> {
        Ok(Self(csv::Writer::from_path(path).with_context(|| path.display().to_string())?))
    }

    pub fn write(&mut self, step: &Step) -> Result<()> {
        self.0.serialize(step)?;
        Ok(self.0.flush()?)
    }
}

/// All whole rows so far; a row still being written is left out.
pub fn read(path: &Path) -> Result<Vec<Step>> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let whole = text.rfind('\n').map_or("", |end| &text[..=end]);
    csv::Reader::from_reader(whole.as_bytes())
        .deserialize()
        .collect::<Result<_, _>>()
        .with_context(|| path.display().to_string())
}

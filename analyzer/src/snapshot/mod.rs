//! The judge's snapshot on disk, for whoever runs an engine: the live analyzer and `weft replay`.
//!
//! What the bytes of the engine hold, and how they are found again under another plan, is the judge's own matter.

pub mod file;

pub use file::About;

use std::io;
use std::path::Path;
use weft_judge::engine::{Engine, EngineConfig, SnapshotError};
use weft_wire::plan::Plan;

#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    #[error("{0}")]
    File(#[from] io::Error),
    #[error("{0}")]
    Snapshot(#[from] SnapshotError),
    #[error("it is of a time that is yet to come: a clock was wrong when it was written")]
    ToCome,
}

/// The engine of a file, and what that stands for; `None` when there is no such file.
pub fn restore(path: &Path, plan: &Plan, config: &EngineConfig) -> Result<Option<(About, Engine)>, RestoreError> {
    let Some((about, bytes)) = file::read(path)? else { return Ok(None) };
    Ok(Some((about, Engine::restore(plan, config, &bytes)?)))
}

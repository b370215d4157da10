//! What the intake's thread changes, and readers ask under its lock.

use crate::ingest::Ingest;
use weft_judge::engine::Engine;

#[derive(Debug)]
pub(crate) struct Core {
    pub ingest: Ingest,
    pub engine: Engine,
    /// How often the engine has gone on under another plan: under each, ports have other ids.
    pub plan_changes: u64,
}

//! The span of a trace that is judged, and what the judge remembers at its two ends.
//!
//! ```text
//! weft replay T --out first --until 60 --snapshot S     judges seconds 0 to 60, and writes S
//! weft replay T --out second --resume S                 begins with S, leaves seconds 0 to 60, judges the rest
//! ```
//! Together the two say what one replay of the whole says: facts one after the other, and of an incident that both know
//! the second says more.

use super::report::ReplayError;
use crate::ingest::Ingest;
use crate::snapshot::{self, About, RestoreError, file};
use std::path::PathBuf;
use weft_judge::engine::{Engine, EngineConfig};
use weft_judge::fabric::Tick;
use weft_wire::plan::Plan;

#[derive(Clone, Debug, Default, clap::Args)]
pub struct Span {
    /// Judge the first so many seconds of event time, and no more.
    #[arg(long, value_name = "SECONDS", conflicts_with = "to")]
    pub until: Option<f64>,
    /// At the end, write what the judge remembers to this file.
    #[arg(long, value_name = "FILE", conflicts_with = "to")]
    pub snapshot: Option<PathBuf>,
    /// Begin with what the judge remembers in this file; what it has judged is not judged again.
    #[arg(long, value_name = "FILE", conflicts_with = "to")]
    pub resume: Option<PathBuf>,
}

impl Span {
    /// The engine that the span begins with.
    pub fn begin(&self, plan: &Plan, config: EngineConfig) -> Result<Engine, ReplayError> {
        let Some(path) = &self.resume else { return Ok(Engine::new(plan.clone(), config)) };
        let failed = |source| ReplayError::Snapshot { path: path.clone(), source };
        let absent = || failed(RestoreError::File(std::io::ErrorKind::NotFound.into()));
        let (_, engine) = snapshot::restore(path, plan, &config).map_err(failed)?.ok_or_else(absent)?;
        Ok(engine)
    }

    /// Whether a tick lies within the span, given the start of the trace's first.
    pub fn holds(&self, tick: &Tick, first_ns: i64) -> bool {
        let until_ns = self.until.map_or(i64::MAX, |seconds| (seconds * 1e9) as i64);
        tick.end_ns <= first_ns.saturating_add(until_ns)
    }

    /// Writes the snapshot that was asked for.
    pub fn end(&self, engine: &Engine, ingest: &Ingest) -> Result<(), ReplayError> {
        let (Some(path), Some(tick)) = (&self.snapshot, engine.judged()) else { return Ok(()) };
        let about = About { tick, ..About::default() };
        let written = file::write(path, &about, &engine.snapshot(ingest.entities()));
        written.map(drop).map_err(|source| ReplayError::Out { path: path.clone(), source })
    }
}

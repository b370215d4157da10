//! The whole state of the judge as bytes, so that a restart forgets nothing.
//!
//! ```text
//! Engine ─► snapshot ─► bytes (whoever runs the engine keeps them) ─► restore ─► Engine
//! ```
//! The bytes hold what the features remember (rings, rates, baselines, last readings of all counters) and the cases of
//! diagnosis. Everything in them is found by its name (`features/saved`), for another process numbers its parts in
//! another order. What is not in them comes from the plan again: who is cabled to whom, and who works for which job.
//!
//! An engine that was restored has judged all ticks up to that of its snapshot. Whoever runs it may give it these ticks
//! again, as an analyzer does that reads the minutes before its restart once more: it leaves them (`rebuilt.rs`).

mod header;
#[cfg(test)]
mod layout;
mod rebuilt;
#[cfg(test)]
mod tests;

pub use rebuilt::Rebuilt;

use super::{Engine, EngineConfig, reads};
use crate::detect::DETECTORS;
use crate::diagnose::Diagnosis;
use crate::fabric::EntityTable;
use crate::features::Saved;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use weft_wire::plan::Plan;

/// Of the content. To be raised with every change of a type that is written: a snapshot has no field names, so an old one
/// would be misread. A test compares the layout with `layout.txt` and fails when it has changed.
const VERSION: u32 = 9;

#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SnapshotError {
    #[error("this is no snapshot of a judge")]
    Foreign,
    #[error("it has version {found}, this build reads {read}")]
    Version { found: u32, read: u32 },
    #[error("it is cut off or too long: it says {length} bytes, and has {found}")]
    Torn { length: u64, found: u64 },
    #[error("its checksum does not fit its content")]
    Damaged,
    #[error("its content cannot be read: {0}")]
    Content(postcard::Error),
    #[error("its content contradicts itself")]
    Contradiction,
    #[error("its ticks are {found} ns long, here they are {here} ns")]
    Ticks { found: i64, here: i64 },
}

#[derive(Debug, Serialize, Deserialize)]
struct Content<'a> {
    features: Saved<'a>,
    diagnosis: Cow<'a, Diagnosis>,
}

impl Engine {
    /// The state as it stands after the last tick. `entities` is the table that the ticks were judged with. What
    /// that costs stands in docs/benchmarks.md.
    pub fn snapshot(&self, entities: &EntityTable) -> Vec<u8> {
        let content = self.content(entities);
        // Writing to memory fails for types alone that have no length, which none here is.
        let written = postcard::to_extend(&content, header::open()).expect("all types written have a length");
        header::seal(written, VERSION)
    }

    fn content(&self, entities: &EntityTable) -> Content<'_> {
        Content { features: self.features.saved(entities), diagnosis: Cow::Borrowed(&self.diagnosis) }
    }

    /// An engine that goes on where the one of the snapshot stood, in a fabric of this plan.
    pub fn restore(plan: &Plan, config: &EngineConfig, snapshot: &[u8]) -> Result<Engine, SnapshotError> {
        let content = header::content(snapshot, VERSION)?;
        let Content { features, diagnosis } = postcard::from_bytes(content).map_err(SnapshotError::Content)?;
        if features.tick_ns() != config.tick_ns {
            return Err(SnapshotError::Ticks { found: features.tick_ns(), here: config.tick_ns });
        }
        let mut features = features.restored(plan).ok_or(SnapshotError::Contradiction)?;
        features.ask(reads(DETECTORS));
        features.false_alarms = config.false_alarms;
        let diagnosis = diagnosis.into_owned().known_in(&features.topology);
        let rebuilt = Rebuilt::through(features.tick);
        Ok(Engine { features, diagnosis, detectors: DETECTORS, write: config.write, rebuilt })
    }

    /// Index of the last tick that was judged; `None` before the first.
    pub fn judged(&self) -> Option<i64> {
        (self.features.tick > i64::MIN).then_some(self.features.tick)
    }
}

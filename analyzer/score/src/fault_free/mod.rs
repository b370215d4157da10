//! What traces without any fault show: how often detectors' evidence rises by chance, and how often somebody is accused.
//!
//! ```text
//! trace ─► judge ─► Shard: node-days, false incidents, a Tail a detector ─► kept as a file
//! shards ─────────► FaultFree: all of them added up ─► table, JSON
//! ```

mod table;
mod tail;

pub use table::fault_free_table;
pub use tail::{LEVELS, Tail};

use crate::figures::FalseRate;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What one trace showed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shard {
    pub trace: String,
    /// The version of weft that judged it.
    pub weft: String,
    /// False alarms that were allowed in a day.
    pub allowed: f64,
    pub node_days: f64,
    /// Labels of the incidents that accuse somebody.
    pub r#false: Vec<String>,
    /// By detector.
    pub tails: BTreeMap<String, Tail>,
}

/// What all traces showed.
#[derive(Clone, Debug, Serialize)]
pub struct FaultFree {
    pub traces: usize,
    pub false_rate: FalseRate,
    /// Trace and label of each false incident.
    pub r#false: Vec<(String, String)>,
    pub tails: BTreeMap<String, Tail>,
}

impl FaultFree {
    pub fn of(shards: &[Shard]) -> FaultFree {
        let labels = |shard: &Shard| shard.r#false.iter().map(|label| (shard.trace.clone(), label.clone())).collect();
        let r#false: Vec<(String, String)> = shards.iter().flat_map(|shard| -> Vec<_> { labels(shard) }).collect();
        let mut tails: BTreeMap<String, Tail> = BTreeMap::new();
        for (detector, tail) in shards.iter().flat_map(|shard| &shard.tails) {
            tails.entry(detector.clone()).or_default().join(tail);
        }
        let node_days = shards.iter().map(|shard| shard.node_days).sum();
        FaultFree { traces: shards.len(), false_rate: FalseRate::new(r#false.len(), node_days), r#false, tails }
    }

    /// Nobody was accused, and no evidence rose more often than by chance.
    pub fn is_good(&self) -> bool {
        self.r#false.is_empty()
            && self.tails.values().all(|tail| !(0..LEVELS.len()).any(|level| tail.is_exceeded(level)))
    }
}

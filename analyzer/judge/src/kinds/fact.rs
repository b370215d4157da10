//! Facts: what a detector saw, before anyone says what it means.

use crate::fabric::PortRef;
use serde::{Deserialize, Serialize};

/// One observation about one entity, from one detector, at one tick.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Fact {
    /// Event time of the tick (or link event) that gave it.
    pub ts_ns: i64,
    /// Stable snake_case name, owned by one detector: `link_down`, `conservation_loss`, `late_onset`, …
    pub kind: &'static str,
    #[serde(flatten)]
    pub at: PortRef,
    /// When the condition began, event time.
    pub since_ns: i64,
    /// 0 to 1: how far beyond its threshold.
    pub strength: f64,
    pub evidence: Evidence,
}

/// The number behind a fact, and what it was compared with.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// The counter or quantity: a catalogue name, or a derived one such as `onset_lateness`.
    pub counter: String,
    pub value: f64,
    pub unit: String,
    /// What `value` was compared with …
    pub reference: f64,
    /// … and whose it is: `plan`, `peers`, `itself before`, `far end`.
    pub reference_of: String,
}

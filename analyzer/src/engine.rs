//! The engine: closed ticks in, facts and incidents out. Pure: no clock, no IO, so the same ticks give the same bytes.
//!
//! ```text
//! Tick ─► model (rates, features) ─► detect (facts) ─► diagnose (incidents, transitions)
//! ```

use crate::fact::Fact;
use crate::incident::Incident;
use crate::inventory::EntityTable;
use crate::plan::Plan;
use crate::tick::{LinkEvent, Tick};

/// What one tick changed.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    pub facts: Vec<Fact>,
    /// Incidents that are new or changed, whole, as they now stand; in a stable order.
    pub incidents: Vec<Incident>,
}

#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// Length of a tick, ns.
    pub tick_ns: i64,
}

#[derive(Debug)]
pub struct Engine {}

impl Engine {
    pub fn new(_plan: Plan, _config: EngineConfig) -> Engine {
        Engine {}
    }

    /// Ticks must come in order of index; a missing index is a tick nobody told of.
    pub fn on_tick(&mut self, _tick: &Tick, _entities: &EntityTable) -> Outcome {
        Outcome::default()
    }

    /// The incidents a link event would open or change, said at once; nothing is remembered. The tick that holds the
    /// event will say the same with the same id.
    pub fn preview(&self, _event: &LinkEvent, _entities: &EntityTable) -> Vec<Incident> {
        Vec::new()
    }
}

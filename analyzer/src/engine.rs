//! The engine: closed ticks in, facts and incidents out. Pure: no clock, no IO, so the same ticks give the same bytes.
//!
//! ```text
//! Tick ─► model (rates, features) ─► detect (facts) ─► diagnose (incidents, transitions)
//! ```

use crate::detect::{DETECTORS, FactKind, Place, Presence, Sink, down_evidence, flap_evidence};
use crate::diagnose::{Diagnosis, facts};
use crate::fact::Fact;
use crate::incident::Incident;
use crate::inventory::EntityTable;
use crate::model::Model;
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
pub struct Engine {
    model: Model,
    diagnosis: Diagnosis,
}

impl Engine {
    pub fn new(plan: Plan, config: EngineConfig) -> Engine {
        Engine { model: Model::new(&plan, config.tick_ns), diagnosis: Diagnosis::default() }
    }

    /// Ticks must come in order of index; a missing index is a tick nobody told of.
    pub fn on_tick(&mut self, tick: &Tick, entities: &EntityTable) -> Outcome {
        self.model.update(tick, entities);
        let watched = self.diagnosis.watched();
        let mut sink = Sink::new(&watched);
        for detect in DETECTORS {
            detect(&self.model, &mut sink);
        }
        let facts = facts(&self.model, &sink.present);
        let incidents = self.diagnosis.step(&mut self.model, sink);
        Outcome { facts, incidents }
    }

    /// The incident a link event would open or rename, said at once; nothing is remembered. The tick that holds the event
    /// says the same with the same id, unless more is told of it: whoever tells a preview must be ready to take it back.
    pub fn preview(&self, event: &LinkEvent) -> Vec<Incident> {
        let Some(port) = self.model.topology.find_port(&event.device, &event.port) else { return Vec::new() };
        let link = &self.model.ports[port].link;
        if event.event != "link_down" || link.up != Some(true) || event.ts_ns < link.since_ns {
            return Vec::new();
        }
        if self.model.topology.far(port).is_some_and(|far| self.model.ports[far].link.is_admin_down()) {
            return Vec::new();
        }
        let place = self.model.topology.ports[port].cable.map_or(Place::Port(port), Place::Cable);
        let downs = link.downs.iter().filter(|&&t| t > event.ts_ns - crate::model::FLAP_MEMORY_NS).count();
        let kind = if downs > 0 { FactKind::LinkFlap } else { FactKind::LinkDown };
        let evidence = if downs > 0 { flap_evidence(downs + 1) } else { down_evidence() };
        let presence = Presence {
            since_ns: event.ts_ns,
            until_ns: None,
            port: Some(port),
            one_sided: false,
            strength: 1.0,
            evidence,
            job: None,
        };
        self.diagnosis.preview(&self.model, kind, place, presence).into_iter().collect()
    }

    pub fn model(&self) -> &Model {
        &self.model
    }
}

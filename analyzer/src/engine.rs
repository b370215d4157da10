//! The engine: closed ticks in, facts and incidents out. Pure: no clock, no IO, so the same ticks give the same bytes.
//!
//! ```text
//! Tick ─► model (rates, features) ─► detect (facts) ─► diagnose (incidents, transitions)
//! ```
//! Each of these is guarded. What fails, or looks at more than its budget, is dropped for the tick, with the state it
//! rests on; the outcome says so, and the others say what they have to say:
//!
//! | dropped | begins anew |
//! |---|---|
//! | a detector | what it remembers of the place it was looking at; of all places when it is over its budget |
//! | `model` | all that is remembered of ports, cables, jobs and devices; who is cabled to whom stays. The tick is not judged |
//! | `diagnosis` | all cases: open incidents are resolved, with the reason |

use crate::detect::{
    DETECTORS, Detector, FactKind, Place, Presence, Sink, Spot, Watched, down_evidence, flap_evidence,
};
use crate::diagnose::{Diagnosis, facts};
use crate::fact::Fact;
use crate::guard::{Dropped, Reason, Stopped, guarded};
use crate::incident::Incident;
use crate::inventory::EntityTable;
use crate::model::Model;
use crate::plan::Plan;
use crate::tick::{LinkEvent, Tick, is_time};

/// What one tick changed.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    pub facts: Vec<Fact>,
    /// Incidents that are new or changed, whole, as they now stand; in a stable order.
    pub incidents: Vec<Incident>,
    /// What failed, and said nothing of this tick.
    pub dropped: Vec<Dropped>,
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
    detectors: &'static [Detector],
}

impl Engine {
    pub fn new(plan: Plan, config: EngineConfig) -> Engine {
        Engine::with_detectors(plan, config, &DETECTORS)
    }

    pub fn with_detectors(plan: Plan, config: EngineConfig, detectors: &'static [Detector]) -> Engine {
        Engine { model: Model::new(&plan, config.tick_ns), diagnosis: Diagnosis::default(), detectors }
    }

    /// Ticks come in order of index; a missing index is a tick nobody told of. One that is not above the last shows that
    /// the data's clock was set back: the engine begins anew. One that lies outside all times is not judged.
    pub fn on_tick(&mut self, tick: &Tick, entities: &EntityTable) -> Outcome {
        let mut outcome = Outcome::default();
        if ![tick.start_ns, tick.end_ns, tick.index.saturating_mul(self.model.tick_ns)].into_iter().all(is_time) {
            return outcome;
        }
        if tick.index <= self.model.tick {
            outcome.incidents = self.diagnosis.abandon(&self.model, "the clock of the data was set back");
            self.model.begin_anew();
        }
        match guarded(|| self.model.update(tick, entities)) {
            Ok(()) => self.judge(&mut outcome),
            Err(stopped) => {
                self.model.begin_anew();
                outcome.dropped.push(Dropped::new("model", stopped));
            }
        }
        outcome
    }

    fn judge(&mut self, outcome: &mut Outcome) {
        let watched = guarded(|| self.diagnosis.watched()).unwrap_or_default();
        let mut said = Sink::new(&watched, 0);
        let mut failed = Vec::new();
        for detector in self.detectors {
            match self.ask(detector, &watched) {
                Ok(own) => said.join(own),
                Err(failure) => failed.push((detector, failure)),
            }
        }
        for (detector, (stopped, spot)) in failed {
            let spot = spot.filter(|_| stopped.reason == Reason::Panic);
            (detector.forget)(&mut self.model, spot);
            outcome.dropped.push(Dropped::new(detector.name, stopped));
        }
        let diagnosed = guarded(|| (facts(&self.model, &said.present), self.diagnosis.step(&mut self.model, said)));
        match diagnosed {
            Ok((facts, incidents)) => {
                outcome.facts = facts;
                outcome.incidents.extend(incidents);
            }
            Err(stopped) => {
                outcome.incidents.extend(self.diagnosis.abandon(&self.model, "weft failed at it, and judges anew"));
                outcome.dropped.push(Dropped::new("diagnosis", stopped));
            }
        }
    }

    /// What a detector says, or how it failed and where it was looking.
    fn ask<'a>(&self, detector: &Detector, watched: &'a Watched) -> Result<Sink<'a>, (Stopped, Option<Spot>)> {
        let mut sink = Sink::new(watched, self.model.budget());
        match guarded(|| (detector.detect)(&self.model, &mut sink)) {
            Ok(()) => Ok(sink),
            Err(stopped) => Err((stopped, sink.spot())),
        }
    }

    /// The incident a link event would open or rename, said at once; nothing is remembered. The tick that holds the event
    /// says the same with the same id, unless more is told of it: whoever tells a preview must be ready to take it back.
    pub fn preview(&self, event: &LinkEvent) -> Vec<Incident> {
        guarded(|| self.foresee(event)).unwrap_or_default().into_iter().collect()
    }

    fn foresee(&self, event: &LinkEvent) -> Option<Incident> {
        let port = self.model.topology.find_port(&event.device, &event.port)?;
        let link = &self.model.ports[port].link;
        if event.event != "link_down" || link.up != Some(true) || event.ts_ns < link.since_ns {
            return None;
        }
        if self.model.topology.far(port).is_some_and(|far| self.model.ports[far].link.is_admin_down()) {
            return None;
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
        self.diagnosis.preview(&self.model, kind, place, presence)
    }

    pub fn model(&self) -> &Model {
        &self.model
    }
}

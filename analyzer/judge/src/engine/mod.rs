//! The engine: closed ticks in, facts and incidents out. Pure: no clock, no IO, so the same ticks give the same bytes.
//!
//! ```text
//! Tick ─► features (rates, features) ─► detect (facts) ─► diagnose (incidents, transitions)
//! ```
//! Each of these is guarded. What fails, or looks at more than its budget, is dropped for the tick, with the state it
//! rests on; the outcome says so, and the others say what they have to say:
//!
//! | dropped | begins anew |
//! |---|---|
//! | a detector | what it remembers of the place it was looking at; of all places when it is over its budget |
//! | `features` | all that is remembered of ports, cables, jobs and devices; who is cabled to whom stays. The tick is not judged |
//! | `diagnosis` | all cases: open incidents are resolved, with the reason |

pub mod guard;
#[cfg(test)]
mod guard_tests;
#[cfg(test)]
mod link_tests;
#[cfg(test)]
mod stale_tests;
#[cfg(test)]
mod tests;

use crate::detect::{
    DETECTORS, Detector, FactKind, Place, Presence, Sink, Spot, Watched, down_evidence, flap_evidence,
};
use crate::diagnose::{Diagnosis, facts};
use crate::engine::guard::{Dropped, Reason, Stopped, guarded};
use crate::fabric::EntityTable;
use crate::fabric::{LinkEvent, Tick, is_time};
use crate::features::Features;
use crate::incident::Incident;
use crate::kinds::Fact;
use weft_wire::plan::Plan;

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
    features: Features,
    diagnosis: Diagnosis,
    detectors: &'static [Detector],
}

impl Engine {
    pub fn new(plan: Plan, config: EngineConfig) -> Engine {
        Engine::with_detectors(plan, config, &DETECTORS)
    }

    pub fn with_detectors(plan: Plan, config: EngineConfig, detectors: &'static [Detector]) -> Engine {
        Engine { features: Features::new(&plan, config.tick_ns), diagnosis: Diagnosis::default(), detectors }
    }

    /// Ticks come in order of index; a missing index is a tick nobody told of. One that is not above the last shows that
    /// the data's clock was set back: the engine begins anew. One that lies outside all times is not judged.
    pub fn on_tick(&mut self, tick: &Tick, entities: &EntityTable) -> Outcome {
        let mut outcome = Outcome::default();
        if ![tick.start_ns, tick.end_ns, tick.index.saturating_mul(self.features.tick_ns)].into_iter().all(is_time) {
            return outcome;
        }
        if tick.index <= self.features.tick {
            outcome.incidents = self.diagnosis.abandon(&self.features, "the clock of the data was set back");
            self.features.begin_anew();
        }
        match guarded(|| self.features.update(tick, entities)) {
            Ok(()) => self.judge(&mut outcome),
            Err(stopped) => {
                self.features.begin_anew();
                outcome.dropped.push(Dropped::new("features", stopped));
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
            (detector.forget)(&mut self.features, spot);
            outcome.dropped.push(Dropped::new(detector.name, stopped));
        }
        let diagnosed =
            guarded(|| (facts(&self.features, &said.present), self.diagnosis.step(&mut self.features, said)));
        match diagnosed {
            Ok((facts, incidents)) => {
                outcome.facts = facts;
                outcome.incidents.extend(incidents);
            }
            Err(stopped) => {
                outcome.incidents.extend(self.diagnosis.abandon(&self.features, "weft failed at it, and judges anew"));
                outcome.dropped.push(Dropped::new("diagnosis", stopped));
            }
        }
    }

    /// What a detector says, or how it failed and where it was looking.
    fn ask<'a>(&self, detector: &Detector, watched: &'a Watched) -> Result<Sink<'a>, (Stopped, Option<Spot>)> {
        let mut sink = Sink::new(watched, self.features.budget());
        match guarded(|| (detector.detect)(&self.features, &mut sink)) {
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
        let port = self.features.topology.find_port(&event.device, &event.port)?;
        let link = &self.features.ports[port].link;
        if event.event != "link_down" || link.up != Some(true) || event.ts_ns < link.since_ns {
            return None;
        }
        if self.features.topology.far(port).is_some_and(|far| self.features.ports[far].link.is_admin_down()) {
            return None;
        }
        let place = self.features.topology.ports[port].cable.map_or(Place::Port(port), Place::Cable);
        let downs = link.downs_within(crate::features::FLAP_MEMORY_NS, event.ts_ns);
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
        self.diagnosis.preview(&self.features, kind, place, presence)
    }

    pub fn features(&self) -> &Features {
        &self.features
    }
}

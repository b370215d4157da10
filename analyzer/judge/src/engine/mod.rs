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

#[cfg(test)]
mod dark_tests;
#[cfg(test)]
mod error_tests;
#[cfg(test)]
mod gpu_tests;
#[cfg(test)]
mod guard_tests;
#[cfg(test)]
mod hang_tests;
#[cfg(test)]
mod hold_tests;
#[cfg(test)]
mod link_tests;
#[cfg(test)]
mod loss_tests;
#[cfg(test)]
mod maintenance_tests;
#[cfg(test)]
mod pause_tests;
#[cfg(test)]
mod queue_tests;
mod replan;
mod snapshot;
#[cfg(test)]
mod stale_tests;
#[cfg(test)]
mod tests;

use crate::detect::{DETECTORS, Detector, Said, Sink, Spot, Watch, foresee};
use crate::diagnose::{Diagnosis, WriteQuery};
use crate::fabric::{EntityTable, LinkEvent, Tick, is_time};
use crate::features::{FALSE_ALARMS, Features, Read};
use crate::guard::{Dropped, Reason, Stopped, guarded};
use crate::incident::{Incident, Kind};
use crate::kinds::Fact;
use snapshot::Rebuilt;
pub use snapshot::SnapshotError;
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
    /// Writes the queries that incidents carry as evidence.
    pub write: WriteQuery,
    /// False alarms that the site allows in a day.
    pub false_alarms: f64,
}

impl EngineConfig {
    /// As many false alarms as usual. For those who keep no rows: the queries of incidents are left empty.
    pub fn of_tick(tick_ns: i64) -> EngineConfig {
        EngineConfig { tick_ns, write: |_| String::new(), false_alarms: FALSE_ALARMS }
    }
}

/// The counters that these detectors read.
fn reads(detectors: &'static [Detector]) -> impl Iterator<Item = Read> {
    detectors.iter().flat_map(|detector| detector.reads).copied()
}

#[derive(Debug)]
pub struct Engine {
    features: Features,
    diagnosis: Diagnosis,
    detectors: &'static [Detector],
    write: WriteQuery,
    rebuilt: Rebuilt,
}

impl Engine {
    pub fn new(plan: Plan, config: EngineConfig) -> Engine {
        Engine::with_detectors(plan, config, DETECTORS)
    }

    pub fn with_detectors(plan: Plan, config: EngineConfig, detectors: &'static [Detector]) -> Engine {
        let mut features = Features::new(&plan, config.tick_ns);
        features.ask(reads(detectors));
        features.false_alarms = config.false_alarms;
        let (diagnosis, rebuilt) = (Diagnosis::default(), Rebuilt::default());
        Engine { features, diagnosis, detectors, write: config.write, rebuilt }
    }

    /// Ticks come in order of index; a missing index is a tick nobody told of. One that is not above the last shows that
    /// the data's clock was set back: the engine begins anew. One that lies outside all times is not judged.
    pub fn on_tick(&mut self, tick: &Tick, entities: &EntityTable) -> Outcome {
        let mut outcome = Outcome::default();
        if ![tick.start_ns, tick.end_ns, tick.index.saturating_mul(self.features.tick_ns)].into_iter().all(is_time) {
            return outcome;
        }
        if self.rebuilt.holds(tick.index) {
            return outcome;
        }
        if tick.index <= self.features.tick {
            outcome.incidents = self.abandon("the clock of the data was set back");
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
        let open = guarded(|| self.diagnosis.open()).unwrap_or_default();
        let watch = guarded(|| Watch::new(&open, &self.features)).unwrap_or_default();
        let (mut said, mut failed) = (Said::default(), Vec::new());
        for detector in self.detectors {
            match self.ask(detector, &watch) {
                Ok(own) => said.join(own),
                Err(failure) => failed.push((detector, failure)),
            }
        }
        for (detector, (stopped, spot)) in failed {
            let spot = spot.filter(|_| stopped.reason == Reason::Panic);
            (detector.forget)(&mut self.features, spot);
            outcome.dropped.push(Dropped::new(detector.name, stopped));
        }
        // That work is in force is said in every tick, and is no observation.
        let observed = |fact: &&Fact| fact.kind().class().kind != Kind::Benign;
        outcome.facts = said.facts.iter().filter(observed).cloned().collect();
        match guarded(|| self.diagnosis.step(&self.features, &open, said, self.write)) {
            Ok(incidents) => outcome.incidents.extend(incidents),
            Err(stopped) => {
                outcome.facts.clear();
                outcome.incidents.extend(self.abandon("weft failed at it, and judges anew"));
                outcome.dropped.push(Dropped::new("diagnosis", stopped));
            }
        }
    }

    fn abandon(&mut self, reason: &str) -> Vec<Incident> {
        self.diagnosis.abandon(&self.features, reason, self.write)
    }

    /// What a detector says, or how it failed and where it was looking.
    fn ask(&self, detector: &Detector, watch: &Watch) -> Result<Said, (Stopped, Option<Spot>)> {
        let mut sink = Sink::new(&self.features, watch);
        match guarded(|| (detector.detect)(&self.features, &mut sink)) {
            Ok(()) => Ok(sink.into_said()),
            Err(stopped) => Err((stopped, sink.spot())),
        }
    }

    /// The incidents that a link event would open or rename, said at once; nothing is remembered. The tick that holds the
    /// event says the same with the same id, unless it shows more: whoever tells a preview must be ready to take it back.
    pub fn preview(&self, event: &LinkEvent) -> Vec<Incident> {
        guarded(|| self.foresee(event)).unwrap_or_default()
    }

    /// The detector of link states, run on a link as the event leaves it.
    fn foresee(&self, event: &LinkEvent) -> Vec<Incident> {
        let port = self.features.topology.find_port(&event.device, &event.port);
        let Some(port) = port.filter(|_| event.event == "link_down") else { return Vec::new() };
        let watch = Watch::new(&self.diagnosis.open(), &self.features);
        let said = foresee(&self.features, &watch, port, event.ts_ns);
        self.diagnosis.preview(&self.features, said, self.write)
    }

    pub fn features(&self) -> &Features {
        &self.features
    }
}

//! What was injected against what weft said, one row a fault.

use serde::Serialize;
use std::collections::BTreeMap;
use weft_analyzer::incident::{Incident, Kind};
use weft_sim::faults::Nature;
use weft_sim::truth::Truth;

/// An incident counts for a fault while it is on and this long after, seconds.
const GRACE_S: f64 = 30.0;

/// One line of `--json`, in the shape of the contracts.
#[derive(Debug, Serialize)]
pub struct Row {
    pub fault: String,
    pub expected: Part,
    pub named: Option<Named>,
    /// From injection to the incident's opening, as the wall clock saw it.
    pub seconds: Option<f64>,
    pub lost_said: Option<f64>,
    pub lost_measured: Option<f64>,
    pub ok: bool,
}

#[derive(Debug, Serialize)]
pub struct Part {
    pub class: String,
    pub device: String,
    pub port: String,
}

#[derive(Debug, Serialize)]
pub struct Named {
    #[serde(flatten)]
    pub part: Part,
    pub confidence: f64,
}

/// Incidents as they were told: the first opening of each, on the simulation's clock, and how it now stands.
#[derive(Debug, Default)]
pub struct Heard {
    opened: BTreeMap<String, (f64, Incident)>,
}

impl Heard {
    /// True when this incident is told open for the first time.
    pub fn tell(&mut self, now_s: f64, incident: &Incident) -> bool {
        if incident.opened_ns.is_none() {
            return false;
        }
        match self.opened.get_mut(&incident.id) {
            Some(known) => {
                known.1 = incident.clone();
                false
            }
            None => self.opened.insert(incident.id.clone(), (now_s, incident.clone())).is_none(),
        }
    }

    /// The verdict on every injected fault that had a culprit.
    pub fn judge(&self, truths: &[Truth]) -> Vec<Row> {
        truths.iter().filter(|t| t.nature != Nature::Benign).map(|t| self.row(t)).collect()
    }

    /// Incidents that accuse what nobody broke.
    pub fn false_accusations(&self, truths: &[Truth]) -> Vec<&Incident> {
        let hardware = self.opened.values().filter(|(_, i)| i.kind == Kind::Hardware);
        hardware.filter(|(at, i)| !truths.iter().any(|t| during(t, *at) && names(t, i))).map(|(_, i)| i).collect()
    }

    fn row(&self, truth: &Truth) -> Row {
        let named = self.opened.values().find(|(at, i)| during(truth, *at) && names(truth, i));
        let class = truth.class.unwrap_or(truth.script_class);
        Row {
            fault: truth.fault.clone(),
            expected: Part { class: class.into(), device: truth.device.clone(), port: truth.port.clone() },
            seconds: named.map(|(at, _)| round(at - truth.begin)),
            lost_said: named.and_then(|(_, i)| i.jobs.iter().filter_map(|j| j.lost_step_time).max_by(f64::total_cmp)),
            lost_measured: truth.step_loss.map(round),
            ok: named.is_some_and(|(_, i)| i.class == class),
            named: named.map(|(_, i)| Named {
                part: Part {
                    class: i.class.clone(),
                    device: i.culprits[0].device.clone(),
                    port: i.culprits[0].port.clone(),
                },
                confidence: i.confidence,
            }),
        }
    }
}

fn during(truth: &Truth, at_s: f64) -> bool {
    truth.begin <= at_s && at_s <= truth.end + GRACE_S
}

/// A cable is named by either end, a device by any of its ports.
fn names(truth: &Truth, incident: &Incident) -> bool {
    let Some(culprit) = incident.culprits.first() else { return false };
    let named = (culprit.device.as_str(), culprit.port.as_str());
    let ends = [(truth.device.as_str(), truth.port.as_str()), (truth.peer_device.as_str(), truth.peer_port.as_str())];
    if truth.port.is_empty() { named.0 == truth.device } else { ends.contains(&named) }
}

fn round(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}

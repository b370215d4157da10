//! What was done to the fabric against what weft said of it.
//!
//! A fault is named right when an open incident of its class family has its part (either end of a cable) as first
//! culprit, opened while the fault was on or soon after. Every other open incident is an accusation of the innocent, even
//! if it was taken back later.

use std::collections::BTreeMap;
use weft_judge::incident::{Incident, Kind, State};
use weft_sim::faults::Nature;
use weft_sim::live::Progress;
use weft_sim::truth::Truth;
use weft_trace::Family;

/// A verdict may come this long after the end of its fault, seconds.
const LATE_S: f64 = 10.0;
/// A verdict that takes longer is not right, seconds from the injection.
const SOON_S: f64 = 10.0;
/// Clocks of the fabric differ by less, seconds.
const EARLY_S: f64 = 1.0;
/// What weft says of the loss is taken until so long after the end of a fault, seconds.
const LOSS_LATE_S: f64 = 1.0;

#[derive(Clone, Debug, PartialEq)]
pub struct Named {
    pub class: String,
    pub device: String,
    pub port: String,
    pub confidence: f64,
    pub sentence: String,
    /// From injection until the verdict was heard.
    pub seconds: f64,
    pub lost_said: Option<f64>,
}

/// An open incident that no fault explains, once a class and part.
#[derive(Clone, Debug, PartialEq)]
pub struct Accusation {
    pub class: String,
    pub device: String,
    pub port: String,
    pub confidence: f64,
    pub sentence: String,
    /// Seconds since the start.
    pub at_s: f64,
}

#[derive(Debug)]
pub struct Ledger {
    start_ns: i64,
    pub truths: Vec<Truth>,
    /// By index of the truth.
    pub named: BTreeMap<usize, Named>,
    pub accusations: Vec<Accusation>,
    pub dropped: u64,
}

impl Ledger {
    pub fn new(start_ns: i64) -> Ledger {
        Ledger { start_ns, truths: Vec::new(), named: BTreeMap::new(), accusations: Vec::new(), dropped: 0 }
    }

    pub fn learn(&mut self, progress: &Progress) {
        self.truths.clone_from(&progress.truths);
        self.dropped = progress.dropped;
    }

    pub fn last_end_s(&self) -> f64 {
        self.truths.iter().map(|t| t.end).fold(0.0, f64::max)
    }

    fn since_start_s(&self, ns: i64) -> f64 {
        (ns - self.start_ns) as f64 / 1e9
    }

    /// One update of an incident, heard at `now_ns` by the wall clock.
    pub fn hear(&mut self, incident: &Incident, now_ns: i64) {
        let accuses = !matches!(incident.kind, Kind::Benign | Kind::Job);
        let Some(opened_ns) = incident.opened_ns.filter(|_| accuses) else { return };
        let opened_s = self.since_start_s(opened_ns);
        match self.truths.iter().position(|truth| explains(truth, incident, opened_s)) {
            Some(truth) => self.note(truth, incident, self.since_start_s(now_ns)),
            None if incident.state != State::Resolved => self.accuse(incident, opened_s),
            None => {}
        }
    }

    fn note(&mut self, truth: usize, incident: &Incident, heard_s: f64) {
        let (begin, end, job) = (self.truths[truth].begin, self.truths[truth].end, &self.truths[truth].job);
        let said = lost_said(incident, job).filter(|_| heard_s <= end + LOSS_LATE_S);
        let culprit = incident.culprits.first();
        let named = self.named.entry(truth).or_insert_with(|| Named {
            class: String::new(),
            device: culprit.map_or(String::new(), |c| c.device.clone()),
            port: culprit.map_or(String::new(), |c| c.port.clone()),
            confidence: 0.0,
            sentence: String::new(),
            seconds: heard_s - begin,
            lost_said: None,
        });
        if incident.state != State::Resolved {
            named.class.clone_from(&incident.class);
            named.sentence.clone_from(&incident.sentence);
            named.confidence = culprit.map_or(0.0, |c| c.confidence);
            named.lost_said = said.or(named.lost_said);
        }
    }

    fn accuse(&mut self, incident: &Incident, at_s: f64) {
        let culprit = incident.culprits.first();
        let device = culprit.map_or(String::new(), |c| c.device.clone());
        let port = culprit.map_or(String::new(), |c| c.port.clone());
        let same = |a: &Accusation| a.class == incident.class && a.device == device && a.port == port;
        if !self.accusations.iter().any(same) {
            let confidence = culprit.map_or(0.0, |c| c.confidence);
            let (class, sentence) = (incident.class.clone(), incident.sentence.clone());
            self.accusations.push(Accusation { class, device, port, confidence, sentence, at_s });
        }
    }

    /// Named soon, where there is somebody to name.
    pub fn right(&self, truth: usize) -> bool {
        let fault = &self.truths[truth];
        match fault.nature {
            Nature::Hardware | Nature::Data => self.named.get(&truth).is_some_and(|n| n.seconds <= SOON_S),
            Nature::Benign => !self.accusations.iter().any(|a| a.at_s >= fault.begin && a.at_s <= fault.end + LATE_S),
        }
    }

    pub fn all_right(&self) -> bool {
        self.accusations.is_empty() && (0..self.truths.len()).all(|truth| self.right(truth))
    }
}

/// Whether a fault accounts for an open incident: its family, its part, its time.
fn explains(truth: &Truth, incident: &Incident, opened_s: f64) -> bool {
    let Some(culprit) = incident.culprits.first() else { return false };
    let part = match truth.port.is_empty() {
        true => culprit.device == truth.device,
        false => {
            let named = (culprit.device.as_str(), culprit.port.as_str());
            named == (truth.device.as_str(), truth.port.as_str())
                || named == (truth.peer_device.as_str(), truth.peer_port.as_str())
        }
    };
    let timely = opened_s >= truth.begin - EARLY_S && opened_s <= truth.end + LATE_S;
    let family = truth.class.and_then(Family::of).is_some_and(|family| Some(family) == Family::of(&incident.class));
    part && timely && family && truth.nature != Nature::Benign
}

/// What weft says a job lost: the hit job's figure, else the largest.
fn lost_said(incident: &Incident, job: &str) -> Option<f64> {
    let own = incident.jobs.iter().find(|j| j.job == job).and_then(|j| j.lost_step_time);
    own.or_else(|| incident.jobs.iter().filter_map(|j| j.lost_step_time).max_by(f64::total_cmp))
}

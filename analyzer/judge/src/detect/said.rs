//! How detectors say what they see: dense integers in, facts with stable names out.

use super::{Claim, Open, Spot};
use crate::fabric::{DeviceId, InsideId, Job, Part, Place, PortId, PortRef, Topology};
use crate::features::{Disturbed, Features};
use crate::guard::over_budget;
use crate::kinds::{Absence, Fact, FactKind, Payload};
use std::collections::BTreeMap;

/// What detectors said of one tick. This is all that diagnosis learns of the tick.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Said {
    pub facts: Vec<Fact>,
    pub absences: Vec<Absence>,
}

impl Said {
    pub fn join(&mut self, mut other: Said) {
        self.facts.append(&mut other.facts);
        self.absences.append(&mut other.absences);
    }
}

/// What is open, in this process' integers. Parts and jobs that are not known here are left out.
#[derive(Debug, Default)]
pub struct Watch {
    claims: BTreeMap<(FactKind, Place), Claim>,
    over: BTreeMap<(FactKind, Place), i64>,
    /// By job.
    disturbed: Vec<Disturbed>,
}

impl Watch {
    pub fn new(open: &Open, features: &Features) -> Watch {
        let topology = &features.topology;
        let of_job = |job: &Job| open.disturbed.get(&job.name).cloned().unwrap_or_default();
        let disturbed = topology.jobs.iter().map(of_job).collect();
        Watch { claims: here(&open.claims, topology), over: here(&open.over, topology), disturbed }
    }
}

/// The same by places; parts that are not known here are left out.
fn here<T: Copy>(of: &BTreeMap<FactKind, BTreeMap<Part, T>>, topology: &Topology) -> BTreeMap<(FactKind, Place), T> {
    let all = of.iter().flat_map(|(kind, parts)| parts.iter().map(|(part, value)| (*kind, part, *value)));
    all.filter_map(|(kind, part, value)| Some(((kind, topology.place(part)?), value))).collect()
}

/// When and where a condition shows, as a detector knows it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Shows {
    pub since_ns: i64,
    /// The last moment that showed it, where a window still tells of it and that is not now.
    pub until_ns: Option<i64>,
    /// The end of the cable, or the port of the device, that shows it.
    pub port: Option<PortId>,
    /// The cable's other end was looked at too, and is positively well: the trouble is this end's.
    pub one_sided: bool,
    /// 0 to 1.
    pub strength: f64,
    /// The job whose loop showed it, for conditions that are seen through one.
    pub job: Option<usize>,
}

/// Takes what one detector says. That a condition is absent matters only where a case is open: elsewhere it is not kept.
#[derive(Debug)]
pub struct Sink<'a> {
    features: &'a Features,
    watch: &'a Watch,
    ts_ns: i64,
    said: Said,
    /// Readings that may still be looked at, and how many it was allowed.
    left: u64,
    budget: u64,
    spot: Option<Spot>,
}

impl<'a> Sink<'a> {
    pub fn new(features: &'a Features, watch: &'a Watch) -> Sink<'a> {
        Sink::at(features, watch, features.now_ns)
    }

    /// For facts of a moment whose tick has not closed yet.
    pub fn at(features: &'a Features, watch: &'a Watch, ts_ns: i64) -> Sink<'a> {
        Sink { ts_ns, ..Sink::within(features, watch, features.budget()) }
    }

    /// For a detector that may look at so many readings.
    pub fn within(features: &'a Features, watch: &'a Watch, budget: u64) -> Sink<'a> {
        Sink { features, watch, ts_ns: features.now_ns, said: Said::default(), left: budget, budget, spot: None }
    }

    /// From here on it is about this spot, of which so many readings are looked at.
    pub fn look_at(&mut self, spot: Spot, readings: usize) {
        self.spot = Some(spot);
        self.spend(readings);
    }

    /// Ends the detector when it looks at more readings than it may.
    pub fn spend(&mut self, readings: usize) {
        match self.left.checked_sub(readings as u64) {
            Some(left) => self.left = left,
            None => {
                over_budget(format!("more than {} readings to be looked at; the last at {:?}", self.budget, self.spot))
            }
        }
    }

    pub fn spot(&self) -> Option<Spot> {
        self.spot
    }

    pub fn into_said(self) -> Said {
        self.said
    }

    /// The condition is there.
    pub fn present(&mut self, place: Place, shows: Shows, payload: impl Into<Payload>) {
        let topology = &self.features.topology;
        let inside = match place {
            Place::Inside(part) => Some(topology.inside(part).name.clone()),
            _ => None,
        };
        self.say(place, shows.port.map(|port| topology.name(port)).or(inside), shows, payload.into());
    }

    /// The condition of a node is there, and a GPU of it shows it.
    pub fn present_inside(&mut self, place: Place, part: InsideId, shows: Shows, payload: impl Into<Payload>) {
        self.say(place, Some(self.features.topology.inside(part).name.clone()), shows, payload.into());
    }

    fn say(&mut self, place: Place, shown_at: Option<PortRef>, shows: Shows, payload: Payload) {
        let topology = &self.features.topology;
        self.said.facts.push(Fact {
            ts_ns: self.ts_ns,
            part: topology.part(place),
            shown_at,
            since_ns: shows.since_ns,
            until_ns: shows.until_ns,
            one_sided: shows.one_sided,
            strength: shows.strength,
            job: shows.job.map(|job| topology.jobs[job].name.clone()),
            payload,
        });
    }

    /// Looked at, with enough data, and not there.
    pub fn absent(&mut self, kind: FactKind, place: Place) {
        self.say_absent(kind, place, None);
    }

    /// It is over at once, because somebody did something there: the reason, as a person reads it.
    pub fn over(&mut self, kind: FactKind, place: Place, reason: &str) {
        self.say_absent(kind, place, Some(reason.to_owned()));
    }

    fn say_absent(&mut self, kind: FactKind, place: Place, over: Option<String>) {
        if self.watches(kind, place) {
            self.said.absences.push(Absence { kind, part: self.features.topology.part(place), over });
        }
    }

    /// Whether it matters that this is absent.
    pub fn watches(&self, kind: FactKind, place: Place) -> bool {
        self.watch.claims.contains_key(&(kind, place))
    }

    /// What an open case says of it.
    pub fn claimed(&self, kind: FactKind, place: Place) -> Option<Claim> {
        self.watch.claims.get(&(kind, place)).copied()
    }

    /// Since when the condition has been over, where an incident that claimed it was resolved of late.
    pub fn over_since(&self, kind: FactKind, place: Place) -> Option<i64> {
        self.watch.over.get(&(kind, place)).copied()
    }

    /// The places where its absence matters.
    pub fn watched(&self, kind: FactKind) -> impl Iterator<Item = Place> + '_ {
        self.watch.claims.keys().filter(move |(k, _)| *k == kind).map(|(_, place)| *place)
    }

    pub fn watched_devices(&self, kind: FactKind) -> impl Iterator<Item = DeviceId> + '_ {
        self.watched(kind).filter_map(|place| if let Place::Device(device) = place { Some(device) } else { None })
    }

    /// When incidents cost this job time.
    pub fn disturbed(&self, job: usize) -> &'a Disturbed {
        static NEVER: Disturbed = Disturbed { spans: Vec::new() };
        self.watch.disturbed.get(job).unwrap_or(&NEVER)
    }
}

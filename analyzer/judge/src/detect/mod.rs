//! Detectors: each a pure function of the features, each in its own file, each the owner of its kinds of fact.
//!
//! A detector says of a place that its condition is present, or that it is positively absent; where the data does not
//! say, it says nothing, and nothing opens or closes.

pub mod armed;
mod compute_time;
mod conservation;
mod job_over;
mod link_state;
mod onset;
mod reset;
mod service_rate;
mod silence;
mod stalls;

pub use link_state::{down_evidence, flap_evidence, why_over};

use crate::engine::guard::over_budget;
use crate::fabric::{Cable, CableId, DeviceId, PortId};
use crate::features::Features;
use crate::kinds::Evidence;
use std::collections::{BTreeMap, BTreeSet};

/// One detector. It says where it looks, and how many readings it looks at, by [`Sink::look_at`] and [`Sink::spend`].
#[derive(Debug)]
pub struct Detector {
    pub name: &'static str,
    pub detect: fn(&Features, &mut Sink<'_>),
    /// Takes out of the features what this detector rests on: of the spot it failed at, or of all.
    pub forget: fn(&mut Features, Option<Spot>),
}

/// All detectors, in the order their facts are written.
pub static DETECTORS: [Detector; 9] = [
    Detector { name: "link_state", detect: link_state::detect, forget: link_state::forget },
    Detector { name: "conservation", detect: conservation::detect, forget: conservation::forget },
    Detector { name: "service_rate", detect: service_rate::detect, forget: service_rate::forget },
    Detector { name: "compute_time", detect: compute_time::detect, forget: compute_time::forget },
    Detector { name: "onset", detect: onset::detect, forget: onset::forget },
    Detector { name: "stalls", detect: stalls::detect, forget: stalls::forget },
    Detector { name: "job_over", detect: job_over::detect, forget: remembers_nothing },
    Detector { name: "silence", detect: silence::detect, forget: silence::forget },
    Detector { name: "reset", detect: reset::detect, forget: reset::forget },
];

/// Where a detector looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spot {
    Place(Place),
    Job(usize),
}

impl Spot {
    /// The ports that a detector was looking at: those of the spot, or all.
    fn ports(spot: Option<Spot>, features: &Features) -> Vec<PortId> {
        match spot {
            None => (0..features.ports.len()).collect(),
            Some(Spot::Job(job)) => features.topology.job_ports(&features.topology.jobs[job]).collect(),
            Some(Spot::Place(Place::Port(port))) => vec![port],
            Some(Spot::Place(Place::Device(device))) => features.topology.devices[device].ports.clone(),
            Some(Spot::Place(Place::Cable(cable))) => {
                let Cable { a, b } = features.topology.cables[cable];
                vec![a, b]
            }
        }
    }

    fn devices(spot: Option<Spot>, features: &Features) -> Vec<DeviceId> {
        match spot {
            None => (0..features.devices.len()).collect(),
            Some(Spot::Job(job)) => features.topology.jobs[job].devices.clone(),
            Some(Spot::Place(Place::Device(device))) => vec![device],
            Some(Spot::Place(_)) => {
                Spot::ports(spot, features).into_iter().map(|port| features.topology.ports[port].device).collect()
            }
        }
    }
}

fn remembers_nothing(_: &mut Features, _: Option<Spot>) {}

/// What a condition is about. A cable's two ends are one place; `from` is the end that shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Place {
    Cable(CableId),
    /// A port without a planned cable.
    Port(PortId),
    Device(DeviceId),
}

/// Conditions that cases are open on.
pub type Watched = BTreeMap<(FactKind, Place), Claim>;

/// What a case says of a condition: the value it was last shown by, and the last moment that showed it.
#[derive(Clone, Copy, Debug)]
pub struct Claim {
    pub value: f64,
    pub shown_ns: i64,
}

/// Takes what detectors say. That a condition is absent matters only where a case is open: elsewhere it is not kept.
#[derive(Debug)]
pub struct Sink<'a> {
    watched: &'a Watched,
    pub present: Vec<(FactKind, Place, Presence)>,
    pub clear: BTreeSet<(FactKind, Place)>,
    /// Readings that may still be looked at, and how many it was allowed.
    left: u64,
    budget: u64,
    spot: Option<Spot>,
}

impl<'a> Sink<'a> {
    /// `budget`: how many readings may be looked at.
    pub fn new(watched: &'a Watched, budget: u64) -> Sink<'a> {
        Sink { watched, present: Vec::new(), clear: BTreeSet::new(), left: budget, budget, spot: None }
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

    /// Takes in what another detector said.
    pub fn join(&mut self, mut said: Sink<'_>) {
        self.present.append(&mut said.present);
        self.clear.append(&mut said.clear);
    }

    pub fn present(&mut self, kind: FactKind, place: Place, presence: Presence) {
        self.present.push((kind, place, presence));
    }

    /// Whether it matters that this is absent.
    pub fn watches(&self, kind: FactKind, place: Place) -> bool {
        self.watched.contains_key(&(kind, place))
    }

    /// What an open case says of it.
    pub fn claimed(&self, kind: FactKind, place: Place) -> Option<Claim> {
        self.watched.get(&(kind, place)).copied()
    }

    /// The places where it matters.
    pub fn watched(&self, kind: FactKind) -> impl Iterator<Item = Place> + '_ {
        self.watched.keys().filter(move |(k, _)| *k == kind).map(|(_, place)| *place)
    }

    pub fn watched_devices(&self, kind: FactKind) -> impl Iterator<Item = DeviceId> + '_ {
        self.watched(kind).filter_map(|place| if let Place::Device(device) = place { Some(device) } else { None })
    }

    /// Looked at, with enough data, and not there.
    pub fn clear(&mut self, kind: FactKind, place: Place) {
        if self.watches(kind, place) {
            self.clear.insert((kind, place));
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Presence {
    pub since_ns: i64,
    /// The last moment that showed it, where a window still tells of it and that is not now.
    pub until_ns: Option<i64>,
    /// The end or device that shows it.
    pub port: Option<PortId>,
    /// The cable's other end was looked at too, and is positively well: the trouble is this end's.
    pub one_sided: bool,
    /// 0 to 1.
    pub strength: f64,
    pub evidence: Evidence,
    /// The job whose loop showed it, for conditions seen through one.
    pub job: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FactKind {
    LinkDown,
    LinkFlap,
    ConservationLoss,
    ConservationLossCounted,
    LowServiceRate,
    LongCompute,
    LateOnset,
    HostStalls,
    Silent,
    CountersFell,
}

impl FactKind {
    pub const ALL: [FactKind; 10] = [
        FactKind::LinkDown,
        FactKind::LinkFlap,
        FactKind::ConservationLoss,
        FactKind::ConservationLossCounted,
        FactKind::LowServiceRate,
        FactKind::LongCompute,
        FactKind::LateOnset,
        FactKind::HostStalls,
        FactKind::Silent,
        FactKind::CountersFell,
    ];

    pub fn name(self) -> &'static str {
        match self {
            FactKind::LinkDown => "link_down",
            FactKind::LinkFlap => "link_flap",
            FactKind::ConservationLoss => "conservation_loss",
            FactKind::ConservationLossCounted => "conservation_loss_counted",
            FactKind::LowServiceRate => "low_service_rate",
            FactKind::LongCompute => "long_compute",
            FactKind::LateOnset => "late_onset",
            FactKind::HostStalls => "host_stalls",
            FactKind::Silent => "silent",
            FactKind::CountersFell => "counters_fell",
        }
    }
}

/// The cable of a port, or the port itself where the plan has none.
fn place_of(features: &Features, port: PortId) -> Place {
    features.topology.ports[port].cable.map_or(Place::Port(port), Place::Cable)
}

/// How far `value` is beyond `threshold`, as 0 to 1: half at the threshold, towards 1 at four times it.
fn strength(value: f64, threshold: f64) -> f64 {
    (value / threshold / (1.0 + value / threshold)).clamp(0.0, 1.0)
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => values[n / 2],
        n => (values[n / 2 - 1] + values[n / 2]) / 2.0,
    }
}

//! Detectors: each a pure function of the model, each in its own file, each the owner of its kinds of fact.
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

use crate::fact::Evidence;
use crate::model::{CableId, DeviceId, Model, PortId};
use std::collections::{BTreeMap, BTreeSet};

/// All detectors, in the order their facts are written.
pub const DETECTORS: [fn(&Model, &mut Sink<'_>); 9] = [
    link_state::detect,
    conservation::detect,
    service_rate::detect,
    compute_time::detect,
    onset::detect,
    stalls::detect,
    job_over::detect,
    silence::detect,
    reset::detect,
];

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
}

impl<'a> Sink<'a> {
    pub fn new(watched: &'a Watched) -> Sink<'a> {
        Sink { watched, present: Vec::new(), clear: BTreeSet::new() }
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
fn place_of(model: &Model, port: PortId) -> Place {
    model.topology.ports[port].cable.map_or(Place::Port(port), Place::Cable)
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

//! Detectors: each a pure function of the features, each in its own file, each the owner of its kinds of fact.
//!
//! A detector says of a place that its condition is present, or that it is positively absent; where the data does not
//! say, it says nothing, and nothing opens or closes.

pub mod armed;
mod budget;
mod chosen;
mod inside;
mod open;
mod said;
mod weighed;

pub use chosen::{Chosen, chosen};
pub use link_state::foresee;
pub use open::{Claim, Open};
pub use said::{Said, Shows, Sink, Watch};
pub use weighed::{WEIGHING, Weighed, Weighing};

use crate::fabric::{Cable, DeviceId, Place, PortId};
use crate::features::{Features, Read};

/// One detector. It says where it looks, and how many readings it looks at, by [`Sink::look_at`] and [`Sink::spend`].
#[derive(Debug)]
pub struct Detector {
    pub name: &'static str,
    /// Counters of the catalogue whose last readings it wants to find in `features.readings`, beside what the families of
    /// features keep.
    pub reads: &'static [Read],
    pub detect: fn(&Features, &mut Sink<'_>),
    /// Takes out of the features what this detector rests on: of the spot it failed at, or of all.
    pub forget: fn(&mut Features, Option<Spot>),
    /// Of each of its kinds of fact, where it can see that kind, and what would let it see more.
    pub armed: &'static [armed::Row],
}

macro_rules! detectors {
    ($($module:ident),+ $(,)?) => {
        $(mod $module;)+

        /// All detectors, in the order in which their facts are written.
        pub static DETECTORS: &[Detector] = &[$($module::DETECTOR),+];
    };
}

detectors! {
    link_state,
    conservation,
    inner_loss,
    counted_errors,
    service_rate,
    pause_surge,
    pfc_deadlock,
    congestion_control,
    headroom,
    compute_time,
    onset,
    stalls,
    hold,
    job_slow,
    job_hang,
    congestion,
    job_over,
    silence,
    reset,
    miscabled,
    maintenance,
    trained_low,
    nvlink,
    pcie,
    nic_down,
    gpu_lost,
    gpu_memory,
    throttle,
}

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
            Some(Spot::Job(job) | Spot::Place(Place::Job(job))) => {
                features.topology.job_ports(&features.topology.jobs[job]).collect()
            }
            Some(Spot::Place(Place::Port(port))) => vec![port],
            Some(Spot::Place(Place::Device(device))) => features.topology.devices[device].ports.clone(),
            Some(Spot::Place(Place::Inside(_) | Place::Maintenance(_))) => Vec::new(),
            Some(Spot::Place(Place::Cable(cable))) => {
                let Cable { a, b } = features.topology.cables[cable];
                vec![a, b]
            }
        }
    }

    fn devices(spot: Option<Spot>, features: &Features) -> Vec<DeviceId> {
        match spot {
            None => (0..features.devices.len()).collect(),
            Some(Spot::Job(job) | Spot::Place(Place::Job(job))) => features.topology.jobs[job].devices.clone(),
            Some(Spot::Place(Place::Device(device))) => vec![device],
            Some(Spot::Place(Place::Inside(part))) => vec![features.topology.inside(part).device],
            Some(Spot::Place(_)) => {
                Spot::ports(spot, features).into_iter().map(|port| features.topology.ports[port].device).collect()
            }
        }
    }
}

fn remembers_nothing(_: &mut Features, _: Option<Spot>) {}

/// How far `value` is beyond `threshold`, as 0 to 1: half at the threshold, towards 1 at four times it.
fn strength(value: f64, threshold: f64) -> f64 {
    (value / threshold / (1.0 + value / threshold)).clamp(0.0, 1.0)
}

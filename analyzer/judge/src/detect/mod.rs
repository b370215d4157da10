//! Detectors: each a pure function of the features, each in its own file, each the owner of its kinds of fact.
//!
//! A detector says of a place that its condition is present, or that it is positively absent; where the data does not
//! say, it says nothing, and nothing opens or closes.

pub mod armed;
mod compute_time;
mod conservation;
mod device_down;
mod job_over;
mod link_state;
mod onset;
mod open;
mod reset;
mod said;
mod service_rate;
mod silence;
mod stalls;

pub use link_state::foresee;
pub use open::{Claim, Open};
pub use said::{Said, Shows, Sink, Watch};

use crate::fabric::{Cable, DeviceId, Place, PortId};
use crate::features::{Features, Read};

/// One detector. It says where it looks, and how many readings it looks at, by [`Sink::look_at`] and [`Sink::spend`].
#[derive(Debug)]
pub struct Detector {
    pub name: &'static str,
    /// The counters that it reads beside those of the features' own families.
    pub reads: &'static [Read],
    pub detect: fn(&Features, &mut Sink<'_>),
    /// Takes out of the features what this detector rests on: of the spot it failed at, or of all.
    pub forget: fn(&mut Features, Option<Spot>),
}

/// All detectors, in the order their facts are written.
pub static DETECTORS: [Detector; 10] = [
    Detector { name: "link_state", reads: &[], detect: link_state::detect, forget: link_state::forget },
    Detector { name: "device_down", reads: &[], detect: device_down::detect, forget: remembers_nothing },
    Detector { name: "conservation", reads: &[], detect: conservation::detect, forget: conservation::forget },
    Detector { name: "service_rate", reads: &[], detect: service_rate::detect, forget: service_rate::forget },
    Detector { name: "compute_time", reads: &[], detect: compute_time::detect, forget: compute_time::forget },
    Detector { name: "onset", reads: &[], detect: onset::detect, forget: onset::forget },
    Detector { name: "stalls", reads: &[], detect: stalls::detect, forget: stalls::forget },
    Detector { name: "job_over", reads: &[], detect: job_over::detect, forget: remembers_nothing },
    Detector { name: "silence", reads: &[], detect: silence::detect, forget: silence::forget },
    Detector { name: "reset", reads: &[], detect: reset::detect, forget: reset::forget },
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

/// How far `value` is beyond `threshold`, as 0 to 1: half at the threshold, towards 1 at four times it.
fn strength(value: f64, threshold: f64) -> f64 {
    (value / threshold / (1.0 + value / threshold)).clamp(0.0, 1.0)
}

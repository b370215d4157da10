//! Which jobs a part can delay: those whose bytes pass it.

use crate::fabric::{CableId, Carries, DeviceId, Part, Place, Topology};

/// A part as the devices and cables by which bytes of a job pass it, found once and asked for many jobs.
#[derive(Clone, Debug)]
pub struct Reach {
    devices: Vec<DeviceId>,
    cables: Vec<CableId>,
}

impl Reach {
    pub fn of(topology: &Topology, part: &Part) -> Reach {
        let devices: Vec<DeviceId> = part.devices().filter_map(|name| topology.find_device(name)).collect();
        let cables = match topology.place(part) {
            Some(Place::Cable(cable)) => vec![cable],
            Some(Place::Device(device)) => {
                topology.devices[device].ports.iter().filter_map(|&port| topology.ports[port].cable).collect()
            }
            Some(Place::Port(_)) | None => Vec::new(),
        };
        Reach { devices, cables }
    }

    /// Whether bytes of this job pass the part for certain, may pass it, or never do.
    pub fn carries(&self, topology: &Topology, job: usize) -> Carries {
        let runs = |device: &DeviceId| topology.jobs[job].devices.binary_search(device).is_ok();
        if self.devices.iter().any(runs) {
            return Carries::Must;
        }
        self.cables.iter().map(|&cable| topology.carries(job, cable)).max().unwrap_or(Carries::No)
    }
}

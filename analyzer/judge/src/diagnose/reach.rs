//! Which jobs a part can delay: those whose bytes pass it.

use crate::fabric::{Carries, DeviceId, Part, Place, Topology};

/// Whether bytes of this job pass the part for certain, may pass it, or never do.
pub fn reach(topology: &Topology, part: &Part, job: usize) -> Carries {
    let runs = |device: DeviceId| topology.jobs[job].devices.binary_search(&device).is_ok();
    if part.devices().filter_map(|name| topology.find_device(name)).any(runs) {
        return Carries::Must;
    }
    let cables = match topology.place(part) {
        Some(Place::Cable(cable)) => vec![cable],
        Some(Place::Device(device)) => {
            topology.devices[device].ports.iter().filter_map(|&port| topology.ports[port].cable).collect()
        }
        Some(Place::Port(_)) | None => Vec::new(),
    };
    cables.into_iter().map(|cable| topology.carries(job, cable)).max().unwrap_or(Carries::No)
}

pub fn may_pass(topology: &Topology, part: &Part, job: usize) -> bool {
    reach(topology, part, job) != Carries::No
}

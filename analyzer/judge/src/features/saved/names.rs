//! The names of a fabric's parts, in the order of their numbers in the process that wrote them.

use crate::fabric::{Cable, CableId, DeviceId, PortId, Topology};
use serde::{Deserialize, Serialize};

/// Numbers in it are positions in its own lists.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Names {
    pub devices: Vec<String>,
    /// Device, and name of the port there.
    pub ports: Vec<(u32, String)>,
    /// The ports at end a and end b.
    pub cables: Vec<(u32, u32)>,
    /// Name, and the devices that the job runs on.
    pub jobs: Vec<(String, Vec<u32>)>,
}

/// Where the parts of a snapshot are in this process; `None` for those that are not taken over.
#[derive(Debug)]
pub struct Here {
    pub devices: Vec<Option<DeviceId>>,
    pub ports: Vec<Option<PortId>>,
    /// `true`: what was end a is end b now.
    pub cables: Vec<Option<(CableId, bool)>>,
    pub jobs: Vec<Option<usize>>,
}

impl Names {
    pub fn of(topology: &Topology) -> Names {
        let numbers = |devices: &[DeviceId]| devices.iter().map(|&device| device as u32).collect();
        let port = |port: PortId| (topology.ports[port].device as u32, topology.name(port).port);
        Names {
            devices: topology.devices.iter().map(|device| device.name.clone()).collect(),
            ports: (0..topology.ports.len()).map(port).collect(),
            cables: topology.cables.iter().map(|cable| (cable.a as u32, cable.b as u32)).collect(),
            jobs: topology.jobs.iter().map(|job| (job.name.clone(), numbers(&job.devices))).collect(),
        }
    }

    /// Every number in it is a position in the list that it points to.
    pub fn is_sound(&self) -> bool {
        let is_device = |&device: &u32| (device as usize) < self.devices.len();
        let is_port = |&port: &u32| (port as usize) < self.ports.len();
        self.ports.iter().all(|(device, _)| is_device(device))
            && self.cables.iter().all(|(a, b)| is_port(a) && is_port(b))
            && self.jobs.iter().all(|(_, devices)| devices.iter().all(is_device))
    }

    /// Finds its parts in the topology of a plan. Devices and ports that the plan does not have are taken in, in the order
    /// in which they were once seen, so that under the plan of then all numbers are those of then; but only those that
    /// `is_recent` says were told of lately. Asks for a sound one.
    pub fn find_in(&self, topology: &mut Topology, is_recent: impl Fn(usize) -> bool) -> Here {
        let mut is_kept = vec![false; self.devices.len()];
        for (port, (device, _)) in self.ports.iter().enumerate() {
            is_kept[*device as usize] |= is_recent(port);
        }
        let devices: Vec<Option<DeviceId>> = self
            .devices
            .iter()
            .zip(is_kept)
            .map(|(name, is_kept)| if is_kept { Some(topology.device(name)) } else { topology.find_device(name) })
            .collect();
        let port = |(number, (device, name)): (usize, &(u32, String))| {
            let device = &self.devices[*device as usize];
            if is_recent(number) { Some(topology.port(device, name)) } else { topology.find_port(device, name) }
        };
        let ports: Vec<Option<PortId>> = self.ports.iter().enumerate().map(port).collect();
        let cables =
            self.cables.iter().map(|&(a, b)| cable(topology, ports[a as usize]?, ports[b as usize]?)).collect();
        let jobs =
            self.jobs.iter().map(|(name, on)| job(topology, name, on.iter().map(|&d| devices[d as usize]))).collect();
        Here { devices, ports, cables, jobs }
    }
}

/// The cable between two ports, and whether the first one is its end b.
fn cable(topology: &Topology, a: PortId, b: PortId) -> Option<(CableId, bool)> {
    let id = topology.ports[a].cable?;
    let Cable { a: end_a, b: end_b } = topology.cables[id];
    let is_same = (end_a, end_b) == (a, b) || (end_a, end_b) == (b, a);
    is_same.then_some((id, end_a != a))
}

/// The job of this name, if it runs on these devices and no others.
fn job(topology: &Topology, name: &str, on: impl Iterator<Item = Option<DeviceId>>) -> Option<usize> {
    let mut on = on.collect::<Option<Vec<DeviceId>>>()?;
    on.sort_unstable();
    topology.jobs.iter().position(|job| job.name == name && job.devices == on)
}

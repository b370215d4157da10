//! Which cables can carry a job's traffic.
//!
//! Routing sends a packet along a shortest path from the switch of its sender to the switch of its receiver, and spreads
//! packets over all of these paths (ECMP, spray). With d(x, y) the number of cables between two switches, a cable u–v
//! lies on such a path between the switches a and b of the job's devices exactly when
//!
//! ```text
//! d(a, u) + 1 + d(v, b) = d(a, b)
//!
//!    spine-1              spine-2           each leaf is cabled to both spines
//!
//!    leaf-1     leaf-2     leaf-3           a job on h1 and h2 must take the cables of h1 and h2, and may take the four
//!      |          |          |              cables of leaf-1 and leaf-2 to the spines, for 0 + 1 + 1 = 2; the cables of
//!      h1         h2         h3             leaf-3 carry none of it: 1 + 1 + 2 is more than 2
//! ```
//! The paths are those of the plan: a link that is down is not taken out of them.

use super::{CableId, DeviceId, Place, Topology};
use std::collections::BTreeMap;

/// How a cable stands to a job's traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Carries {
    /// None of the job's traffic takes it.
    No,
    /// It is on one of several ways that the job's traffic can take.
    May,
    /// A device of the job is at one of its ends.
    Must,
}

/// The cables between switches that one job's traffic can take.
#[derive(Clone, Debug)]
pub(super) enum Carried {
    /// A device of the job is cabled to no switch by the plan, or the fabric is too large to look through: any cable.
    Any,
    /// These cables, sorted.
    These(Box<[CableId]>),
}

/// Cables looked at for one job at most: about a second, once a job. Measured on a three-tier Clos fabric of 98 pods (100,352
/// NICs, 203,840 cables between switches) and a job on all of it: 39 million looks, 16 ns each, 0.65 s.
const MOST_LOOKS: usize = 64_000_000;

impl Topology {
    /// Whether a job's traffic takes a cable. The first question about a job computes its paths, and they are kept.
    pub fn carries(&self, job: usize, cable: CableId) -> Carries {
        let ends = self.ends(cable);
        if ends.iter().any(|device| self.jobs[job].devices.binary_search(device).is_ok()) {
            return Carries::Must;
        }
        if !ends.iter().all(|&device| self.devices[device].is_switch) {
            return Carries::No;
        }
        match self.carried[job].get_or_init(|| carried(self, job)) {
            Carried::Any => Carries::May,
            Carried::These(cables) if cables.binary_search(&cable).is_ok() => Carries::May,
            Carried::These(_) => Carries::No,
        }
    }

    /// Whether a job's traffic passes a device: it must pass the job's own devices and the switches these are cabled to,
    /// and may pass any switch that has a cable the job's traffic may take.
    pub fn carries_through(&self, job: usize, device: DeviceId) -> Carries {
        if self.jobs[job].devices.binary_search(&device).is_ok() {
            return Carries::Must;
        }
        let cables = self.devices[device].ports.iter().filter_map(|&port| self.ports[port].cable);
        cables.map(|cable| self.carries(job, cable)).max().unwrap_or(Carries::No)
    }

    /// Whether a job's traffic passes a part. A port without a cable, a GPU and a link between GPUs are passed by the jobs
    /// of their device.
    pub fn carries_at(&self, job: usize, place: Place) -> Carries {
        match place {
            Place::Cable(cable) => self.carries(job, cable),
            Place::Device(device) => self.carries_through(job, device),
            Place::Inside(part) if self.jobs[job].devices.binary_search(&self.inside(part).device).is_ok() => {
                Carries::Must
            }
            Place::Port(port) if self.jobs[job].devices.binary_search(&self.ports[port].device).is_ok() => {
                Carries::Must
            }
            Place::Port(_) | Place::Inside(_) | Place::Job(_) | Place::Maintenance(_) => Carries::No,
        }
    }

    fn ends(&self, cable: CableId) -> [DeviceId; 2] {
        let cable = self.cables[cable];
        [cable.a, cable.b].map(|port| self.ports[port].device)
    }

    /// The switches that a job's devices are cabled to, sorted; `None` when the plan cables one of its devices to none.
    fn leaves(&self, job: usize) -> Option<Vec<DeviceId>> {
        let job = &self.jobs[job];
        let mut leaves = Vec::new();
        for &device in &job.devices {
            let compute = self.devices[device].ports.iter().filter(|&&port| self.ports[port].compute);
            let far = compute.filter_map(|&port| Some(self.ports[self.far(port)?].device));
            let before = leaves.len();
            leaves.extend(far.filter(|&device| self.devices[device].is_switch));
            if leaves.len() == before {
                return None;
            }
        }
        leaves.sort_unstable();
        leaves.dedup();
        Some(leaves)
    }
}

fn carried(topology: &Topology, job: usize) -> Carried {
    let Some(leaves) = topology.leaves(job) else { return Carried::Any };
    let switches = Switches::of(topology);
    let mut search = Search::new(&switches, &leaves, topology.cables.len());
    // Leaves that are cabled to the same switches have the same paths but for their own cables, and the paths between two
    // of them take every one of their cables. So one leaf of each such group is enough to start from.
    for group in switches.cabled_alike(&leaves) {
        search.from(group[0]);
        if group.len() > 1 {
            let own = group.iter().flat_map(|&leaf| &switches.beside[leaf]);
            own.for_each(|&(_, cable)| search.carried[cable as usize] = true);
        }
        if search.looks > MOST_LOOKS {
            return Carried::Any;
        }
    }
    let carried = search.carried.iter().enumerate().filter(|(_, carried)| **carried);
    Carried::These(carried.map(|(cable, _)| cable).collect())
}

/// Of each device, the switches beside it and the cables to them; nothing for devices that are no switches.
struct Switches {
    beside: Vec<Vec<(u32, u32)>>,
}

impl Switches {
    fn of(topology: &Topology) -> Switches {
        let mut beside = vec![Vec::new(); topology.devices.len()];
        for cable in 0..topology.cables.len() {
            let [a, b] = topology.ends(cable);
            if a != b && topology.devices[a].is_switch && topology.devices[b].is_switch {
                beside[a].push((b as u32, cable as u32));
                beside[b].push((a as u32, cable as u32));
            }
        }
        Switches { beside }
    }

    fn beside(&self, switch: DeviceId) -> impl Iterator<Item = (DeviceId, CableId)> + '_ {
        self.beside[switch].iter().map(|&(device, cable)| (device as DeviceId, cable as CableId))
    }

    /// The leaves in groups that are cabled to the same switches.
    fn cabled_alike(&self, leaves: &[DeviceId]) -> Vec<Vec<DeviceId>> {
        let mut groups: BTreeMap<Vec<u32>, Vec<DeviceId>> = BTreeMap::new();
        for &leaf in leaves {
            let mut beside: Vec<u32> = self.beside[leaf].iter().map(|&(device, _)| device).collect();
            beside.sort_unstable();
            beside.dedup();
            groups.entry(beside).or_default().push(leaf);
        }
        groups.into_values().collect()
    }
}

/// Breadth-first searches over the switches, each from one leaf towards all the others.
struct Search<'a> {
    switches: &'a Switches,
    is_leaf: Vec<bool>,
    leaves: usize,
    /// By cable: it is on a shortest path between two leaves.
    carried: Vec<bool>,
    looks: usize,
}

/// Of a switch that a search has not reached.
const FAR: u32 = u32::MAX;

impl<'a> Search<'a> {
    fn new(switches: &'a Switches, leaves: &[DeviceId], cables: usize) -> Search<'a> {
        let mut is_leaf = vec![false; switches.beside.len()];
        leaves.iter().for_each(|&leaf| is_leaf[leaf] = true);
        Search { switches, is_leaf, leaves: leaves.len(), carried: vec![false; cables], looks: 0 }
    }

    /// Marks every cable on a shortest path from this leaf to another one: cables that lead one step away from the leaf,
    /// to a switch that is a leaf or leads on to one.
    fn from(&mut self, leaf: DeviceId) {
        let (order, distance) = self.distances(leaf);
        let mut leads = vec![false; distance.len()];
        for &switch in order.iter().rev() {
            leads[switch] = self.is_leaf[switch];
            for (next, cable) in self.switches.beside(switch) {
                if distance[next] == distance[switch] + 1 && leads[next] {
                    (leads[switch], self.carried[cable]) = (true, true);
                }
            }
            self.looks += self.switches.beside[switch].len();
        }
    }

    /// The switches in order of their distance from a leaf, as far as the farthest other leaf, and the distance by device.
    fn distances(&self, leaf: DeviceId) -> (Vec<DeviceId>, Vec<u32>) {
        let mut distance = vec![FAR; self.switches.beside.len()];
        distance[leaf] = 0;
        let (mut order, mut at, mut to_find) = (vec![leaf], 0, self.leaves - 1);
        while at < order.len() && to_find > 0 {
            let switch = order[at];
            for (next, _) in self.switches.beside(switch) {
                if distance[next] == FAR {
                    distance[next] = distance[switch] + 1;
                    to_find -= usize::from(self.is_leaf[next]);
                    order.push(next);
                }
            }
            at += 1;
        }
        (order, distance)
    }
}

#[cfg(test)]
mod tests;

//! Which links a flow crosses: ECMP over the spines by a hash of the flow, around what is down.

use crate::topology::{PortId, RAILS, Topology};

/// The directed links of a flow, in order: two under one leaf, four through a spine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Path {
    links: [u32; 4],
    len: u8,
}

impl Path {
    pub fn links(&self) -> &[u32] {
        &self.links[..usize::from(self.len)]
    }

    fn of(links: &[PortId]) -> Path {
        let mut path = Path { links: [0; 4], len: links.len() as u8 };
        for (slot, &link) in path.links.iter_mut().zip(links) {
            *slot = link as u32;
        }
        path
    }
}

/// The rail a node uses for traffic of `rail`: its own, or, its NIC being dead, that of a neighbour over NVLink.
fn live_rail(topology: &Topology, usable: &[bool], node: usize, rail: usize) -> usize {
    let up = |r: usize| usable[topology.nics[node][r]];
    [rail, rail ^ 1].into_iter().chain(0..RAILS).find(|&r| up(r)).unwrap_or(rail)
}

/// The path from one node to another on a rail. With no live path the planned one is returned: it carries nothing.
pub fn path(topology: &Topology, usable: &[bool], from: usize, to: usize, rail: usize, hash: u64) -> Path {
    let (source, target) = (live_rail(topology, usable, from, rail), live_rail(topology, usable, to, rail));
    let first = topology.nics[from][source];
    let last = topology.leaf_port(to, target);
    if topology.pod_of(from) == topology.pod_of(to) && source == target {
        return Path::of(&[first, last]);
    }
    let (ups, downs) = (topology.uplinks(from, source), topology.uplinks(to, target));
    let spine = choose_spine(topology.spines, hash, |s| usable[ups[s]] && usable[downs[s]]);
    let down = topology.ports[downs[spine]].peer.expect("uplinks are cabled");
    Path::of(&[first, ups[spine], down, last])
}

/// Resilient hashing: a flow moves only when its own spine is out of reach.
fn choose_spine(spines: usize, hash: u64, alive: impl Fn(usize) -> bool) -> usize {
    let favourite = (hash % spines as u64) as usize;
    if alive(favourite) {
        return favourite;
    }
    let rest: Vec<usize> = (0..spines).filter(|&s| alive(s)).collect();
    match rest.len() {
        0 => favourite,
        n => rest[(hash.rotate_left(17) % n as u64) as usize],
    }
}

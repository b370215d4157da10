//! What the lab is made of: 2 leaves × 2 spines × 8 hosts, and the cables between them. Pure data; `fabric` builds it.

use std::net::Ipv4Addr;

pub const LEAVES: u8 = 2;
pub const SPINES: u8 = 2;
pub const HOSTS_PER_LEAF: u8 = 4;
pub const HOSTS: u8 = LEAVES * HOSTS_PER_LEAF;
pub const MTU: u32 = 9000;
/// A host's link; an uplink carries all host rates of its leaf, so that no ECMP draw can congest it.
pub const HOST_BPS: u64 = 100_000_000;
pub const UPLINK_BPS: u64 = HOST_BPS * HOSTS_PER_LEAF as u64;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Host,
    Leaf,
    Spine,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    pub name: String,
    pub kind: Kind,
    /// 1-based among its kind.
    pub number: u8,
    /// On the management bridge.
    pub mgmt: Ipv4Addr,
}

/// One end of a cable: a port of a fabric device.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct End {
    pub device: String,
    pub port: String,
    pub addr: Ipv4Addr,
}

impl End {
    /// The name of this end's jack in the patch panel (≤15 characters).
    pub fn jack(&self) -> String {
        format!("{}-{}", self.device, self.port)
    }
    pub fn is(&self, device: &str, port: &str) -> bool {
        self.device == device && self.port == port
    }
}

/// `a` is the lower end (host or leaf), `b` the upper one (leaf or spine).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cable {
    pub a: End,
    pub b: End,
    pub rate_bps: u64,
}

impl Cable {
    pub fn ends(&self) -> [&End; 2] {
        [&self.a, &self.b]
    }
    pub fn touches(&self, device: &str, port: &str) -> bool {
        self.a.is(device, port) || self.b.is(device, port)
    }
    pub fn is_uplink(&self) -> bool {
        self.rate_bps == UPLINK_BPS
    }
}

impl std::fmt::Display for Cable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}–{}/{}", self.a.device, self.a.port, self.b.device, self.b.port)
    }
}

pub struct Topology {
    pub nodes: Vec<Node>,
    pub cables: Vec<Cable>,
}

impl Topology {
    pub fn standard() -> Self {
        Self { nodes: nodes(), cables: host_cables().chain(uplinks()).collect() }
    }

    pub fn hosts(&self) -> impl Iterator<Item = &Node> {
        self.nodes.iter().filter(|n| n.kind == Kind::Host)
    }

    pub fn switches(&self) -> impl Iterator<Item = &Node> {
        self.nodes.iter().filter(|n| n.kind != Kind::Host)
    }

    /// Index of the cable plugged into this port.
    pub fn cable_at(&self, device: &str, port: &str) -> Option<usize> {
        self.cables.iter().position(|c| c.touches(device, port))
    }

    /// A host's fabric address.
    pub fn host_addr(&self, host: &str) -> Option<Ipv4Addr> {
        self.cables.iter().find(|c| c.a.is(host, "eth1")).map(|c| c.a.addr)
    }

    /// The ring of the job: neighbours sit on different leaves, so every hop crosses the spines.
    pub fn ring(&self) -> Vec<&Node> {
        let hosts: Vec<&Node> = self.hosts().collect();
        let per_leaf = usize::from(HOSTS_PER_LEAF);
        (0..per_leaf).flat_map(|i| (0..usize::from(LEAVES)).map(move |l| l * per_leaf + i)).map(|i| hosts[i]).collect()
    }
}

fn nodes() -> Vec<Node> {
    let node = |prefix: &str, kind, number: u8, base: u8| Node {
        name: format!("{prefix}{number}"),
        kind,
        number,
        mgmt: Ipv4Addr::new(172, 31, 255, base + number),
    };
    let hosts = (1..=HOSTS).map(|n| node("h", Kind::Host, n, 10));
    let leaves = (1..=LEAVES).map(|n| node("leaf", Kind::Leaf, n, 30));
    let spines = (1..=SPINES).map(|n| node("spine", Kind::Spine, n, 40));
    hosts.chain(leaves).chain(spines).collect()
}

/// Hosts of leaf L live in 10.L.0.0/16, one /31 a cable.
fn host_cables() -> impl Iterator<Item = Cable> {
    (1..=LEAVES).flat_map(|leaf| (1..=HOSTS_PER_LEAF).map(move |slot| (leaf, slot))).map(|(leaf, slot)| {
        let host = (leaf - 1) * HOSTS_PER_LEAF + slot;
        Cable {
            a: end("h", host, "eth", 1, [10, leaf, host, 1]),
            b: end("leaf", leaf, "swp", slot, [10, leaf, host, 0]),
            rate_bps: HOST_BPS,
        }
    })
}

fn uplinks() -> impl Iterator<Item = Cable> {
    (1..=LEAVES).flat_map(|leaf| (1..=SPINES).map(move |spine| (leaf, spine))).map(|(leaf, spine)| Cable {
        a: end("leaf", leaf, "swp", HOSTS_PER_LEAF + spine, [10, 64, leaf * 16 + spine, 0]),
        b: end("spine", spine, "swp", leaf, [10, 64, leaf * 16 + spine, 1]),
        rate_bps: UPLINK_BPS,
    })
}

fn end(prefix: &str, number: u8, port: &str, port_number: u8, addr: [u8; 4]) -> End {
    End { device: format!("{prefix}{number}"), port: format!("{port}{port_number}"), addr: addr.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_ring_hop_crosses_the_spines() {
        let topology = Topology::standard();
        let ring = topology.ring();
        let leaf = |n: &Node| (n.number - 1) / HOSTS_PER_LEAF;
        assert_eq!(ring.len(), usize::from(HOSTS));
        assert!((0..ring.len()).all(|i| leaf(ring[i]) != leaf(ring[(i + 1) % ring.len()])));
    }

    #[test]
    fn jacks_fit_a_netdev_name_and_are_unique() {
        let topology = Topology::standard();
        let mut jacks: Vec<String> = topology.cables.iter().flat_map(|c| c.ends().map(End::jack)).collect();
        assert!(jacks.iter().all(|j| j.len() <= 15));
        let count = jacks.len();
        jacks.sort();
        jacks.dedup();
        assert_eq!((jacks.len(), count), (24, 24));
    }
}

//! Routing: static /16s of each leaf, ECMP over the spines, and a small agent in place of a routing protocol.
//!
//! The kernel itself skips a next hop whose own device has lost carrier. What it cannot know is that the *far* leaf lost its
//! link to a spine: the agent hears of every carrier change and takes that spine out of (or back into) the other leaf's route.

use crate::netlink::Netlink;
use crate::topology::{Cable, Kind, LEAVES, Topology};
use crate::{command, netns};
use anyhow::{Context, Result};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Instant;

/// Carrier changes waiting for the agent: 24 ports may change at once, a few times.
const CHANGES: usize = 256;

pub fn install(topology: &Topology) -> Result<()> {
    for node in &topology.nodes {
        let batch = match node.kind {
            Kind::Host => {
                let leaf = topology.cables.iter().find(|c| c.a.device == node.name).context("a host has a cable")?;
                // Fabric addresses only: the management network is apart and needs no route.
                format!("route add 10.0.0.0/8 via {} src {}\n", leaf.b.addr, leaf.a.addr)
            }
            Kind::Leaf => leaf_routes(topology, node.number, &BTreeSet::new()),
            Kind::Spine => topology
                .cables
                .iter()
                .filter(|c| c.b.device == node.name)
                .map(|c| format!("route add {} via {}\n", prefix_of(&c.a.device), c.a.addr))
                .collect(),
        };
        command::ip(&node.name, &batch)?;
    }
    Ok(())
}

fn prefix_of(leaf: &str) -> String {
    format!("10.{}.0.0/16", leaf.trim_start_matches("leaf"))
}

fn uplink<'t>(topology: &'t Topology, leaf: &str, spine: &str) -> Option<(usize, &'t Cable)> {
    topology.cables.iter().enumerate().find(|(_, c)| c.a.device == leaf && c.b.device == spine)
}

/// Routes of a leaf to the others, by the spines that both it and the far leaf still reach. None left: the route stays.
fn leaf_routes(topology: &Topology, leaf: u8, down: &BTreeSet<usize>) -> String {
    let own = format!("leaf{leaf}");
    let mut batch = String::new();
    for far in (1..=LEAVES).filter(|far| *far != leaf).map(|far| format!("leaf{far}")) {
        let spines = topology.nodes.iter().filter(|n| n.kind == Kind::Spine);
        let hops: Vec<String> = spines
            .filter_map(|s| Some((uplink(topology, &own, &s.name)?, uplink(topology, &far, &s.name)?)))
            .filter(|((near, _), (far, _))| !down.contains(near) && !down.contains(far))
            .map(|((_, near), _)| format!(" nexthop via {} dev {}", near.b.addr, near.a.port))
            .collect();
        if !hops.is_empty() {
            let _ = writeln!(batch, "route replace {}{}", prefix_of(&far), hops.concat());
        }
    }
    batch
}

/// Starts the agent: one listening thread a switch, one that keeps the routes. They live as long as the process.
pub fn start_agent(topology: &'static Topology) -> Result<()> {
    let (tx, rx) = sync_channel(CHANGES);
    for switch in topology.switches() {
        let (tx, name) = (tx.clone(), switch.name.clone());
        let ready = sync_channel(1);
        std::thread::Builder::new().name(format!("carrier-{name}")).spawn(move || {
            if let Err(error) = listen(topology, &name, &tx, &ready.0) {
                tracing::error!("route agent on {name}: {error:#}");
            }
        })?;
        ready.1.recv().with_context(|| format!("route agent on {} did not start", switch.name))?;
    }
    std::thread::Builder::new().name("routes".into()).spawn(move || keep_routes(topology, &rx))?;
    Ok(())
}

/// A cable, whether this end has carrier, and when that was heard.
struct Change {
    cable: usize,
    end: String,
    carrier: bool,
    heard: Instant,
}

fn listen(topology: &Topology, switch: &str, tx: &SyncSender<Change>, ready: &SyncSender<()>) -> Result<()> {
    netns::enter(switch)?;
    let mut netlink = Netlink::listening()?;
    ready.send(())?;
    loop {
        for link in netlink.changes()? {
            if let Some(cable) = topology.cable_at(switch, &link.name) {
                tx.send(Change { cable, end: switch.to_owned(), carrier: link.carrier, heard: Instant::now() })?;
            }
        }
    }
}

fn keep_routes(topology: &Topology, rx: &Receiver<Change>) {
    let mut down: BTreeSet<(usize, String)> = BTreeSet::new();
    let mut installed: BTreeMap<u8, String> =
        (1..=LEAVES).map(|leaf| (leaf, leaf_routes(topology, leaf, &BTreeSet::new()))).collect();
    while let Ok(Change { cable, end, carrier, heard }) = rx.recv() {
        let changed = if carrier { down.remove(&(cable, end)) } else { down.insert((cable, end)) };
        if !changed || !topology.cables[cable].is_uplink() {
            continue;
        }
        let cables: BTreeSet<usize> = down.iter().map(|(cable, _)| *cable).collect();
        // The far leaves first: at the near one the kernel has already left the dead link.
        let mut leaves: Vec<u8> = (1..=LEAVES).collect();
        leaves.sort_by_key(|leaf| topology.cables[cable].a.device == format!("leaf{leaf}"));
        for leaf in leaves {
            let wanted = leaf_routes(topology, leaf, &cables);
            if installed.get(&leaf) == Some(&wanted) {
                continue;
            }
            match command::ip(&format!("leaf{leaf}"), &wanted) {
                Ok(()) => drop(installed.insert(leaf, wanted)),
                Err(error) => tracing::warn!("route agent: {error:#}"),
            }
            let took_ms = heard.elapsed().as_millis() as u64;
            tracing::debug!(cable = %topology.cables[cable], carrier, leaf, took_ms, "routes adjusted");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_far_leaf_stops_using_a_spine_whose_other_link_is_down() {
        let topology = Topology::standard();
        let (cut, _) = uplink(&topology, "leaf2", "spine1").unwrap();
        let routes = leaf_routes(&topology, 1, &BTreeSet::from([cut]));
        assert_eq!(routes, "route replace 10.2.0.0/16 nexthop via 10.64.18.1 dev swp6\n");
        let healthy = leaf_routes(&topology, 1, &BTreeSet::new());
        assert_eq!(healthy.matches("nexthop").count(), 2);
    }
}

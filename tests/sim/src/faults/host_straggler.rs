//! A node whose CPU is taken by something else: its compute takes 1 + strength times as long.

use super::{Fault, Injection, Nature, Place, Scope};
use crate::estimate;
use crate::sim::Fabric;

pub struct HostStraggler;

fn set(fabric: &mut Fabric, place: Place, slowness: f64) {
    let Place::Device(device) = place else { return };
    // Nodes are the first devices.
    if let Some(node) = fabric.world.nodes.get_mut(device) {
        node.slowness = slowness;
    }
}

impl Fault for HostStraggler {
    fn class(&self) -> &'static str {
        "host_straggler"
    }

    fn nature(&self) -> Nature {
        Nature::Hardware
    }

    fn scope(&self) -> Scope {
        Scope::Node
    }

    fn varies(&self) -> bool {
        true
    }

    fn places(&self, fabric: &Fabric, strength: f64) -> Vec<(Place, f64)> {
        let cost = |node| estimate::straggler_loss(fabric, node, 1.0 + strength);
        (0..fabric.world.topology.nodes).map(|node| (Place::Device(node), cost(node))).collect()
    }

    fn begin(&self, fabric: &mut Fabric, injection: &Injection) {
        set(fabric, injection.place, 1.0 + injection.strength);
    }

    fn end(&self, fabric: &mut Fabric, injection: &Injection) {
        set(fabric, injection.place, 1.0);
    }
}

//! A GPU grows hot and is held below its clock: its node computes as many times longer as the clock is lower. Strength: the part of
//! the clock that is missing, nine tenths at most.

use super::{Fault, Injection, Nature, Place, Scope};
use crate::estimate;
use crate::sim::Fabric;
use crate::topology::RAILS;

pub struct GpuThrottle;

fn stretch(strength: f64) -> f64 {
    1.0 / (1.0 - strength).max(0.1)
}

fn set(fabric: &mut Fabric, place: Place, throttled: Option<f64>) {
    let Place::Device(device) = place else { return };
    // Nodes are the first devices. Which of its GPUs it is tells nobody anything: the node's number picks it.
    if let Some(node) = fabric.world.nodes.get_mut(device) {
        node.throttled = throttled.map(|stretch| (device * 5 % RAILS, stretch));
    }
}

impl Fault for GpuThrottle {
    fn class(&self) -> &'static str {
        "gpu_throttle"
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
        let cost = |node| estimate::straggler_loss(fabric, node, stretch(strength));
        (0..fabric.world.topology.nodes).map(|node| (Place::Device(node), cost(node))).collect()
    }

    fn begin(&self, fabric: &mut Fabric, injection: &Injection) {
        set(fabric, injection.place, Some(stretch(injection.strength)));
    }

    fn end(&self, fabric: &mut Fabric, injection: &Injection) {
        set(fabric, injection.place, None);
    }
}

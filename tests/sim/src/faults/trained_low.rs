//! A cable trains at a lower speed, and both of its ends say so. Strength: the part of the speed that is missing.

use super::{Fault, Injection, Nature, Place, Scope, cabled_ports, port_of};
use crate::estimate::{self, Effect};
use crate::sim::Fabric;

pub struct TrainedLow;

fn left(strength: f64) -> f64 {
    (1.0 - strength).max(0.02)
}

fn train(fabric: &mut Fabric, injection: &Injection, part: f64) {
    let Some(port) = port_of(injection) else { return };
    for end in [Some(port), fabric.world.topology.ports[port].peer].into_iter().flatten() {
        fabric.world.links[end].trained = part;
    }
}

impl Fault for TrainedLow {
    fn class(&self) -> &'static str {
        "trained_low"
    }

    fn nature(&self) -> Nature {
        Nature::Hardware
    }

    fn scope(&self) -> Scope {
        Scope::Port
    }

    fn varies(&self) -> bool {
        true
    }

    fn places(&self, fabric: &Fabric, strength: f64) -> Vec<(Place, f64)> {
        let effect = Effect::Capacity(left(strength));
        cabled_ports(fabric).map(|port| (Place::Port(port), estimate::loss(fabric, port, effect))).collect()
    }

    fn begin(&self, fabric: &mut Fabric, injection: &Injection) {
        train(fabric, injection, left(injection.strength));
    }

    fn end(&self, fabric: &mut Fabric, injection: &Injection) {
        train(fabric, injection, 1.0);
    }
}

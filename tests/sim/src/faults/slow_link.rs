//! A port sends below its rate though it trained right. Strength: the part of the rate that is missing.

use super::{Fault, Injection, Nature, Place, Scope, cabled_ports, port_of};
use crate::estimate::{self, Effect};
use crate::sim::Fabric;

pub struct SlowLink;

fn left(strength: f64) -> f64 {
    (1.0 - strength).max(0.02)
}

impl Fault for SlowLink {
    fn class(&self) -> &'static str {
        "slow_link"
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
        if let Some(port) = port_of(injection) {
            fabric.world.links[port].scale = left(injection.strength);
        }
    }

    fn end(&self, fabric: &mut Fabric, injection: &Injection) {
        if let Some(port) = port_of(injection) {
            fabric.world.links[port].scale = 1.0;
        }
    }
}

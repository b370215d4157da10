//! A cable damages what leaves the named port; the far end counts and discards it. Damaged packets: 10^(6.5 · strength − 8), from one in
//! ten million (strength 0.15) by 56 in a million (0.5) to 3 % (1).

use super::{Fault, Injection, Nature, Place, Scope, cabled_ports, port_of};
use crate::estimate::{self, Effect};
use crate::flow::goodput;
use crate::sim::Fabric;

pub struct LossyLink;

fn damaged(strength: f64) -> f64 {
    10f64.powf(6.5 * strength - 8.0)
}

impl Fault for LossyLink {
    fn class(&self) -> &'static str {
        "lossy_link"
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
        let effect = Effect::Goodput(goodput(damaged(strength)));
        cabled_ports(fabric).map(|port| (Place::Port(port), estimate::loss(fabric, port, effect))).collect()
    }

    fn begin(&self, fabric: &mut Fabric, injection: &Injection) {
        if let Some(port) = port_of(injection) {
            fabric.world.links[port].damaged = damaged(injection.strength);
        }
    }

    fn end(&self, fabric: &mut Fabric, injection: &Injection) {
        if let Some(port) = port_of(injection) {
            fabric.world.links[port].damaged = 0.0;
        }
    }
}

//! A cable loses packets that neither end counts. Loss = 2 % × strength², in the direction that leaves the named port.

use super::{Fault, Injection, Nature, Place, Scope, cabled_ports, port_of};
use crate::estimate::{self, Effect};
use crate::flow::goodput;
use crate::sim::Fabric;

pub struct SilentDrop;

fn loss(strength: f64) -> f64 {
    0.02 * strength * strength
}

impl Fault for SilentDrop {
    fn class(&self) -> &'static str {
        "silent_drop"
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
        let effect = Effect::Goodput(goodput(loss(strength)));
        cabled_ports(fabric).map(|port| (Place::Port(port), estimate::loss(fabric, port, effect))).collect()
    }

    fn begin(&self, fabric: &mut Fabric, injection: &Injection) {
        if let Some(port) = port_of(injection) {
            fabric.world.links[port].loss = loss(injection.strength);
        }
    }

    fn end(&self, fabric: &mut Fabric, injection: &Injection) {
        if let Some(port) = port_of(injection) {
            fabric.world.links[port].loss = 0.0;
        }
    }
}

//! A cable that goes and comes. Strength 0 to 1: dark for 0.3 to 0.8 s, every 6 to 2 s.

use super::link_down::reroute_soon;
use super::{Fault, Injection, Nature, Place, Scope, cabled_ports, port_of};
use crate::estimate::{self, Effect};
use crate::sim::Fabric;

pub struct LinkFlap;

fn dark_s(strength: f64) -> f64 {
    0.3 + 0.5 * strength
}

fn every_s(strength: f64) -> f64 {
    6.0 - 4.0 * strength
}

impl Fault for LinkFlap {
    fn class(&self) -> &'static str {
        "link_flap"
    }

    fn nature(&self) -> Nature {
        Nature::Hardware
    }

    fn scope(&self) -> Scope {
        Scope::Port
    }

    fn places(&self, fabric: &Fabric, strength: f64) -> Vec<(Place, f64)> {
        let lost = dark_s(strength) / every_s(strength);
        // Whoever sends over it stands still while it is dark.
        let cost = |port| if estimate::loss(fabric, port, Effect::Goodput(0.5)) > 0.0 { lost } else { 0.0 };
        cabled_ports(fabric).map(|port| (Place::Port(port), cost(port))).collect()
    }

    fn begin(&self, fabric: &mut Fabric, injection: &Injection) {
        self.step(fabric, injection);
    }

    fn step(&self, fabric: &mut Fabric, injection: &Injection) {
        let Some(port) = port_of(injection) else { return };
        let since = (fabric.world.now - injection.begin).max(0.0);
        let up = since % every_s(injection.strength) >= dark_s(injection.strength);
        if fabric.world.links[port].up != up {
            fabric.world.set_cable(port, up);
            reroute_soon(fabric, !up);
        }
    }

    fn end(&self, fabric: &mut Fabric, injection: &Injection) {
        if let Some(port) = port_of(injection) {
            fabric.world.set_cable(port, true);
            reroute_soon(fabric, false);
        }
    }
}

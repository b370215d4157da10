//! What faults of one knob have in common: they sit at the port that a link leaves, can be drawn at any cable of the training network, and
//! may creep, or come and go. They differ in which knob of the link they turn, and how far.

use super::{Fault, Injection, Nature, Place, Scope, cabled_ports, port_of};
use crate::estimate::{self, Effect};
use crate::link::Link;
use crate::sim::Fabric;

/// A link keeps this much of its rate at least.
const LEAST_LEFT: f64 = 0.02;

/// What is left of a rate of which the part `strength` is missing.
pub fn left(strength: f64) -> f64 {
    (1.0 - strength).max(LEAST_LEFT)
}

pub struct LinkFault {
    pub class: &'static str,
    /// Both directions of the cable have it, not only what leaves the named port.
    pub both_ways: bool,
    /// What a strength takes from the flows over the link.
    pub effect: fn(f64) -> Effect,
    /// Turns the knob as far as a strength says, and back where there is none.
    pub turn: fn(&mut Link, Option<f64>),
}

impl LinkFault {
    fn set(&self, fabric: &mut Fabric, injection: &Injection, strength: Option<f64>) {
        let Some(port) = port_of(injection) else { return };
        let world = &mut fabric.world;
        let far = world.topology.ports[port].peer.filter(|_| self.both_ways);
        for end in [Some(port), far].into_iter().flatten() {
            (self.turn)(&mut world.links[end], strength);
        }
    }
}

impl Fault for LinkFault {
    fn class(&self) -> &'static str {
        self.class
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
        let cost = |port| estimate::loss(fabric, port, (self.effect)(strength));
        cabled_ports(fabric).map(|port| (Place::Port(port), cost(port))).collect()
    }

    fn begin(&self, fabric: &mut Fabric, injection: &Injection) {
        self.set(fabric, injection, Some(injection.strength));
    }

    fn end(&self, fabric: &mut Fabric, injection: &Injection) {
        self.set(fabric, injection, None);
    }
}

//! A cable is pulled. Routes close around it: an uplink's flows move to other spines, a NIC's to its neighbour's rail.

use super::{Fault, Injection, Nature, Place, Scope, cabled_ports, port_of};
use crate::estimate::{self, Effect};
use crate::sim::Fabric;
use crate::world::Review;

pub struct LinkDown;

/// Routing withdraws an uplink and takes it back, seconds.
const ROUTING_S: (f64, f64) = (0.25, 0.5);
/// The communication library gives a NIC up and takes it back, seconds.
const LIBRARY_S: (f64, f64) = (1.2, 2.0);

impl Fault for LinkDown {
    fn class(&self) -> &'static str {
        "link_down"
    }

    fn nature(&self) -> Nature {
        Nature::Hardware
    }

    fn scope(&self) -> Scope {
        Scope::Port
    }

    fn places(&self, fabric: &Fabric, _strength: f64) -> Vec<(Place, f64)> {
        // A dead NIC doubles its neighbour's load; a dead uplink adds a little to each of its siblings.
        let sibling = 1.0 - 1.0 / fabric.world.topology.spines as f64;
        let part = |port| if fabric.world.is_access(port) { 0.5 } else { sibling };
        cabled_ports(fabric)
            .map(|port| (Place::Port(port), estimate::loss(fabric, port, Effect::Capacity(part(port)))))
            .collect()
    }

    fn begin(&self, fabric: &mut Fabric, injection: &Injection) {
        if let Some(port) = port_of(injection) {
            fabric.world.set_cable(port, false);
            reroute_soon(fabric, true);
        }
    }

    fn end(&self, fabric: &mut Fabric, injection: &Injection) {
        if let Some(port) = port_of(injection) {
            fabric.world.set_cable(port, true);
            reroute_soon(fabric, false);
        }
    }
}

/// Plans when routing and the library will have noticed a change of a cable.
pub fn reroute_soon(fabric: &mut Fabric, down: bool) {
    let now = fabric.world.now;
    for (review, (lost, back)) in [(Review::Routing, ROUTING_S), (Review::Library, LIBRARY_S)] {
        fabric.world.reviews.push((now + if down { lost } else { back }, review));
    }
}

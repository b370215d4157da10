//! A switch loses its power: its collector says nothing, and all its cables are dark until it is back. Strength means nothing.

use super::link_down::reroute_soon;
use super::{Fault, Injection, Nature, Place, Scope};
use crate::estimate::{self, Effect};
use crate::sim::Fabric;

pub struct DeviceDown;

fn turn(fabric: &mut Fabric, place: Place, up: bool) {
    let Place::Device(device) = place else { return };
    fabric.world.muted[device] = !up;
    for port in fabric.world.topology.devices[device].ports.clone() {
        if fabric.world.topology.ports[port].peer.is_some() {
            fabric.world.set_cable(port, up);
        }
    }
    reroute_soon(fabric, !up);
}

impl Fault for DeviceDown {
    fn class(&self) -> &'static str {
        "device_down"
    }

    fn nature(&self) -> Nature {
        Nature::Hardware
    }

    fn scope(&self) -> Scope {
        Scope::Device
    }

    /// Switches of the training network. With half of the paths gone, each job loses what one uplink of it would cost.
    fn places(&self, fabric: &Fabric, _strength: f64) -> Vec<(Place, f64)> {
        let topology = &fabric.world.topology;
        let is_switch = |device: &usize| {
            let of = &topology.devices[*device];
            !of.node && of.ports.iter().any(|&port| topology.ports[port].role == "compute")
        };
        let cost = |device: usize| {
            let ports = topology.devices[device].ports.iter().filter(|&&port| topology.ports[port].peer.is_some());
            ports.map(|&port| estimate::loss(fabric, port, Effect::Capacity(0.5))).fold(0.0, f64::max)
        };
        (0..topology.devices.len()).filter(is_switch).map(|device| (Place::Device(device), cost(device))).collect()
    }

    fn begin(&self, fabric: &mut Fabric, injection: &Injection) {
        turn(fabric, injection.place, false);
    }

    fn end(&self, fabric: &mut Fabric, injection: &Injection) {
        turn(fabric, injection.place, true);
    }
}

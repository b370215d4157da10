//! A driver is loaded anew: counters of a port, or of all ports of a device, begin again at zero. Strength means nothing.

use super::{Fault, Injection, Nature, Place, Scope};
use crate::sim::Fabric;

pub struct CounterReset;

impl Fault for CounterReset {
    fn class(&self) -> &'static str {
        "counter_reset"
    }

    fn nature(&self) -> Nature {
        Nature::Data
    }

    fn scope(&self) -> Scope {
        Scope::DeviceOrPort
    }

    fn places(&self, fabric: &Fabric, _strength: f64) -> Vec<(Place, f64)> {
        (0..fabric.world.topology.nodes).map(|node| (Place::Device(node), 1.0)).collect()
    }

    fn begin(&self, fabric: &mut Fabric, injection: &Injection) {
        let ports = match injection.place {
            Place::Port(port) => vec![port],
            Place::Device(device) => fabric.world.topology.devices[device].ports.clone(),
            Place::Job(_) => Vec::new(),
        };
        ports.into_iter().for_each(|port| fabric.world.reset_counters(port));
    }

    fn end(&self, _fabric: &mut Fabric, _injection: &Injection) {}
}

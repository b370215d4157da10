//! The clock of a device runs away by up to a second: strength × 1 s. The device, and what it counts, are sound.

use super::{Fault, Injection, Nature, Place, Scope};
use crate::sim::Fabric;

pub struct ClockSkew;

fn set(fabric: &mut Fabric, place: Place, skew_s: f64) {
    if let Place::Device(device) = place {
        fabric.world.skews[device] = skew_s;
    }
}

impl Fault for ClockSkew {
    fn class(&self) -> &'static str {
        "clock_skew"
    }

    fn nature(&self) -> Nature {
        Nature::Data
    }

    fn scope(&self) -> Scope {
        Scope::Device
    }

    fn varies(&self) -> bool {
        true
    }

    fn places(&self, fabric: &Fabric, _strength: f64) -> Vec<(Place, f64)> {
        (0..fabric.world.topology.nodes).map(|node| (Place::Device(node), 1.0)).collect()
    }

    fn begin(&self, fabric: &mut Fabric, injection: &Injection) {
        set(fabric, injection.place, injection.strength);
    }

    fn end(&self, fabric: &mut Fabric, injection: &Injection) {
        set(fabric, injection.place, 0.0);
    }
}

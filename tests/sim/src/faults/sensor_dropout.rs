//! A collector says nothing while the node and its job go on. Strength means nothing here.

use super::{Fault, Injection, Nature, Place, Scope};
use crate::sim::Fabric;

pub struct SensorDropout;

fn set(fabric: &mut Fabric, place: Place, muted: bool) {
    match place {
        Place::Device(device) => fabric.world.muted[device] = muted,
        Place::Port(port) => {
            let device = fabric.world.device_of(port);
            fabric.world.muted[device] = muted;
        }
        Place::Job(_) => {}
    }
}

impl Fault for SensorDropout {
    fn class(&self) -> &'static str {
        "sensor_dropout"
    }

    fn nature(&self) -> Nature {
        Nature::Data
    }

    fn scope(&self) -> Scope {
        Scope::Device
    }

    fn places(&self, fabric: &Fabric, _strength: f64) -> Vec<(Place, f64)> {
        (0..fabric.world.topology.devices.len()).map(|device| (Place::Device(device), 1.0)).collect()
    }

    fn begin(&self, fabric: &mut Fabric, injection: &Injection) {
        set(fabric, injection.place, true);
    }

    fn end(&self, fabric: &mut Fabric, injection: &Injection) {
        set(fabric, injection.place, false);
    }
}

//! Counter reset: most counters of a port fell together, or its epoch changed. A fault of the data: the features has begun
//! anew, and says so.

use super::{Detector, Shows, Sink, Spot, armed};
use crate::fabric::{Place, PortId};
use crate::features::Features;
use crate::kinds::{CountersFell, FactKind};

pub const DETECTOR: Detector = Detector {
    name: "reset",
    reads: &[],
    detect,
    forget,
    armed: &[armed::Row { detector: "counter_reset", facts: &[FactKind::CountersFell], look: armed::counter_reset::look }],
};

pub fn detect(features: &Features, out: &mut Sink<'_>) {
    for (id, device) in features.devices.iter().enumerate() {
        out.look_at(Spot::Place(Place::Device(id)), 1 + features.topology.devices[id].ports.len());
        let mut seen = features.topology.devices[id].ports.iter().filter(|&&p| features.ports[p].seen_tick.is_some());
        if device.reset_ports.is_empty() {
            if device.silent.is_none() && seen.next().is_some() {
                out.absent(FactKind::CountersFell, Place::Device(id));
            }
        } else if device.reset_ports.len() * 2 > seen.count() {
            let ports = device.reset_ports.len() as u32;
            out.present(Place::Device(id), shows(features, device.reset_ports[0]), CountersFell { ports });
        } else {
            // A reset is the port's own, even where a cable leads elsewhere.
            for &port in &device.reset_ports {
                out.present(Place::Port(port), shows(features, port), CountersFell { ports: 1 });
            }
        }
    }
    clear_ports(features, out);
}

pub fn forget(features: &mut Features, spot: Option<Spot>) {
    Spot::devices(spot, features).into_iter().for_each(|device| features.devices[device].reset_ports.clear());
}

fn clear_ports(features: &Features, out: &mut Sink<'_>) {
    let well_again = |place: &Place| {
        let Place::Port(port) = *place else { return false };
        let state = &features.ports[port];
        state.reset_tick.is_some_and(|t| t < features.tick) && state.seen_tick == Some(features.tick)
    };
    let over: Vec<Place> = out.watched(FactKind::CountersFell).filter(well_again).collect();
    over.into_iter().for_each(|place| out.absent(FactKind::CountersFell, place));
}

fn shows(features: &Features, port: PortId) -> Shows {
    let since_ns = features.now_ns - features.tick_ns;
    Shows { since_ns, port: Some(port), one_sided: true, strength: 1.0, ..Shows::default() }
}

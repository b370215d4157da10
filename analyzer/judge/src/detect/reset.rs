//! Counter reset: most counters of a port fell together, or its epoch changed. A fault of the data: the features has begun
//! anew, and says so.

use super::{FactKind, Place, Presence, Sink, Spot};
use crate::fabric::PortId;
use crate::features::Features;
use crate::kinds::Evidence;

pub fn detect(features: &Features, out: &mut Sink<'_>) {
    for (id, device) in features.devices.iter().enumerate() {
        out.look_at(Spot::Place(Place::Device(id)), 1 + features.topology.devices[id].ports.len());
        let mut seen = features.topology.devices[id].ports.iter().filter(|&&p| features.ports[p].seen_tick.is_some());
        if device.reset_ports.is_empty() {
            if device.silent.is_none() && seen.next().is_some() {
                out.clear(FactKind::CountersFell, Place::Device(id));
            }
        } else if device.reset_ports.len() * 2 > seen.count() {
            let presence = presence(features, device.reset_ports.len(), device.reset_ports[0]);
            out.present(FactKind::CountersFell, Place::Device(id), presence);
        } else {
            // A reset is the port's own, even where a cable leads elsewhere.
            for &port in &device.reset_ports {
                out.present(FactKind::CountersFell, Place::Port(port), presence(features, 1, port));
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
    over.into_iter().for_each(|place| out.clear(FactKind::CountersFell, place));
}

fn presence(features: &Features, ports: usize, port: PortId) -> Presence {
    let evidence = Evidence {
        counter: "epoch".into(),
        value: ports as f64,
        unit: "ports".into(),
        reference: 0.0,
        reference_of: "itself before".into(),
    };
    let since_ns = features.now_ns - features.tick_ns;
    Presence { since_ns, until_ns: None, port: Some(port), one_sided: true, strength: 1.0, evidence, job: None }
}

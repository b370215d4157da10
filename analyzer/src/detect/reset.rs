//! Counter reset: most counters of a port fell together, or its epoch changed. A fault of the data: the model has begun
//! anew, and says so.

use super::{FactKind, Place, Presence, Sink, Spot};
use crate::fact::Evidence;
use crate::model::{Model, PortId};

pub fn detect(model: &Model, out: &mut Sink<'_>) {
    for (id, device) in model.devices.iter().enumerate() {
        out.look_at(Spot::Place(Place::Device(id)), 1 + model.topology.devices[id].ports.len());
        let mut seen = model.topology.devices[id].ports.iter().filter(|&&p| model.ports[p].seen_tick.is_some());
        if device.reset_ports.is_empty() {
            if device.silent.is_none() && seen.next().is_some() {
                out.clear(FactKind::CountersFell, Place::Device(id));
            }
        } else if device.reset_ports.len() * 2 > seen.count() {
            let presence = presence(model, device.reset_ports.len(), device.reset_ports[0]);
            out.present(FactKind::CountersFell, Place::Device(id), presence);
        } else {
            // A reset is the port's own, even where a cable leads elsewhere.
            for &port in &device.reset_ports {
                out.present(FactKind::CountersFell, Place::Port(port), presence(model, 1, port));
            }
        }
    }
    clear_ports(model, out);
}

pub fn forget(model: &mut Model, spot: Option<Spot>) {
    Spot::devices(spot, model).into_iter().for_each(|device| model.devices[device].reset_ports.clear());
}

fn clear_ports(model: &Model, out: &mut Sink<'_>) {
    let well_again = |place: &Place| {
        let Place::Port(port) = *place else { return false };
        let state = &model.ports[port];
        state.reset_tick.is_some_and(|t| t < model.tick) && state.seen_tick == Some(model.tick)
    };
    let over: Vec<Place> = out.watched(FactKind::CountersFell).filter(well_again).collect();
    over.into_iter().for_each(|place| out.clear(FactKind::CountersFell, place));
}

fn presence(model: &Model, ports: usize, port: PortId) -> Presence {
    let evidence = Evidence {
        counter: "epoch".into(),
        value: ports as f64,
        unit: "ports".into(),
        reference: 0.0,
        reference_of: "itself before".into(),
    };
    let since_ns = model.now_ns - model.tick_ns;
    Presence { since_ns, until_ns: None, port: Some(port), one_sided: true, strength: 1.0, evidence, job: None }
}

//! Counter reset: a quarter or more of a port's counters fell at one reading, or its epoch changed, which its collector
//! counts up when the driver is loaded again or somebody clears the counters (`features/restarts.rs`). It is a fault of the
//! data: the features have begun anew with the port, and this says so.
//!
//! ```text
//! tx_packets    8,113,204   8,114,911   17   1,780       fell: the driver was loaded again
//! rx_packets    7,990,112   7,991,840   12   1,699       fell at the same reading
//! ```
//! Where more than half of the ports of a device that are read were reset in one tick, it is one reset of the device, and
//! not one of each port.

use super::{Detector, Shows, Sink, Spot};
use super::armed::{Row, Tally, View};
use crate::fabric::{Place, PortId};
use crate::features::Features;
use crate::kinds::{CountersFell, FactKind};

/// Of a device's ports that are read, more than this part: as for `silence.rs`, one cause that most of them share is likelier
/// than as many causes of their own.
const MOST_PORTS: f64 = 0.5;

pub const DETECTOR: Detector = Detector {
    name: "reset",
    reads: &[],
    detect,
    forget,
    armed: &[Row { detector: "counter_reset", facts: &[FactKind::CountersFell], look: armed }],
};

pub fn detect(features: &Features, out: &mut Sink<'_>) {
    for (id, device) in features.devices.iter().enumerate() {
        out.look_at(Spot::Place(Place::Device(id)), 1 + features.topology.devices[id].ports.len());
        let mut seen = features.topology.devices[id].ports.iter().filter(|&&p| features.ports[p].seen_tick().is_some());
        if device.reset_ports.is_empty() {
            if device.silent.is_none() && seen.next().is_some() {
                out.absent(FactKind::CountersFell, Place::Device(id));
            }
        } else if device.reset_ports.len() as f64 > seen.count() as f64 * MOST_PORTS {
            let ports = device.reset_ports.len() as u32;
            out.present(Place::Device(id), shows(features, device.reset_ports[0]), CountersFell { ports });
        } else {
            // The place is the port and not its cable: the other end has counters of its own.
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

/// The reset of a port is over as soon as a later tick has a reading of it.
fn clear_ports(features: &Features, out: &mut Sink<'_>) {
    let counts_again = |place: &Place| {
        let Place::Port(port) = *place else { return false };
        let state = &features.ports[port];
        state.reset_tick().is_some_and(|t| t < features.tick) && state.seen_tick() == Some(features.tick)
    };
    let over: Vec<Place> = out.watched(FactKind::CountersFell).filter(counts_again).collect();
    over.into_iter().for_each(|place| out.absent(FactKind::CountersFell, place));
}

fn shows(features: &Features, port: PortId) -> Shows {
    let since_ns = features.now_ns - features.tick_ns;
    Shows { since_ns, port: Some(port), one_sided: true, strength: 1.0, ..Shows::default() }
}

/// `counter_reset`: of all that is heard.
fn armed(view: &View<'_>, tally: &mut Tally) {
    view.each_port(tally, |_| None);
}

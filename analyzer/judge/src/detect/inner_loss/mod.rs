//! A switch that loses packets behind its ports: it counted them as received, never sent them on, and counts none of
//! them as dropped.
//!
//! ```text
//! balance of the switch grows  ─►  A nats: it loses packets  ─►  which cable do they come by?  ─►  .95 sure: that cable
//! features/balance.rs              (statistics/ramp.rs)          locate.rs                         else after 60: the likeliest,
//!                                                                                                  or the switch with its suspects
//! ```
//! The two ends of each cable agree about what passed between them (`detect/conservation`), so that only the balance of
//! the switch shows such a loss. Causes are a faulty packet buffer or table, a filter that drops what it should not, or
//! a bug of the pipeline.
//!
//! Nothing is said of a switch one of whose links is slow: it overflows, whether it counts that or not. Nor of less
//! than one packet in 10,000: a switch takes some packets for itself (routing, telemetry), and some it makes.

mod armed;
mod locate;
#[cfg(test)]
mod tests;

use super::armed::Row;
use super::{Detector, Shows, Sink, Spot, Weighed, budget, strength};
use crate::fabric::{DeviceId, Place, PortId};
use crate::features::balance::Loss;
use crate::features::{DeviceState, Features, TRAIL};
use crate::kinds::{FactKind, InnerLoss, Suspect};
use locate::{Likely, locate};

const NAME: &str = "inner_loss";
/// A switch takes some hundred packets a second for itself, of a million that it forwards: routes, telemetry, neighbours.
const LEAST_RATIO: f64 = 1e-4;
/// No transport keeps sending while so much of what it sends vanishes: at one packet in ten TCP sends a few packets a
/// round trip (Mathis and others, Computer Communication Review 27, 1997), and go-back-N delivers next to nothing. What
/// leaves the balance at such a rate has left by a port that nobody reads: a store that is not in the plan.
const MOST_RATIO: f64 = 0.1;
/// How sure a cable is to be accused at once.
const SURE: f64 = 0.95;
/// Readings after which no more is learned, since the past that is compared with leaves the memory; the likeliest cable
/// is accused then where it is likelier than all others together, and else the switch.
const MOST_READINGS: usize = 60;
const LIKELIER: f64 = 0.5;
/// Suspects told.
const MOST_SUSPECTS: usize = 3;
/// As of a cable's loss (`detect/conservation`).
const HALF_STRENGTH: f64 = 1e-3;

pub const DETECTOR: Detector = Detector {
    name: NAME,
    reads: &[],
    detect,
    forget,
    armed: &[Row { detector: NAME, facts: &[FactKind::InnerLoss], look: armed::look }],
};

pub fn detect(features: &Features, out: &mut Sink<'_>) {
    let lossy = lossy(features);
    let claimed: Vec<Place> = out.watched(FactKind::InnerLoss).collect();
    for &place in &claimed {
        follow(features, place, &lossy, out);
    }
    let mut said: Vec<DeviceId> = claimed.iter().flat_map(|&place| switches(features, place)).collect();
    for (device, loss) in &lossy {
        if !said.contains(device) && !serves_a_slow_link(features, *device, out) {
            out.look_at(Spot::Place(Place::Device(*device)), features.topology.devices[*device].ports.len() * TRAIL);
            if let Some(found) = judge(features, *device, loss, &lossy) {
                said.extend(switches(features, found.place));
                say(features, found, loss, out);
            }
        }
    }
}

pub fn forget(features: &mut Features, spot: Option<Spot>) {
    for device in Spot::devices(spot, features) {
        features.devices[device].balance = None;
    }
}

pub fn bar(features: &Features) -> f64 {
    budget::change(features, NAME, features.bin_ns.max(features.tick_ns))
}

pub fn weighed(features: &Features) -> Vec<Weighed> {
    let of = |(device, state): (DeviceId, &DeviceState)| {
        let balance = state.balance.as_ref().filter(|balance| balance.is_told(features.tick))?;
        let nats = balance.loss().map_or(0.0, |loss| loss.nats);
        Some(Weighed { place: Place::Device(device), nats, readings: 1.0 })
    };
    features.devices.iter().enumerate().filter_map(of).collect()
}

/// The switches whose balance surely grows.
fn lossy(features: &Features) -> Vec<(DeviceId, Loss)> {
    let bar = bar(features);
    let of = |(device, state): (DeviceId, &DeviceState)| {
        let loss = *state.balance.as_ref()?.loss()?;
        (loss.nats >= bar && (LEAST_RATIO..MOST_RATIO).contains(&loss.ratio())).then_some((device, loss))
    };
    features.devices.iter().enumerate().filter_map(of).collect()
}

/// The switch itself, or those at the ends of the cable.
fn switches(features: &Features, place: Place) -> Vec<DeviceId> {
    let devices = Spot::devices(Some(Spot::Place(place)), features);
    devices.into_iter().filter(|&device| features.topology.devices[device].is_switch).collect()
}

fn serves_a_slow_link(features: &Features, device: DeviceId, out: &Sink<'_>) -> bool {
    let cables = features.topology.devices[device].ports.iter().filter_map(|&port| features.topology.ports[port].cable);
    cables.into_iter().any(|cable| out.watches(FactKind::LowServiceRate, Place::Cable(cable)))
}

/// What has been said: it goes on, or is over.
fn follow(features: &Features, place: Place, lossy: &[(DeviceId, Loss)], out: &mut Sink<'_>) {
    let switches = switches(features, place);
    let still = lossy.iter().find(|(device, _)| switches.contains(device));
    if let Some((device, loss)) = still {
        let own = features.topology.devices[*device].ports.iter().copied();
        let port = own.into_iter().find(|&port| features.topology.place_of(port) == place);
        let likely = if port.is_none() { locate(features, *device, lossy) } else { Vec::new() };
        say(features, Found { place, device: *device, port, likely }, loss, out);
        return;
    }
    let balance = |device: &DeviceId| features.devices[*device].balance.as_ref();
    if switches.iter().all(|device| balance(device).is_some_and(|balance| balance.is_told(features.tick))) {
        out.absent(FactKind::InnerLoss, place);
    }
}

struct Found {
    place: Place,
    device: DeviceId,
    /// The port of the switch behind which the packets vanish, where one cable is accused.
    port: Option<PortId>,
    likely: Vec<Likely>,
}

/// What is to be said of a switch that loses packets, as soon as enough is known.
fn judge(features: &Features, device: DeviceId, loss: &Loss, lossy: &[(DeviceId, Loss)]) -> Option<Found> {
    let readings = features.devices[device].balance.as_ref()?.points_since(loss.since_tick);
    let likely = locate(features, device, lossy);
    let bar = if readings < MOST_READINGS { SURE } else { LIKELIER };
    match likely.first().filter(|first| first.share > bar) {
        Some(&Likely { cable, port, .. }) => {
            Some(Found { place: Place::Cable(cable), device, port: Some(port), likely: Vec::new() })
        }
        None if readings >= MOST_READINGS => Some(Found { place: Place::Device(device), device, port: None, likely }),
        None => None,
    }
}

fn say(features: &Features, found: Found, loss: &Loss, out: &mut Sink<'_>) {
    let topology = &features.topology;
    let suspect = |likely: &Likely| Suspect { part: topology.part(Place::Cable(likely.cable)), share: likely.share };
    let shows = Shows {
        since_ns: loss.since_tick * features.tick_ns,
        until_ns: Some((loss.until_tick + 1) * features.tick_ns),
        port: found.port,
        one_sided: found.port.is_some(),
        strength: strength(loss.ratio(), HALF_STRENGTH),
        job: None,
    };
    let payload = InnerLoss {
        device: topology.devices[found.device].name.clone(),
        ratio: loss.ratio(),
        suspects: found.likely.iter().take(MOST_SUSPECTS).map(suspect).collect(),
    };
    out.present(found.place, shows, payload);
}

//! PFC deadlock: switches hold each other up in a circle, and none of them will ever send again.
//!
//! ```text
//! agg-2 Ethernet0 ──► tor-1      for 12 s: held for all of the time, 1.2 MB wait, nothing is sent
//!     ▲                 │
//!   agg-2 ◄── tor-1 Ethernet28   the same, 1.5 MB wait         the cable between the two is accused
//!
//! tor-2, tor-3, and their hosts  are held up by agg-2: they wait behind the circle
//! ```
//! Three things must come together, and none of them is a matter of degree:
//!
//! 1. Ports stand still (`features/stuck.rs`): held for all of an interval, with a queue, and nothing sent.
//! 2. They hold each other in a circle that nothing leaves (`circles.rs`). Where the pauses can be followed to a host, that
//!    host is slow, and there is no deadlock.
//! 3. All of them for longer than full buffers need to empty, and for two whole intervals at least. Example: at 100 Gbit/s six
//!    buffers of 256 MB, one behind the other, are empty after 123 ms.
//!
//! No past is needed and no job: a sound fabric cannot do this. Where both ends of a cable are of the circle that cable is
//! accused, as where a wrong route sends packets back to where they came from. Else the port that stood still first is, and
//! each other cable of the circle with it, for one is as likely as the other.

mod circles;
#[cfg(test)]
mod tests;

use super::armed::{Reason, Row, Tally, View, is_heard};
use super::{Detector, Shows, Sink, Spot, strength};
use crate::fabric::{CableId, Place, PortId};
use crate::features::Features;
use crate::kinds::{FactKind, PfcDeadlock, Suspect};
use std::collections::{BTreeMap, BTreeSet};

const NAME: &str = "pfc_deadlock";
/// Bytes. The largest shared buffers of switches for lossless fabrics hold some 165 MB (2026); with room for the next ones.
const BUFFER: f64 = 256e6;
/// Buffers that may have to empty one behind the other: up and down three tiers.
const HOPS: f64 = 6.0;
/// The rate of a port, bit/s, where the plan does not tell it: the slowest that lossless fabrics are built of.
const SLOWEST_BPS: f64 = 10e9;
/// Whole intervals, of which the first is counted from the reading before. Half of one may be missing to jitter.
const INTERVALS: f64 = 1.5;

pub const DETECTOR: Detector = Detector {
    name: NAME,
    reads: &[],
    detect,
    forget,
    armed: &[Row { detector: NAME, facts: &[FactKind::PfcDeadlock], look: armed }],
};

fn detect(features: &Features, out: &mut Sink<'_>) {
    if !features.stuck.is_empty() {
        let is_told = |port: &PortId| is_heard(features, &features.ports[*port]);
        let still: Vec<PortId> = features.stuck.keys().copied().filter(is_told).collect();
        out.spend(still.len());
        for circle in circles::closed(&features.topology, &still) {
            say(features, &circle, &still, out);
        }
    }
    let over: Vec<Place> = out.watched(FactKind::PfcDeadlock).filter(|&place| is_over(features, place)).collect();
    over.into_iter().for_each(|place| out.absent(FactKind::PfcDeadlock, place));
}

fn forget(features: &mut Features, spot: Option<Spot>) {
    Spot::ports(spot, features).into_iter().for_each(|port| _ = features.stuck.remove(&port));
}

/// For how long a port has stood still, s, and for how long it may: until all buffers before it are empty.
fn stood(features: &Features, port: PortId) -> Option<(f64, f64)> {
    let (state, since_ns) = (&features.ports[port], features.stuck.get(&port)?);
    let bps = features.topology.ports[port].planned_bps.map_or(SLOWEST_BPS, |bps| bps as f64);
    let drained_s = (HOPS * BUFFER * 8.0 / bps).max(INTERVALS * state.interval_ns() as f64 / 1e9);
    Some(((state.last?.ts_ns - since_ns) as f64 / 1e9, drained_s))
}

fn say(features: &Features, circle: &[PortId], still: &[PortId], out: &mut Sink<'_>) {
    let topology = &features.topology;
    let stood: Vec<(f64, f64)> = circle.iter().filter_map(|&port| stood(features, port)).collect();
    if stood.len() < circle.len() || stood.iter().any(|(stood_s, drained_s)| stood_s < drained_s) {
        return;
    }
    let since_ns = |port: &PortId| features.stuck[port];
    let mut circle = circle.to_vec();
    circle.sort_by_key(|port| (since_ns(port), *port));
    let (port, others) = accused(features, &circle);
    let place = topology.place_of(port);
    out.look_at(Spot::Place(place), circle.len());
    let share = 1.0 / (others.len() + 1) as f64;
    let suspect = |&cable: &CableId| Suspect { part: topology.part(Place::Cable(cable)), share };
    let behind: Vec<PortId> = still.iter().copied().filter(|port| !circle.contains(port)).collect();
    let waiting = circle.iter().filter_map(|&port| features.ports[port].last?.queue_bytes);
    let stood_s = stood.iter().fold(f64::INFINITY, |least: f64, (stood_s, _)| least.min(*stood_s));
    let drained_s = stood.iter().fold(0.0, |most: f64, (_, drained_s)| most.max(*drained_s));
    let payload = PfcDeadlock {
        circle: circle.iter().map(|&port| topology.name(port)).collect(),
        behind: behind.iter().take(PfcDeadlock::MOST_BEHIND).map(|&port| topology.name(port)).collect(),
        all_behind: behind.len() as u32,
        stood_s,
        drained_s,
        waiting_bytes: waiting.map(f64::from).reduce(|all, bytes| all + bytes),
        suspects: others.iter().map(suspect).collect(),
    };
    let shows = Shows {
        // It closed when the last of them stood still.
        since_ns: circle.iter().map(since_ns).max().unwrap_or(features.now_ns),
        until_ns: None,
        port: Some(port),
        one_sided: false,
        strength: strength(stood_s, drained_s),
        job: None,
    };
    out.present(place, shows, payload);
}

/// The port that is accused, and the other cables that may be it as well. `circle`: the first that stood still in front.
fn accused(features: &Features, circle: &[PortId]) -> (PortId, Vec<CableId>) {
    let topology = &features.topology;
    let mut ends: BTreeMap<CableId, usize> = BTreeMap::new();
    circle.iter().filter_map(|&port| topology.ports[port].cable).for_each(|cable| *ends.entry(cable).or_default() += 1);
    let is_both = ends.values().any(|&ends| ends > 1);
    let is_likely = |port: &&PortId| topology.ports[**port].cable.is_some_and(|cable| !is_both || ends[&cable] > 1);
    let likely: Vec<PortId> = circle.iter().filter(is_likely).copied().collect();
    let port = likely.first().copied().unwrap_or(circle[0]);
    let cable = |port: PortId| topology.ports[port].cable;
    let others: BTreeSet<CableId> = likely.iter().filter_map(|&port| cable(port)).filter(|&one| Some(one) != cable(port)).collect();
    (port, others.into_iter().collect())
}

/// A port of it is read, and none stands still.
fn is_over(features: &Features, place: Place) -> bool {
    let ports = Spot::ports(Some(Spot::Place(place)), features);
    ports.iter().all(|port| !features.stuck.contains_key(port))
        && ports.iter().any(|&port| features.ports[port].seen_tick() == Some(features.tick))
}

const OF_HOST: Reason = ("a port of a host", "nothing to do: switches alone can hold each other up in a circle");
const NO_PAUSES: Reason = ("its pauses are not counted in µs", "a switch and a driver that count the time of pauses (rx_pause_us)");

/// Of ports of switches that tell for how long they were held.
fn armed(view: &View<'_>, tally: &mut Tally) {
    let topology = &view.features.topology;
    view.each_port(tally, |port| match &view.features.ports[port] {
        _ if !topology.devices[topology.ports[port].device].is_switch => Some(OF_HOST),
        state if !state.health.tells_pauses() => Some(NO_PAUSES),
        _ => None,
    });
}

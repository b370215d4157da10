//! Slow receiver: a host pauses its switch more than it ever did, and is not paused itself.
//!
//! ```text
//! h09, ms a second that it pauses its switch    0 0 0 0 0 217 332 333 340 338 319 338 333      accused after 8 s
//!      ms a second that it is paused            6 25 18 9 8 5  7   15  5   8   14  10  12
//! h00, ms a second that it pauses its switch    0 0 0 0 0 0   0   0   0   0   0   0   0        waits for h09
//!      ms a second that it is paused            9 11 15 20 9 188 335 318 329 244 314 295 301
//! ```
//! `features/pauses.rs` sums the evidence from the host's own past, by what its port tells or the switch port that it is cabled
//! to; this holds it against the false alarms that are allowed. Whoever only waits pauses nobody.
//!
//! Where more than half of the hosts of the fabric begin to pause their switches, the cause is a common one, such as another
//! job, and no host is accused. That a host pauses its switch is information until a job there loses step time.

use super::armed::{Reason, Row, Tally, View};
use super::{Detector, Shows, Sink, Spot, Weighed, budget, strength};
use crate::fabric::{DeviceId, Place, PortId};
use crate::features::Features;
use crate::features::episode::SUSPICIOUS;
use crate::features::followed::is_pause;
use crate::features::pauses::{BIN_NS, Pauses, READS, Read, Surging, Unit};
use crate::kinds::{FactKind, PauseSurge, PauseUnit};
use std::collections::BTreeSet;

const NAME: &str = "pause_surge";
/// More than this part of all hosts share a cause.
const COMMON: f64 = 0.5;

pub const DETECTOR: Detector = Detector {
    name: NAME,
    reads: &[],
    detect,
    forget,
    armed: &[Row { detector: "slow_receiver", facts: &[FactKind::PauseSurge], look: armed }],
};

pub fn detect(features: &Features, out: &mut Sink<'_>) {
    let bar = bar(features);
    let mut suspicious: BTreeSet<DeviceId> = BTreeSet::new();
    let mut sure: Vec<(PortId, Surging)> = Vec::new();
    for &port in &features.ports_with.pauses {
        out.look_at(Spot::Place(Place::Port(port)), READS.len());
        let surging = features.pauses_surging(port).filter(|surging| surging.nats > f64::from(SUSPICIOUS));
        if let Some(surging) = surging {
            suspicious.insert(features.topology.ports[of_host(features, port)].device);
            sure.extend((surging.nats >= bar).then_some((port, surging)));
        }
    }
    let hosts = features.topology.devices.iter().filter(|device| !device.is_switch).count();
    if suspicious.len() == 1 || suspicious.len() as f64 <= COMMON * hosts as f64 {
        sure.into_iter().for_each(|(port, surging)| say(features, port, surging, bar, out));
    }
    let over: Vec<Place> = out.watched(FactKind::PauseSurge).filter(|&place| is_well(features, place)).collect();
    over.into_iter().for_each(|place| out.absent(FactKind::PauseSurge, place));
}

pub fn bar(features: &Features) -> f64 {
    budget::change(features, NAME, BIN_NS.max(features.tick_ns))
}

pub fn weighed(features: &Features) -> Vec<Weighed> {
    let readings = (features.tick_ns as f64 / BIN_NS as f64).min(1.0);
    let of = |port: PortId| {
        let nats = features.pauses_surging(port)?.nats;
        Some(Weighed { place: Place::Port(port), nats, readings })
    };
    (0..features.ports.len()).filter_map(of).collect()
}

/// The host's port that a port tells of: itself, or the one that a switch port is cabled to.
fn of_host(features: &Features, port: PortId) -> PortId {
    features.topology.far(port).filter(|_| features.topology.leads_to_host(port)).unwrap_or(port)
}

pub fn forget(features: &mut Features, spot: Option<Spot>) {
    Spot::ports(spot, features).into_iter().for_each(|port| features.ports[port].pauses = Pauses::default());
}

fn say(features: &Features, port: PortId, surging: Surging, bar: f64, out: &mut Sink<'_>) {
    let Surging { counter, nats, since_tick, until_tick, .. } = surging;
    let (in_unit, times) = match READS[counter].unit {
        Unit::Microseconds => (PauseUnit::OfTheTime, 1e-6),
        Unit::Frames => (PauseUnit::FramesASecond, 1.0),
    };
    let shows = Shows {
        since_ns: since_tick * features.tick_ns,
        until_ns: Some((until_tick + 1) * features.tick_ns),
        port: Some(port),
        one_sided: true,
        strength: strength(nats, bar),
        job: None,
    };
    let Read { sent, received, .. } = READS[counter];
    let host = of_host(features, port);
    let counter = if host == port { sent } else { received }.to_owned();
    let [rate, usual] = [surging.rate, surging.usual].map(|rate| rate * times);
    // The place is the port and not its cable: the cable carries what it is given.
    out.present(Place::Port(host), shows, PauseSurge { counter, in_unit, rate, usual, nats });
}

/// What is read of it goes on, and it pauses its switch no more than it did.
fn is_well(features: &Features, place: Place) -> bool {
    let Place::Port(port) = place else { return false };
    let is_calm = |surging: Surging| surging.nats <= f64::from(SUSPICIOUS);
    let ends = || [Some(port), features.topology.far(port)].into_iter().flatten();
    ends().all(|end| features.pauses_surging(end).is_none_or(is_calm))
        && ends().any(|end| features.ports[end].seen_tick() == Some(features.tick))
}

const OF_SWITCH: Reason = ("a port of a switch", "nothing to do: the port of a host is judged, by what either end tells");
const NO_PAUSES: Reason = ("no pauses counted", "a fabric with flow control, and a driver that counts pauses");

/// `slow_receiver`: of ports of hosts of which they themselves or their switch tell how much they pause it.
fn armed(view: &View<'_>, tally: &mut Tally) {
    let topology = &view.features.topology;
    let tells = view.features.ports_that_tell(is_pause);
    view.each_port(tally, |port| match topology.devices[topology.ports[port].device].is_switch {
        true => Some(OF_SWITCH),
        false => (!tells[port] && !topology.far(port).is_some_and(|far| tells[far])).then_some(NO_PAUSES),
    });
}

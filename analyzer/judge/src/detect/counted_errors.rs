//! Lossy link by what its receiving end counts: damaged packets, symbols and blocks that come more often than they did, and
//! than the standard of the link allows.
//!
//! ```text
//! rx_crc_errors a second   0 0 0 0 0 0 0 17 25 36 8 21 30 12 19      of 1.3 million packets, where 0.1 may be
//! nats                     0             3  6  9 12 15 18 21 23      said in the tick that reaches 22.9
//! ```
//! `features/errors.rs` sums the evidence; this holds it against the false alarms that are allowed. Loss that is heavier shows
//! sooner by what the two ends count of packets (`conservation`): the two are evidence of one case. This one needs neither the
//! other end nor its clock, and sees loss of one packet in 10⁶.
//!
//! Where more than half of the ports of a kind (switches', hosts') count as much, the cause is a common one and no cable is
//! accused: a counter that counts something else on such devices, or an error of the whole fabric.

use super::armed::{Reason, Row, Tally, View};
use super::{Detector, Shows, Sink, Spot, Weighed, budget, strength};
use crate::fabric::{Place, PortId};
use crate::features::Features;
use crate::features::episode::SUSPICIOUS;
use crate::features::errors::{Per, READS, Rising};
use crate::features::followed::is_error;
use crate::kinds::{CountedErrors, FactKind, Unit};
use std::cell::OnceCell;

const NAME: &str = "counted_errors";
/// More than this part of all ports of a kind share a cause.
const COMMON: f64 = 0.5;
/// Another port counts as much when its rate is at least this part of the accused one's: the least of the alternatives is
/// three times as much.
const AS_MUCH: f64 = 1.0 / 3.0;

pub const DETECTOR: Detector = Detector {
    name: NAME,
    reads: &[],
    detect,
    forget,
    armed: &[Row { detector: "lossy_link", facts: &[FactKind::CountedErrors], look: armed }],
};

pub fn detect(features: &Features, out: &mut Sink<'_>) {
    let bar = bar(features);
    let all = OnceCell::new();
    for &port in &features.ports_with.errors {
        let place = features.topology.place_of(port);
        out.look_at(Spot::Place(place), READS.len());
        let Some(rising) = features.errors_rising(port).filter(|rising| rising.nats >= bar) else { continue };
        let heard = *all.get_or_init(|| heard(features));
        out.spend(features.ports_with.errors.len());
        if !is_common(features, port, rising, heard) {
            say(features, port, rising, bar, out);
        }
    }
    let over: Vec<Place> = out.watched(FactKind::CountedErrors).filter(|&place| is_well(features, place)).collect();
    over.into_iter().for_each(|place| out.absent(FactKind::CountedErrors, place));
}

pub fn forget(features: &mut Features, spot: Option<Spot>) {
    Spot::ports(spot, features).into_iter().for_each(|port| features.ports[port].errors = None);
}

pub fn bar(features: &Features) -> f64 {
    budget::change(features, NAME, features.tick_ns)
}

pub fn weighed(features: &Features) -> Vec<Weighed> {
    let told = features.ports_with.errors.iter().filter(|&&port| is_seen(features, port));
    let of = |&port: &PortId| {
        let nats = features.errors_rising(port)?.nats;
        Some(Weighed { place: Place::Port(port), nats, readings: 1.0 })
    };
    told.filter_map(of).collect()
}

fn say(features: &Features, port: PortId, rising: Rising, bar: f64, out: &mut Sink<'_>) {
    let Rising { counter, nats, errors, rate, usual, .. } = rising;
    let per = match READS[counter].per {
        Per::Packet => Unit::Packet,
        Per::Second | Per::Seldom => Unit::Second,
    };
    let far = features.topology.far(port);
    let shows = Shows {
        since_ns: rising.since_tick * features.tick_ns,
        until_ns: Some((rising.until_tick + 1) * features.tick_ns),
        port: Some(port),
        one_sided: far.is_some_and(|far| is_seen(features, far) && is_calm(features, far)),
        strength: strength(nats, bar),
        job: None,
    };
    let counter = READS[counter].counter.to_owned();
    out.present(features.topology.place_of(port), shows, CountedErrors { counter, per, rate, usual, errors, nats });
}

/// Most ports of the same kind of device count as much. `heard`: how many of hosts and of switches have told anything.
fn is_common(features: &Features, port: PortId, rising: Rising, heard: [usize; 2]) -> bool {
    let kind = is_switch(features, port);
    let alike = features.ports_with.errors.iter().filter(|&&other| is_switch(features, other) == kind);
    let rates = alike.map(|&other| features.errors_rate(other, rising.counter));
    let as_much = rates.filter(|rate| *rate >= rising.rate * AS_MUCH).count();
    as_much > 1 && as_much as f64 > COMMON * heard[usize::from(kind)] as f64
}

fn is_switch(features: &Features, port: PortId) -> bool {
    features.topology.devices[features.topology.ports[port].device].is_switch
}

/// How many ports of hosts and of switches have told anything. Goes through all ports: asked only where one is to be accused.
fn heard(features: &Features) -> [usize; 2] {
    let told = (0..features.ports.len()).filter(|&port| features.ports[port].seen_tick().is_some());
    told.fold([0; 2], |mut heard, port| {
        heard[usize::from(is_switch(features, port))] += 1;
        heard
    })
}

/// Neither end of it counts more than usual, and what is read of it goes on.
fn is_well(features: &Features, place: Place) -> bool {
    let ends = Spot::ports(Some(Spot::Place(place)), features);
    ends.iter().all(|&end| is_calm(features, end)) && ends.iter().any(|&end| is_seen(features, end))
}

fn is_calm(features: &Features, port: PortId) -> bool {
    features.errors_rising(port).is_none_or(|rising| rising.nats <= f64::from(SUSPICIOUS))
}

fn is_seen(features: &Features, port: PortId) -> bool {
    features.ports[port].seen_tick() == Some(features.tick)
}

const NO_ERRORS: Reason = ("damage not counted", "a driver that counts checksum errors, symbols or blocks");
const NO_PACKETS: Reason = ("packets not counted", "collect rx_packets: damage is told as a part of them");

/// `lossy_link`: of ports whose rows tell packets and any of the counters.
fn armed(view: &View<'_>, tally: &mut Tally) {
    let counts = view.features.ports_that_tell(is_error);
    view.each_port(tally, |port| match (counts[port], view.features.ports[port].begun_packets) {
        (false, _) => Some(NO_ERRORS),
        (true, None) => Some(NO_PACKETS),
        (true, Some(_)) => None,
    });
}

//! Who fills a hot port: the bytes that are foreign there, followed back from switch to switch to the hosts that send them.
//!
//! ```text
//! foreign at a port  =  bytes now − bytes before · the part that the job has kept
//!
//! h8 ──28──► leaf2 ──28──► spine0 ──28──┐                         of 78 Mbit/s that leaf0 sends to h0, 56 are foreign;
//! h5 ──28──► leaf1 ──28──► spine1 ──28──┴─► leaf0 ──56──► h0      the ports before it lead to h5 and h8, which send them
//! ```
//! What vanishes or is sent again adds no host, and what somebody sends elsewhere leads to no other port. The hosts found must
//! account for half of what is foreign at least, and send no more than twice as much, else somebody is missing or not meant.

use super::{FOREIGN, Found};
use super::slowing::Slowing;
use crate::fabric::{DeviceId, Place, PortId};
use crate::features::Features;
use crate::kinds::{Incast, NoisyNeighbour};
use std::collections::{BTreeMap, BTreeSet};

/// Of the bytes of the port, what a host must send more to be one of those who fill it.
const A_SENDER: f64 = 0.05;
/// Of what is foreign, what the hosts found must send more: half leaves room for what they stop sending elsewhere.
const ADDS_UP: std::ops::RangeInclusive<f64> = 0.5..=2.0;
/// Switches between a host and a port, at most: up and down three tiers, and one for a detour.
const MOST_HOPS: usize = 6;

/// A host outside the job that sends more than before.
#[derive(Clone, Copy, Debug)]
struct Sender {
    host: DeviceId,
    /// Bytes a slot.
    more: f64,
}

/// A hot port, and those who fill it.
struct Filled {
    port: PortId,
    nats: f64,
    /// It leads to a host of the job.
    is_last: bool,
    /// Bytes a slot: all, and those that are foreign.
    sent: f64,
    foreign: f64,
    /// The one that sends most first.
    senders: Vec<Sender>,
}

/// `hot`: ports on the job's paths, each with its evidence.
pub fn find(features: &Features, slowing: &Slowing, hot: &[(PortId, f64)]) -> Option<Found> {
    let filled = hot.iter().filter_map(|&(port, nats)| filled(features, slowing, last_hop(features, slowing, port), nats));
    // The last hop first: what is foreign there is not on its way to anywhere else.
    let first = filled.max_by(|a, b| a.is_last.cmp(&b.is_last).then(a.foreign.total_cmp(&b.foreign)))?;
    Some(verdict(features, slowing, first))
}

/// Where the bytes that are foreign at a port come to a host of the job, if that last hop is busier; else the port itself. Bytes
/// that meet there hold up ports before it, and these may show it sooner.
fn last_hop(features: &Features, slowing: &Slowing, port: PortId) -> PortId {
    let topology = &features.topology;
    let mut at = port;
    for _ in 0..MOST_HOPS {
        let Some(to) = topology.far(at).map(|far| topology.ports[far].device) else { return port };
        if is_of_job(features, slowing, to) {
            return if slowing.busy(features, at) > slowing.busy(features, port) { at } else { port };
        }
        let from = topology.ports[at].device;
        let leads_on = |next: &PortId| topology.far(*next).is_some_and(|far| topology.ports[far].device != from);
        let next = topology.devices[to].ports.iter().copied().filter(leads_on);
        let next = next.filter_map(|next| Some((next, foreign(features, slowing, next)?)));
        let Some((next, more)) = next.max_by(|a, b| a.1.total_cmp(&b.1)) else { return port };
        if foreign(features, slowing, at).is_none_or(|own| more < ADDS_UP.start() * own) {
            return port;
        }
        at = next;
    }
    port
}

fn filled(features: &Features, slowing: &Slowing, port: PortId, nats: f64) -> Option<Filled> {
    let sent = features.ports[port].past.as_ref()?.mean(slowing.now)?;
    let foreign = foreign(features, slowing, port)?;
    if foreign <= FOREIGN * sent || !slowing.is_explained(features, port, foreign) {
        return None;
    }
    let far = features.topology.ports[features.topology.far(port)?].device;
    let is_last = is_of_job(features, slowing, far);
    let senders = trace_back(features, slowing, port, A_SENDER * sent);
    let all: f64 = senders.iter().map(|sender| sender.more).sum();
    ADDS_UP.contains(&(all / foreign)).then_some(Filled { port, nats, is_last, sent, foreign, senders })
}

/// Bytes a slot that pass a port now, beyond what the slower job leaves of those before.
fn foreign(features: &Features, slowing: &Slowing, port: PortId) -> Option<f64> {
    let past = features.ports[port].past.as_ref()?;
    Some(past.mean(slowing.now)? - past.mean(slowing.before)? * slowing.kept)
}

fn is_of_job(features: &Features, slowing: &Slowing, device: DeviceId) -> bool {
    features.topology.jobs[slowing.job].devices.binary_search(&device).is_ok()
}

/// The hosts outside the job whose bytes come to this port's switch by way of ports that all have more, each by `least` bytes
/// a slot.
fn trace_back(features: &Features, slowing: &Slowing, port: PortId, least: f64) -> Vec<Sender> {
    let topology = &features.topology;
    let from = topology.ports[port].device;
    let to = topology.far(port).map(|far| topology.ports[far].device);
    let mut seen: BTreeSet<DeviceId> = [from].into_iter().chain(to).collect();
    let (mut at, mut senders) = (vec![from], BTreeMap::<DeviceId, f64>::new());
    for _ in 0..MOST_HOPS {
        let mut before = Vec::new();
        let into = at.iter().flat_map(|&device| &topology.devices[device].ports);
        for far in into.filter_map(|&port| topology.far(port)).filter(|&far| topology.ports[far].compute) {
            let device = topology.ports[far].device;
            if seen.contains(&device) || is_of_job(features, slowing, device) {
                continue;
            }
            if !topology.devices[device].is_switch {
                let more = more(features, slowing, far).filter(|&more| more > least);
                more.into_iter().for_each(|more| *senders.entry(device).or_default() += more);
            } else if foreign(features, slowing, far).is_some_and(|foreign| foreign > least) {
                seen.insert(device);
                before.push(device);
            }
        }
        at = before;
    }
    let mut senders: Vec<Sender> = senders.into_iter().map(|(host, more)| Sender { host, more }).collect();
    senders.sort_by(|a, b| b.more.total_cmp(&a.more));
    senders
}

/// Bytes a slot that a host's port sends more than before. One of which nothing is known before has begun to send, or to be read:
/// that as much is foreign at the port that it is to fill tells which.
fn more(features: &Features, slowing: &Slowing, port: PortId) -> Option<f64> {
    let past = features.ports[port].past.as_ref()?;
    Some(past.mean(slowing.now)? - past.mean(slowing.before).unwrap_or(0.0))
}

fn verdict(features: &Features, slowing: &Slowing, filled: Filled) -> Found {
    let topology = &features.topology;
    let slot_s = (features.tick_ns * crate::features::SLOT_TICKS) as f64 / 1e9;
    let bps = |bytes: f64| bytes * 8.0 / slot_s;
    let Filled { port, nats, is_last, sent, senders, .. } = filled;
    let jobs_of = |host: DeviceId| topology.jobs_on(host, features.now_ns).find(|&job| job != slowing.job);
    let first = senders[0];
    let (lost, iteration_ns) = (slowing.lost, slowing.iteration_ns);
    let host_port = topology.far(port).filter(|_| is_last && senders.len() > 1 && jobs_of(first.host).is_none());
    if let Some(host_port) = host_port {
        let names = senders.iter().map(|sender| topology.devices[sender.host].name.clone()).collect();
        let more_bps = bps(senders.iter().map(|sender| sender.more).sum());
        let incast = Incast { senders: names, more_bps, bps: bps(sent), job_lost: lost, iteration_ns };
        let (place, payload) = (topology.place_of(port), incast.into());
        return Found { place, port, shown_at: host_port, nats, payload };
    }
    let job = jobs_of(first.host).map_or_else(String::new, |job| topology.jobs[job].name.clone());
    let noisy = NoisyNeighbour { job, more_bps: bps(first.more), bps: bps(sent), job_lost: lost, iteration_ns };
    Found { place: Place::Device(first.host), port, shown_at: port, nats, payload: noisy.into() }
}

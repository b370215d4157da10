//! Congestion that costs a job: who fills the queue that the job waits in.
//!
//! ```text
//! pace of the job            ‾‾‾‾‾‾‾‾‾‾│________   slower since here                          features/pace
//! leaf0 swp1 to h0: queue    ▁▂▁▁▂▁▁▂▁▁│▇▇▇▇▇▇▇▇   it changed with the job, beyond its past      hot.rs
//!                   bytes    ▄▄▄▄▄▄▄▄▄▄│▇▇▇▇▇▇▇▇   more, though the job sends less              filling.rs
//! h7, of no job:    bytes    ▁▁▁▁▁▁▁▁▁▁│▅▅▅▅▅▅▅▅   as much as the port has more: h7 fills it
//! ```
//! Three things must come together: a job that lost pace; a port on its paths that is hot since then, where before it was not;
//! and bytes that add up. Healthy collectives queue, mark and pause as well, so that a port is compared with its own past only.
//!
//! | bytes | verdict |
//! |---|---|
//! | two hosts outside the job and more fill the last hop to one of its hosts, and the first of them is of no job | `incast` at that host's port |
//! | any other host outside the job fills a port of its paths | `noisy_neighbour` at the one that sends most |
//! | nobody does; of equal links one took over what others sent before | `ecmp_imbalance` at it |
//! | else | nothing is said |
//!
//! That a failing link or a slow receiver explains the job's loss since the same time is for diagnosis to know
//! (`diagnose/attribute.rs`). Ports for storage and management are never looked at.

mod armed;
mod equal;
mod filling;
mod hot;
mod slowing;
#[cfg(test)]
mod tests;

use super::armed::Row;
use super::{Detector, Shows, Sink, Spot, budget, strength};
use crate::fabric::{Carries, Place, PortId};
use crate::features::{Features, SLOT_TICKS, SLOTS};
use crate::kinds::{FactKind, Payload};
use slowing::Slowing;

const NAME: &str = "congestion";
/// A slow phase is looked at after so many whole slots. Each is half as long again as the one before, for evidence grows
/// with the time: the looks are few, and each of them is one chance more to be wrong.
const LOOKS: [usize; 6] = [3, 4, 6, 9, 14, 20];
/// Slots that are looked at to see whether what was found is still there.
const RECENT: usize = 2;
/// What a port must still show of it, in nats: one chance in seven.
const STILL_NATS: f64 = 2.0;
/// Of the bytes of a port, those that somebody must have moved there for it to be said. Below a tenth they could not explain
/// the least loss that is worth a word, 3 %, on a port that is busy for a third of the time.
const FOREIGN: f64 = 0.1;
/// Of what the job loses, what the bytes moved there must explain: bytes at the rate of a link take it for so long, and a job
/// that waits behind them loses no more than that. Half leaves room for senders that slow down more than they need to.
const EXPLAINED: f64 = 0.5;

const KINDS: [FactKind; 3] = [FactKind::Incast, FactKind::NoisyNeighbour, FactKind::EcmpImbalance];

pub const DETECTOR: Detector = Detector {
    name: NAME,
    reads: &[],
    detect,
    forget,
    armed: &[Row { detector: "congestion", facts: &KINDS, look: armed::look }],
};

/// What fills the queue.
#[derive(Clone, Debug)]
struct Found {
    place: Place,
    /// The port where the queue stands, and the one that is named: they are the two ends of one cable, or one port.
    port: PortId,
    shown_at: PortId,
    /// The evidence that the port is hot.
    nats: f64,
    payload: Payload,
}

/// What is known of a job.
enum Look {
    /// It is not slower, or nobody fills a queue of it.
    Nobody,
    /// Too little is known.
    Unknown,
    Found(FactKind, Place),
}

/// Looks when a slot is complete. What was found is over where no job is slower by it any more, as far as that is known.
pub fn detect(features: &Features, out: &mut Sink<'_>) {
    if (features.tick + 1).rem_euclid(SLOT_TICKS) != 0 {
        return;
    }
    let watched = |kind: FactKind| out.watched(kind).map(move |place| (kind, place)).collect::<Vec<_>>();
    let mut watched: Vec<(FactKind, Place)> = KINDS.into_iter().flat_map(watched).collect();
    let (is_claimed, mut is_known) = (!watched.is_empty(), true);
    for (job, plan) in features.topology.jobs.iter().enumerate() {
        if plan.runs_at(features.now_ns) {
            match look(features, job, is_claimed, out) {
                Look::Nobody => {}
                Look::Unknown => is_known &= out.disturbed(job).spans.is_empty(),
                Look::Found(kind, place) => watched.retain(|known| *known != (kind, place)),
            }
        }
    }
    if is_known {
        watched.into_iter().for_each(|(kind, place)| out.absent(kind, place));
    }
}

pub fn forget(features: &mut Features, spot: Option<Spot>) {
    for port in Spot::ports(spot, features) {
        features.ports[port].past = None;
    }
}

/// V: the evidence in nats that a port must show to be believed, by how many ports there are a host of the job.
fn bar(features: &Features, ports: usize, hosts: usize) -> f64 {
    let a_host = (ports as f64 / hosts as f64).max(1.0);
    budget::cause(features, NAME, 1.0) + a_host.ln() + (LOOKS.len() as f64).ln()
}

fn look(features: &Features, job: usize, is_claimed: bool, out: &mut Sink<'_>) -> Look {
    let pace = &features.jobs[job].pace;
    let Some((since_ns, slow)) = pace.slow() else {
        return if pace.line().pace().is_some() { Look::Nobody } else { Look::Unknown };
    };
    out.look_at(Spot::Job(job), features.topology.jobs[job].devices.len() * SLOTS);
    let Some(slowing) = Slowing::new(features, job, since_ns, slow) else { return Look::Unknown };
    let Some((found, strength)) = find(features, &slowing, is_claimed, out) else { return Look::Nobody };
    let until_ns = Some(filled_until(features, &slowing, found.port));
    let port = Some(found.shown_at);
    let shows = Shows { since_ns, until_ns, port, one_sided: true, strength, job: Some(job) };
    let kind = found.payload.kind();
    out.present(found.place, shows, found.payload);
    Look::Found(kind, found.place)
}

/// What is still there of what was found, else what is new; with its strength.
fn find(features: &Features, slowing: &Slowing, is_claimed: bool, out: &mut Sink<'_>) -> Option<(Found, f64)> {
    let is_due = LOOKS.contains(&slowing.now.count());
    if !is_due && !is_claimed {
        return None;
    }
    let ports = on_its_paths(features, slowing.job);
    out.spend(2 * ports.len() * SLOTS);
    let bar = bar(features, ports.len(), features.topology.jobs[slowing.job].devices.len());
    let is_watched = |found: &Found| out.watches(found.payload.kind(), found.place);
    let lately = slowing.lately(features, RECENT);
    let still = lately.and_then(|lately| judge(features, &lately, &ports, STILL_NATS)).filter(is_watched);
    let found = match still {
        // Over all the time since it began, what was found would show for long after it is over.
        None if is_due => judge(features, slowing, &ports, bar).filter(|found| !is_watched(found)),
        still => still,
    };
    let found = found?;
    let strength = strength(found.nats, bar);
    Some((found, strength))
}

/// The end of the newest slot in which the port sent more than half-way between what the slower job leaves of before and what
/// it sends since then.
fn filled_until(features: &Features, slowing: &Slowing, port: PortId) -> i64 {
    let newest = slowing.now.newest;
    let last = features.ports[port].past.as_deref().and_then(|past| {
        let half = (past.mean(slowing.before)? * slowing.kept + past.mean(slowing.now)?) / 2.0;
        slowing.now.iter().find(|&slot| past.sent(slot).is_some_and(|sent| sent >= half))
    });
    features.now_ns - (newest - last.unwrap_or(newest)) * SLOT_TICKS * features.tick_ns
}

/// Ports of switches that the job's bytes leave by, of which the rate is known.
fn on_its_paths(features: &Features, job: usize) -> Vec<PortId> {
    let topology = &features.topology;
    let is_on = |port: &PortId| {
        let (Some(far), Some(cable)) = (topology.far(*port), topology.ports[*port].cable) else { return false };
        let (own, far) = (&topology.ports[*port], &topology.ports[far]);
        own.compute
            && far.compute
            && own.planned_bps.is_some_and(|bps| bps > 0)
            && topology.devices[own.device].is_switch
            && features.ports[*port].past.is_some()
            && topology.carries(job, cable) != Carries::No
    };
    (0..topology.ports.len()).filter(is_on).collect()
}

/// Of the ports that are hot by as many nats, the one whose bytes say who fills it.
fn judge(features: &Features, slowing: &Slowing, ports: &[PortId], bar: f64) -> Option<Found> {
    let runs = hot::runs(features, slowing, ports);
    let nats = |&port: &PortId| {
        let past = features.ports[port].past.as_ref()?;
        Some((port, hot::nats(past, slowing, runs))).filter(|(_, nats)| *nats >= bar)
    };
    let hot: Vec<(PortId, f64)> = ports.iter().filter_map(nats).collect();
    filling::find(features, slowing, &hot).or_else(|| equal::find(features, slowing, &hot))
}

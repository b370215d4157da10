//! One of several equal links took over what others sent before, while all of them together follow the job.
//!
//! ```text
//! bytes a slot of the equal links of leaf2      before              now, the job keeps 0.55
//! swp1 … swp8                                   10 10 10 10 …       3  0  20  4  4  4  4  4       sum: 80 before, 43 now
//! less what the job has kept (5.5 each)                            −2 −5  15 −1 −1 −1 −1 −1       the third took what seven lost
//! ```
//! Retransmissions add to a link and take from none; another job adds; a route that is withdrawn adds to all others alike. Only a
//! choice of ways takes from some what it gives to one. How much the link's part of the group varies by chance is what it varied
//! by over stretches of the past of the same length.

use super::slowing::Slowing;
use super::{FOREIGN, Found, NAME};
use crate::detect::budget;
use crate::fabric::PortId;
use crate::features::{Features, PastSlots};
use crate::kinds::EcmpImbalance;
use crate::statistics::student_t;

/// Of what the link sends more, what the others must send less.
const ADDS_UP: f64 = 0.5;
/// Stretches of the past at least, for the spread between them to be known: five degrees of freedom.
const LEAST_STRETCHES: usize = 6;
/// The least spread that is believed, as a part of the link's part: a packet more or less.
const LEAST_SPREAD: f64 = 0.005;

/// A link that took over.
struct Shifted {
    port: PortId,
    nats: f64,
    /// Bytes a slot that it took over, its part of the group before and now, and how many equal links there are.
    took: f64,
    before: f64,
    now: f64,
    links: usize,
}

/// `hot`: ports on the job's paths, each with its evidence.
pub fn find(features: &Features, slowing: &Slowing, hot: &[(PortId, f64)]) -> Option<Found> {
    let shifted = hot.iter().filter_map(|&(port, nats)| shifted(features, slowing, port, nats));
    let Shifted { port, nats, before, now, links, .. } = shifted.max_by(|a, b| a.took.total_cmp(&b.took))?;
    let (job_lost, iteration_ns) = (slowing.lost, slowing.iteration_ns);
    let payload = EcmpImbalance { links: links as u32, before, now, job_lost, iteration_ns }.into();
    Some(Found { place: features.topology.place_of(port), port, shown_at: port, nats, payload })
}

fn shifted(features: &Features, slowing: &Slowing, port: PortId, nats: f64) -> Option<Shifted> {
    let groups = features.topology.equal_links(features.topology.ports[port].device);
    let group = groups.into_iter().find(|group| group.contains(&port))?;
    let past = |port: PortId| features.ports[port].past.as_deref();
    let sum = |slots: PastSlots| group.iter().map(|&port| past(port)?.mean(slots)).sum::<Option<f64>>();
    let (all_before, all_now) = (sum(slowing.before)?, sum(slowing.now)?);
    if (all_now - all_before * slowing.kept).abs() > FOREIGN * all_now {
        return None;
    }
    // Bytes a slot beyond what the links together have kept: these sum to nought.
    let kept = all_now / all_before;
    let took = |port: PortId| Some(past(port)?.mean(slowing.now)? - past(port)?.mean(slowing.before)? * kept);
    let own = took(port)?;
    let others: Vec<f64> = group.iter().filter(|&&other| other != port).filter_map(|&other| took(other)).collect();
    let gave: f64 = others.iter().map(|took| (-took).max(0.0)).sum();
    let now_bytes = past(port)?.mean(slowing.now)?;
    let stands_out = others.iter().all(|&other| other < own / 2.0);
    let is_enough = own >= FOREIGN * now_bytes && slowing.is_explained(features, port, own);
    if !is_enough || gave < ADDS_UP * own || !stands_out {
        return None;
    }
    let part = |slots: PastSlots| Some(past(port)?.mean(slots)? / sum(slots)?);
    let now = part(slowing.now)?;
    let chance = budget::chance(features, NAME);
    let before = beyond_chance(now, chance, &stretches(slowing).filter_map(part).collect::<Vec<_>>())?;
    Some(Shifted { port, nats, took: own, before, now, links: group.len() })
}

/// The past in stretches as long as the time since the job is slower.
fn stretches(slowing: &Slowing) -> impl Iterator<Item = PastSlots> {
    let slots: Vec<i64> = slowing.before.iter().collect();
    let before = slowing.before;
    let length = slowing.now.count().min(slots.len() / LEAST_STRETCHES).max(1);
    let stretches: Vec<PastSlots> =
        slots.chunks_exact(length).map(|stretch| before.filter(|slot| stretch.contains(&slot))).collect();
    stretches.into_iter()
}

/// The mean of the past, where what is now is further above it than chance makes: once in 10,000 slow phases (`budget.rs`), as
/// for the port being hot.
fn beyond_chance(now: f64, chance: f64, past: &[f64]) -> Option<f64> {
    let count = past.len() as f64;
    if past.len() < LEAST_STRETCHES {
        return None;
    }
    let mean = past.iter().sum::<f64>() / count;
    let variance = past.iter().map(|part| (part - mean).powi(2)).sum::<f64>() / (count - 1.0);
    let spread = variance.sqrt().max(LEAST_SPREAD * mean) * (1.0 + 1.0 / count).sqrt();
    (now > mean + student_t(chance, count - 1.0) * spread).then_some(mean)
}

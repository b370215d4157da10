//! A job that lost pace, and the slots of time before and since that its ports are compared over.
//!
//! The bytes of a job's iteration do not depend on how long it takes, so that all of its ports send less by one factor, the part
//! that is `kept`. It is taken from the job's own ports over the same slots as everything else: that one more or less
//! iteration falls into them changes both sides alike.

use super::EXPLAINED;
use crate::fabric::PortId;
use crate::features::pace::{LEAST, Slow};
use crate::features::{Features, Past, PastSlots, SLOT_TICKS, SLOTS};

/// Slots from before that must be known: what is usual at a port is then known from 16 ticks.
const LEAST_BEFORE: usize = 4;
/// Only times of comparable load are compared: the job sent at least this part of what it sends now. Before it began, and
/// during a checkpoint, no port of it was hot, and that says nothing.
const COMPARABLE: f64 = 0.5;
#[derive(Clone, Debug)]
pub struct Slowing {
    pub job: usize,
    pub now: PastSlots,
    pub before: PastSlots,
    /// Bytes a slot that the job sends now, as a part of those before.
    pub kept: f64,
    /// The part of its step time that the job loses.
    pub lost: f64,
    /// One iteration of the job when all is well, ns.
    pub iteration_ns: i64,
}

impl Slowing {
    /// `None` where too little is known of the time before, or since, or where its bytes show no loss.
    pub fn new(features: &Features, job: usize, since_ns: i64, slow: Slow) -> Option<Slowing> {
        let newest = (features.tick + 1).div_euclid(SLOT_TICKS) - 1;
        let since = (features.tick - (features.now_ns - since_ns).div_euclid(features.tick_ns)).div_euclid(SLOT_TICKS);
        let now = PastSlots::between(since + 1, newest, newest);
        let is_whole = now.count() as i64 == newest - since && now.count() > 0;
        let sends = sent(features, job, now);
        let before = PastSlots::between(newest - SLOTS as i64 + 2, since - 1, newest);
        let before = before.filter(|slot| sent(features, job, before.only(slot)) >= COMPARABLE * sends);
        let slowing = Slowing {
            job,
            now,
            before,
            kept: 1.0,
            lost: slow.loss,
            iteration_ns: (slow.usual_s * 1e9) as i64,
        };
        slowing.over(features, now).filter(|_| is_whole && before.count() >= LEAST_BEFORE)
    }

    /// The same over the newest slots alone.
    pub fn lately(&self, features: &Features, slots: usize) -> Option<Slowing> {
        self.over(features, self.now.newest_of(slots))
    }

    /// The same over other slots; `None` where the job's bytes show no loss there.
    fn over(&self, features: &Features, now: PastSlots) -> Option<Slowing> {
        let kept = sent(features, self.job, now) / sent(features, self.job, self.before);
        (kept <= 1.0 - LEAST).then(|| Slowing { now, kept, ..self.clone() })
    }

    /// Whether so many bytes a slot take the port's link for as long as explains what the job loses.
    pub fn is_explained(&self, features: &Features, port: PortId, bytes: f64) -> bool {
        self.share(features, port, bytes) >= EXPLAINED * (1.0 - self.kept)
    }

    /// The part of the time for which the port's link is busy now.
    pub fn busy(&self, features: &Features, port: PortId) -> f64 {
        let sent = features.ports[port].past.as_ref().and_then(|past| past.mean(self.now));
        self.share(features, port, sent.unwrap_or(0.0))
    }

    /// The part of the time that so many bytes a slot take; nought where the link's rate is not known.
    fn share(&self, features: &Features, port: PortId, bytes: f64) -> f64 {
        let slot_s = (SLOT_TICKS * features.tick_ns) as f64 / 1e9;
        features.topology.ports[port].planned_bps.map_or(0.0, |bps| bytes * 8.0 / (bps as f64 * slot_s))
    }
}

/// Mean bytes a slot that the job's ports send.
fn sent(features: &Features, job: usize, slots: PastSlots) -> f64 {
    let ports = features.topology.job_ports(&features.topology.jobs[job]);
    let pasts: Vec<&Past> = ports.filter_map(|port| features.ports[port].past.as_deref()).collect();
    let in_slot = |slot: i64| pasts.iter().filter_map(|past| past.sent(slot)).sum::<f64>();
    slots.iter().map(in_slot).sum::<f64>() / slots.count() as f64
}

//! Hosts that acted on notifications, act on none any more, and send on.

use crate::fabric::PortId;
use crate::features::{Features, PastSlots, SLOT_TICKS, SLOTS};

/// Whole slots without any, at least: one more than what a pause between two iterations may take.
const LEAST_NOW: usize = 2;
/// Of what it sends now and of what it sent before, the less is at least this part of the more: hosts that stop sending, and those
/// that begin, meet other congestion.
const SENDS_ON: f64 = 0.5;

/// A host acts on no notification.
#[derive(Clone, Debug)]
pub struct Silence {
    /// Whole slots in which it acted on none, and those of before.
    pub now: PastSlots,
    pub before: PastSlots,
    pub since_ns: i64,
    /// What it acted on before, in a tick.
    pub usual: f64,
    pub nats: f64,
}

/// It acts on notifications again, or still.
pub fn is_heard(features: &Features, port: PortId) -> bool {
    let hears = features.ports[port].hears;
    hears.usual().is_some() && hears.silent_ticks() == 0 && features.ports[port].seen_tick() == Some(features.tick)
}

/// `newest`: the last slot that is complete.
pub fn since(features: &Features, port: PortId, newest: i64) -> Option<Silence> {
    let hears = features.ports[port].hears;
    let usual = f64::from(hears.usual()?);
    let since_tick = features.tick + 1 - hears.silent_ticks();
    let first = (since_tick + SLOT_TICKS - 1).div_euclid(SLOT_TICKS);
    let now = PastSlots::between(first, newest, newest);
    if now.count() < LEAST_NOW {
        return None;
    }
    let past = features.ports[port].past.as_deref()?;
    let sends = past.mean(now)?;
    let is_comparable = |slot: i64| past.sent(slot).is_some_and(|sent| sent >= SENDS_ON * sends);
    let last = since_tick.div_euclid(SLOT_TICKS) - 1;
    let before = PastSlots::between(newest - SLOTS as i64 + 2, last, newest).filter(is_comparable);
    let sends_on = sends > 0.0 && past.mean(before).is_some_and(|sent| sends >= SENDS_ON * sent);
    let since_ns = since_tick * features.tick_ns;
    sends_on.then(|| Silence { now, before, since_ns, usual, nats: hears.nats() })
}

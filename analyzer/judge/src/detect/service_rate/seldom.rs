//! A slow link where a reading spans several transfers: its queue stands for longer than a sound link is busy, while a job
//! that runs there has become slower. Readings a second apart tell this in half a minute or more.

use super::{SOUND_ABOVE, Sink, Slow, WINDOW_NS, backlogged_bps, busy_since, up_ns};
use crate::fabric::PortId;
use crate::features::{Features, SHORT_NS};

const MIN_READINGS: u16 = 12;
/// Of the planned rate.
const BELOW: f64 = 0.85;
/// One chance in a thousand on a sound link whose queue seldom stood before; one in a hundred million on others, of which
/// a fabric has as many as it has senders.
const NATS_CHANGED: f64 = 6.9;
const NATS: f64 = 18.4;
/// Below this loss ordinary jitter dominates.
const MIN_LOST: f64 = 0.05;
/// Readings of the window that must have been told before a link is sound by them.
const MIN_TOLD: u16 = 6;

/// What the link serves, if it is slow.
pub fn judge(features: &Features, port: PortId, planned: f64, out: &Sink<'_>) -> Option<Slow> {
    let backlog = features.ports[port].backlog.as_ref().filter(|_| features.bin_ns > SHORT_NS)?;
    let (now, before) = (&backlog.now, &backlog.before);
    if now.readings < MIN_READINGS || now.since_ns < up_ns(features, port) {
        return None;
    }
    let seldom_before = before.stood() * 2.0 <= before.busy(planned);
    let bps = now.bps() / now.stood();
    let is_slow = bps.max(f64::from(now.peak_bps)) < BELOW * planned
        && backlogged_bps(features, port, features.now_ns - WINDOW_NS) < BELOW * planned
        && now.nats(planned) >= if seldom_before { NATS_CHANGED } else { NATS };
    (is_slow && slows_a_job(features, port, now.since_ns, out)).then_some(Slow {
        bps,
        below: BELOW,
        since_ns: now.since_ns,
    })
}

/// A job that runs over the port's cable, or any where that is between switches, is slower than before.
fn slows_a_job(features: &Features, port: PortId, since_ns: i64, out: &Sink<'_>) -> bool {
    let ends =
        [Some(port), features.topology.far(port)].into_iter().flatten().map(|p| features.topology.ports[p].device);
    let nodes: Vec<_> = ends.filter(|&d| !features.topology.devices[d].is_switch).collect();
    let runs = |job: usize| {
        nodes.is_empty() || nodes.iter().any(|&d| features.topology.jobs_on(d, features.now_ns).any(|j| j == job))
    };
    let slowed = |job: usize| {
        let by = features.jobs[job].slowed(since_ns, features.now_ns, out.disturbed(job));
        by.is_some_and(|by| by >= MIN_LOST)
    };
    (0..features.jobs.len()).any(|job| runs(job) && slowed(job))
}

/// Its queue stood no longer than it was busy.
pub fn is_sound(features: &Features, port: PortId, planned: f64) -> bool {
    let from_ns = features.now_ns - WINDOW_NS;
    let told = || busy_since(features, port, from_ns).fold(0_u16, |told, b| told.saturating_add(b.readings));
    features.bin_ns > SHORT_NS && told() >= MIN_TOLD && backlogged_bps(features, port, from_ns) > SOUND_ABOVE * planned
}

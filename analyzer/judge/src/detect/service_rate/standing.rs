//! A slow link where a reading spans several transfers, at 1 Hz: its queue stands for longer than a sound link would be
//! busy, and a job that sends over it has become slower.
//!
//! ```text
//! readings that see a queue / readings  ≤  bits sent / (seconds · rate of a sound link)      (features/backlog.rs)
//! ```
//! `features/backlog.rs` sums the readings since this rule was last kept, and Chernoff's bound tells how surely the link
//! breaks it. Example: a link of 100 Mbit/s sends 26 Mbit/s; a sound link would be busy for 30 % of the time. A queue in 16 of
//! 20 readings is 10.7 nats of evidence, one chance in 43,600, that the link serves more slowly: at 26 / 0.8 = 33 Mbit/s.
//!
//! A queue may also stand because a switch holds it for a reason of its own, so that this alone accuses nobody: a job that
//! sends there must have become slower since. The two together take half a minute or more.

use super::{SOUND_ABOVE, Sink, Slow, WINDOW_NS, backlogged_bps, busy_since, up_ns};
use crate::fabric::PortId;
use crate::features::{Features, SHORT_NS};

/// Readings that are asked for, whatever their evidence: 12 s at 1 Hz, some iterations of a job. Not derived: to be replaced
/// in the issue on links.
const MIN_READINGS: u16 = 12;
/// Of the planned rate, what a slow link is below: as in the rule for readings within a transfer.
const BELOW: f64 = 0.85;
/// Evidence in nats: ln 1,000 = 6.9, one chance in a thousand, on a link whose queue stood rarely before, because something
/// has changed there; ln 10⁸ = 18.4, one chance in a hundred million, on any other, of which a fabric has as many as it has
/// busy ports.
const NATS_CHANGED: f64 = 6.9;
const NATS: f64 = 18.4;
/// A queue stood rarely before where it was seen for less than this part of the time that a sound link was busy. Not
/// derived: to be replaced in the issue on links.
const RARELY: f64 = 0.5;
/// Of its step time, what a job must have lost: below 4 to 5 % ordinary jitter dominates (reference/faults.md, lateness, 7).
const MIN_LOST: f64 = 0.05;
/// Readings of the window that must have been told before the link is sound by them: most of the eight that it has at 1 Hz.
const MIN_TOLD: u16 = 6;

/// The verdict on a port whose readings span several transfers.
pub fn judge(features: &Features, port: PortId, planned: f64, out: &Sink<'_>) -> Option<Slow> {
    let backlog = features.ports[port].backlog.as_ref().filter(|_| features.bin_ns > SHORT_NS)?;
    let (now, before) = (&backlog.now, &backlog.before);
    if now.readings < MIN_READINGS || now.since_ns < up_ns(features, port) {
        return None;
    }
    let stood_rarely = before.stood() <= before.busy(planned) * RARELY;
    let bps = now.bps() / now.stood();
    let is_slow = bps.max(f64::from(now.peak_bps)) < BELOW * planned
        && backlogged_bps(features, port, features.now_ns - WINDOW_NS) < BELOW * planned
        && now.nats(planned) >= if stood_rarely { NATS_CHANGED } else { NATS };
    (is_slow && slows_a_job(features, port, now.since_ns, out)).then_some(Slow {
        bps,
        below: BELOW,
        since_ns: now.since_ns,
    })
}

/// A job is slower than before that runs on a node at the port's cable; any job where the cable lies between switches.
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

/// The queue of the port stood no longer than its link was busy.
pub fn is_sound(features: &Features, port: PortId, planned: f64) -> bool {
    let from_ns = features.now_ns - WINDOW_NS;
    let readings = || busy_since(features, port, from_ns).fold(0_u16, |sum, b| sum.saturating_add(b.readings));
    features.bin_ns > SHORT_NS && readings() >= MIN_TOLD && backlogged_bps(features, port, from_ns) > SOUND_ABOVE * planned
}

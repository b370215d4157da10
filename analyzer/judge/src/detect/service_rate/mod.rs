//! Slow link: a port that has a standing queue sends as fast as its link lets it. If that is well below the plan, and no
//! pause holds it, the link is slow, whatever speed it reports.
//!
//! A congested but sound link is served at full rate and is therefore no slow link.

mod seldom;

use super::{Claim, Detector, Shows, Sink, Spot, armed, strength};
use crate::fabric::{Place, PortId};
use crate::features::{Busy, Features, SHORT_NS};
use crate::kinds::{FactKind, LowServiceRate};

/// Readings older than this are of another time.
const WINDOW_NS: i64 = 8_000_000_000;
/// Of the rate that was claimed, what it must carry for the absence of a queue to mean anything; and of its readings, those
/// that may see one all the same.
const CARRIED: f64 = 0.2;
const STANDING: f64 = 0.05;
/// How long a slow end stays suspect while it carries nothing.
const REMEMBERED_NS: i64 = 60_000_000_000;
/// What shows a slow link: intervals with a standing queue, all below a part of the planned rate.
struct Rule {
    /// Only intervals in the middle of a longer queue: the link was busy throughout them. Those merely between two
    /// readings that saw a queue may have rested; so more of them are asked for, and a lower rate.
    inside: bool,
    intervals: usize,
    /// Of the planned rate. Framing takes up to 4 %.
    below: f64,
}

const RULES: [Rule; 2] =
    [Rule { inside: true, intervals: 6, below: 0.85 }, Rule { inside: false, intervals: 8, below: 0.7 }];
const SOUND_ABOVE: f64 = 0.88;
/// A link that reached its rate in the last so many ticks is sound.
const SOUND_TICKS: i64 = 3;

/// Readings of a port, and of the jobs that run over it, that are looked at.
const READINGS: usize = 512;

pub const DETECTOR: Detector = Detector {
    name: "service_rate",
    reads: &[],
    detect,
    forget,
    armed: &[armed::Row { detector: "slow_link", facts: &[FactKind::LowServiceRate], look: armed::slow_link::look }],
};

pub fn detect(features: &Features, out: &mut Sink<'_>) {
    for port in 0..features.ports.len() {
        let Some(planned) = features.topology.ports[port].planned_bps.filter(|&b| b > 0) else { continue };
        let (state, place) = (&features.ports[port], features.topology.place_of(port));
        let never_queued = state.service.is_empty()
            && state.backlog.as_ref().is_none_or(|b| b.now.readings == 0)
            && !out.watches(FactKind::LowServiceRate, place);
        if never_queued || state.link.up == Some(false) {
            continue;
        }
        out.look_at(Spot::Place(Place::Port(port)), READINGS);
        let is_calm = || out.claimed(FactKind::LowServiceRate, place).is_some_and(|c| is_calm(features, port, c));
        if is_sound(features, port) || is_calm() {
            // The other end's soundness tells nothing of an end that served slowly just now.
            if !features.topology.far(port).is_some_and(|far| was_slow(features, far)) {
                out.absent(FactKind::LowServiceRate, place);
            }
            continue;
        }
        let slow = RULES.iter().find_map(|rule| judge(features, port, planned, rule));
        if let Some(slow) = slow.or_else(|| seldom::judge(features, port, planned as f64, out)) {
            say(features, port, planned as f64, slow, out);
        }
    }
}

pub fn forget(features: &mut Features, spot: Option<Spot>) {
    for port in Spot::ports(spot, features) {
        let state = &mut features.ports[port];
        state.service.clear();
        state.busy.clear();
        state.backlog = None;
    }
}

/// What a slow link serves, the rate it should be above, and since when the readings tell it.
struct Slow {
    bps: f64,
    below: f64,
    since_ns: i64,
}

fn say(features: &Features, port: PortId, planned: f64, slow: Slow, out: &mut Sink<'_>) {
    let Slow { bps, below, since_ns } = slow;
    let strength = strength(1.0 - bps / planned, 1.0 - below);
    let one_sided = features.topology.far(port).is_some_and(|far| is_sound(features, far));
    let shows = Shows { since_ns, port: Some(port), one_sided, strength, ..Shows::default() };
    out.present(features.topology.place_of(port), shows, LowServiceRate { bps, planned_bps: planned });
}

/// It reached its rate lately, or, where readings span several transfers, its queue stood no longer than it was busy.
fn is_sound(features: &Features, port: PortId) -> bool {
    let planned = features.topology.ports[port].planned_bps.unwrap_or(i64::MAX) as f64;
    seldom::is_sound(features, port, planned)
        || peak_bps(features, port, features.now_ns - SOUND_TICKS * features.tick_ns) > SOUND_ABOVE * planned
}

/// Since it last showed as slow it carried no little, and no queue stood: a link as slow as that would have had one. A link
/// that shares its load with others may never be asked for its full rate.
fn is_calm(features: &Features, port: PortId, claimed: Claim) -> bool {
    let sum = sum_since(features, port, features.now_ns - WINDOW_NS);
    let planned_bps = features.topology.ports[port].planned_bps.unwrap_or(0) as f64;
    let claimed_bps = (1.0 - claimed.amount) * planned_bps;
    let carried = f64::from(sum.bits) >= CARRIED * claimed_bps * f64::from(sum.seconds);
    let calm = f64::from(sum.standing) <= STANDING * f64::from(sum.readings);
    features.bin_ns <= SHORT_NS && features.now_ns - claimed.shown_ns > WINDOW_NS && sum.readings > 0 && carried && calm
}

/// The last queue it had, not long ago, was served below its rate, and nothing better has been seen of it since.
fn was_slow(features: &Features, port: PortId) -> bool {
    let planned = features.topology.ports[port].planned_bps.unwrap_or(i64::MAX) as f64;
    let last = features.ports[port].service.back().filter(|s| s.ts_ns > features.now_ns - REMEMBERED_NS);
    last.is_some_and(|s| f64::from(s.bps) < SOUND_ABOVE * planned) && !is_sound(features, port)
}

/// The highest rate of any interval since then.
fn peak_bps(features: &Features, port: PortId, since_ns: i64) -> f64 {
    busy_since(features, port, since_ns).map(|b| f64::from(b.peak_bps)).fold(0.0, f64::max)
}

fn busy_since(features: &Features, port: PortId, since_ns: i64) -> impl Iterator<Item = &Busy> {
    features.ports[port].busy.iter().filter(move |b| b.end_ns - features.tick_ns >= since_ns)
}

fn sum_since(features: &Features, port: PortId, since_ns: i64) -> Busy {
    busy_since(features, port, since_ns).fold(Busy::default(), |mut sum, b| {
        (sum.bits, sum.seconds) = (sum.bits + b.bits, sum.seconds + b.seconds);
        (sum.readings, sum.standing) =
            (sum.readings.saturating_add(b.readings), sum.standing.saturating_add(b.standing));
        sum
    })
}

/// The most it can have served while a queue stood: all that it sent, over the part of the time that saw one. A queue
/// seen now and then on a port that merely gets its data late and in bursts stands as seldom as the port is busy.
fn backlogged_bps(features: &Features, port: PortId, since_ns: i64) -> f64 {
    let sum = sum_since(features, port, since_ns);
    f64::from(sum.bits / sum.seconds) * f64::from(sum.readings) / f64::from(sum.standing)
}

/// Since when its link has been up.
fn up_ns(features: &Features, port: PortId) -> i64 {
    let link = &features.ports[port].link;
    if link.downs.is_empty() { i64::MIN } else { link.since_ns }
}

/// Rate while backlogged, if it is as low as the rule asks, and since when the readings tell it.
fn judge(features: &Features, port: PortId, planned: i64, rule: &Rule) -> Option<Slow> {
    if !rule.inside && features.bin_ns > SHORT_NS {
        return None;
    }
    let from_ns = up_ns(features, port).max(features.now_ns - WINDOW_NS);
    let recent = features.ports[port].service.iter().filter(|s| s.ts_ns > from_ns);
    let kept: Vec<_> = recent.filter(|s| !s.paused && (s.inside || !rule.inside)).collect();
    if kept.len() < rule.intervals {
        return None;
    }
    // The highest: an interval in which the queue ran empty in the middle lies below the link's rate, never above.
    let top_bps = kept.iter().map(|s| f64::from(s.bps)).fold(0.0, f64::max);
    let since_ns = kept[0].ts_ns;
    let bps = top_bps.max(peak_bps(features, port, since_ns));
    let limit = rule.below * planned as f64;
    (bps < limit && backlogged_bps(features, port, since_ns) < limit).then_some(Slow {
        bps,
        below: rule.below,
        since_ns,
    })
}

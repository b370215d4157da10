//! Slow link: a port sends less than the plan says although its queue never runs empty.
//!
//! A port that has a queue sends as fast as its link lets it, whatever the traffic is like and whatever speed the link
//! reports. If that rate is well below the planned rate, and no pause holds the port, the link is slow:
//!
//! ```text
//! queue          ___▇▇▇▇▇▇▇▇▇▇▇▇▇▇____▇▇▇▇▇▇▇▇▇____
//! readings       ·    ·    ·    ·    ·    ·    ·         an interval lies between two readings that both saw a queue;
//!                      └──┘ └──┘           └──┘          it is inside a queue where its neighbours saw one as well
//! rate, Mbit/s   56   56   55   54  31    56   20         of 120 planned: the highest, 56, is what the link serves
//! ```
//! The highest rate of the intervals is taken: one in which the queue ran empty for a moment lies below what the link
//! serves, and none lies above. A congested link that is sound serves its queue at the full rate, and is no slow link.
//!
//! A second bound keeps single queues of a port that merely gets its data late from accusing it. All that the port sent,
//! over the part of its readings that saw a queue, is the most that it can have served while one stood:
//!
//! ```text
//! rate while a queue stands  ≤  bits / seconds  ·  readings / readings that saw a queue
//! ```
//! Example: a port sent 30 Mbit/s on average and 4 of 20 readings saw a queue. It may have served at up to 150 Mbit/s, and
//! nothing is said of a link of 120. With a queue in 12 of 20 readings it served at 50 at most, and the link is slow.
//!
//! All this needs readings that lie within one transfer, up to 200 ms apart. Where a reading spans several transfers, at
//! 1 Hz, `standing.rs` judges by the second bound alone.

mod armed;
mod standing;

use super::{Claim, Detector, Shows, Sink, Spot, strength};
use crate::fabric::{Place, PortId};
use crate::features::{Busy, Features, SHORT_NS};
use crate::kinds::{FactKind, LowServiceRate};

/// Readings that are looked at, ns. Readings at 10 Hz give 80 in this time. Not derived: it has stood since the first
/// version, and is to be replaced in the issue on links.
const WINDOW_NS: i64 = 8_000_000_000;
/// For how long a slow end stays suspect while it carries nothing, ns: longer than the longest pause of training that is
/// common, a checkpoint of a minute, so that the pause does not clear it.
const REMEMBERED_NS: i64 = 60_000_000_000;

/// What shows a slow link: intervals with a standing queue, all of which were served below a part of the planned rate.
struct Rule {
    /// Only intervals inside a longer queue count: the link was busy throughout them. Intervals that merely lie between two
    /// readings with a queue may have rested in between, so that more of them are asked for, and a lower rate.
    inside: bool,
    intervals: usize,
    /// Of the planned rate.
    below: f64,
}

/// - `below` 0.85: framing takes 24 bytes a packet, 4 % of packets of 600 bytes, which leaves 0.96 of the planned rate; the
///   other 11 % lie between [`SOUND_ABOVE`] and the framing, for bursts that a reading cuts in two.
/// - `intervals` 6 and the second rule, 8 below 0.7, were calibrated on the lab's rounds: intervals between any two readings
///   with a queue accused a host at 79 % of its rate (journal of 2026-11-23), and two sound hosts in 30 rounds without the
///   bound of work conservation (journal of 2026-11-25, shown).
const RULES: [Rule; 2] =
    [Rule { inside: true, intervals: 6, below: 0.85 }, Rule { inside: false, intervals: 8, below: 0.7 }];
/// A link is sound that reached this part of its planned rate: the same that `features/backlog.rs` expects of a sound link.
const SOUND_ABOVE: f64 = 0.88;
/// Ticks back to which a reached rate counts: readings of the two ends reach the judge up to two ticks apart, and the tick
/// of now is one more.
const SOUND_TICKS: i64 = 3;
/// What a claimed slow link must have carried for the absence of a queue to mean anything, of the rate that was claimed;
/// and of its readings, those that may see a queue all the same. A link that is busy for a fifth of the time has a queue in
/// about as many readings if it is still slow, so that 1 in 20 lies far below. Calibrated on a lab run in which a mended
/// uplink stayed open (journal of 2026-11-28, clocks).
const CARRIED: f64 = 0.2;
const STANDING: f64 = 0.05;
/// Readings of a port, and of the jobs that run over it, that are looked at: at most 12 intervals, 10 ticks of load and a
/// job's 180 ticks of progress, twice. It only counts towards the budget of the detector.
const READINGS: usize = 512;

pub const DETECTOR: Detector = Detector {
    name: "service_rate",
    reads: &[],
    detect,
    forget,
    armed: &[super::armed::Row { detector: "slow_link", facts: &[FactKind::LowServiceRate], look: armed::look }],
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
        let queues_no_more =
            || out.claimed(FactKind::LowServiceRate, place).is_some_and(|c| queues_no_more(features, port, c));
        if is_sound(features, port) || queues_no_more() {
            // The cable is a case as a whole: this end's soundness must not end it while the other end is slow.
            if !features.topology.far(port).is_some_and(|far| was_slow(features, far)) {
                out.absent(FactKind::LowServiceRate, place);
            }
            continue;
        }
        let slow = RULES.iter().find_map(|rule| judge(features, port, planned, rule));
        if let Some(slow) = slow.or_else(|| standing::judge(features, port, planned as f64, out)) {
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

/// What is known of a slow link.
struct Slow {
    /// What the link serves.
    bps: f64,
    /// Of the planned rate, what it should be above.
    below: f64,
    /// Since when the readings show it.
    since_ns: i64,
}

fn say(features: &Features, port: PortId, planned: f64, slow: Slow, out: &mut Sink<'_>) {
    let Slow { bps, below, since_ns } = slow;
    let strength = strength(1.0 - bps / planned, 1.0 - below);
    let one_sided = features.topology.far(port).is_some_and(|far| is_sound(features, far));
    let shows = Shows { since_ns, port: Some(port), one_sided, strength, ..Shows::default() };
    out.present(features.topology.place_of(port), shows, LowServiceRate { bps, planned_bps: planned });
}

/// The port reached its rate lately. Where readings span several transfers: its queue stood no longer than it was busy.
fn is_sound(features: &Features, port: PortId) -> bool {
    let planned = features.topology.ports[port].planned_bps.unwrap_or(i64::MAX) as f64;
    standing::is_sound(features, port, planned)
        || peak_bps(features, port, features.now_ns - SOUND_TICKS * features.tick_ns) > SOUND_ABOVE * planned
}

/// Since the link last showed as slow it carried a good part of the claimed rate, and no queue stood: a link that is still as
/// slow would have had one. This ends the case of a mended link that shares its load with others, for such a link may never
/// be asked for its full rate.
fn queues_no_more(features: &Features, port: PortId, claimed: Claim) -> bool {
    let sum = sum_since(features, port, features.now_ns - WINDOW_NS);
    let planned_bps = features.topology.ports[port].planned_bps.unwrap_or(0) as f64;
    let claimed_bps = (1.0 - claimed.amount) * planned_bps;
    let carried = f64::from(sum.bits) >= CARRIED * claimed_bps * f64::from(sum.seconds);
    let no_queue = f64::from(sum.standing) <= STANDING * f64::from(sum.readings);
    features.bin_ns <= SHORT_NS && features.now_ns - claimed.shown_ns > WINDOW_NS && sum.readings > 0 && carried && no_queue
}

/// The port's last queue, not long ago, was served below its rate, and nothing better has been seen of the port since.
fn was_slow(features: &Features, port: PortId) -> bool {
    let planned = features.topology.ports[port].planned_bps.unwrap_or(i64::MAX) as f64;
    let last = features.ports[port].service.back().filter(|s| s.ts_ns > features.now_ns - REMEMBERED_NS);
    last.is_some_and(|s| f64::from(s.bps) < SOUND_ABOVE * planned) && !is_sound(features, port)
}

/// The highest rate of any interval since then, bit/s.
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

/// The most that the port can have served while a queue stood, bit/s: all that it sent, over the part of its readings that
/// saw a queue.
fn backlogged_bps(features: &Features, port: PortId, since_ns: i64) -> f64 {
    let sum = sum_since(features, port, since_ns);
    f64::from(sum.bits / sum.seconds) * f64::from(sum.readings) / f64::from(sum.standing)
}

/// Since when the port's link has been up; for ever where it was never seen down.
fn up_ns(features: &Features, port: PortId) -> i64 {
    let link = &features.ports[port].link;
    if link.downs.is_empty() { i64::MIN } else { link.since_ns }
}

/// The verdict by one rule: the highest rate while a queue stood, where it is as low as the rule asks.
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

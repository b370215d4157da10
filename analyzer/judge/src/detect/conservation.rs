//! Loss on a cable: what one end sent and the other never received. Silent where the receiver does not know of it either.
//!
//! Loss is claimed when the difference between the two ends has grown for certain, whatever the instants of reading, and
//! in several ticks of the window: one burst lost when a link went down is an event, not a condition. Where both ends are
//! read ten times a second and the traffic rests in between, that shows in seconds; at 1 Hz it takes longer windows.

use super::{Claim, Detector, Shows, Sink, Spot, armed, strength};
use crate::fabric::{CableId, Place, PortId};
use crate::features::stamps::{self, EXPECTED, Shown};
use crate::features::{Conservation, Difference, Features, TICKS};
use crate::kinds::{ConservationLoss, ConservationLossCounted, FactKind};

/// Windows in ticks: short ones find heavy loss soon, long ones light loss at all.
const WINDOWS: [usize; 6] = [3, 5, 9, 14, 20, 28];
/// Packets that must be missing at least.
const MIN_LOST: f64 = 5.0;
/// 1e-5 of the packets is where loss begins to cost RDMA goodput (go-back-N); below it one looks elsewhere.
const MIN_RATIO: f64 = 1e-5;
/// Of a tick's loss, what the receiver must have counted to know of it: counts lag and come in lumps.
const COUNTED: f64 = 0.75;
/// The middle difference rose in a tick: by more than interpolation leaves.
const ROSE: f64 = 0.5;
/// Packets that must have passed before the absence of loss means anything.
const ENOUGH_SENT: f64 = 200.0;

/// Times that a ring is gone through beside the windows, at most: to widen a loss, and to say when it began and ended.
const LOOKS: usize = 2 * TICKS;

const KINDS: [FactKind; 2] = [FactKind::ConservationLoss, FactKind::ConservationLossCounted];

pub const DETECTOR: Detector = Detector {
    name: "conservation",
    reads: &[],
    detect,
    forget,
    armed: &[armed::Row {
        detector: "packet_loss",
        facts: &[FactKind::ConservationLoss, FactKind::ConservationLossCounted],
        look: armed::loss::look,
    }],
};

pub fn detect(features: &Features, out: &mut Sink<'_>) {
    for (id, cable) in features.topology.cables.iter().enumerate() {
        out.look_at(Spot::Place(Place::Cable(id)), 2);
        let is_even = features.cables[id].iter().all(|c| c.at_most_lost() < MIN_LOST);
        let claimed = KINDS.iter().find_map(|&kind| out.claimed(kind, Place::Cable(id)));
        if is_even && claimed.is_none() {
            continue;
        }
        out.spend(features.cables[id].iter().map(|way| way.ring.len() * (WINDOWS.len() + LOOKS)).sum());
        let ways = [(cable.a, cable.b), (cable.b, cable.a)];
        let losses: Vec<Verdict> =
            ways.iter().enumerate().map(|(way, &ends)| judge(features, id, way, ends, claimed)).collect();
        let worst = losses
            .iter()
            .zip(ways)
            .filter_map(|(v, way)| Some((v.lost()?, way)))
            .max_by(|a, b| a.0.ratio.total_cmp(&b.0.ratio));
        match worst {
            Some((loss, way)) => say(features, id, way, loss, is_one_sided(features, id, way.0, loss), out),
            None if losses.iter().all(|v| *v == Verdict::Clean) => clear(id, out),
            None => {}
        }
    }
}

pub fn forget(features: &mut Features, spot: Option<Spot>) {
    match spot {
        Some(Spot::Place(Place::Cable(id))) => features.cables[id] = Default::default(),
        _ => features.cables.fill(Default::default()),
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Verdict {
    Lost(Loss),
    Clean,
    Unknown,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Loss {
    ratio: f64,
    per_tick: f64,
    since_tick: i64,
    /// The first after it.
    until_tick: i64,
}

impl Verdict {
    fn lost(&self) -> Option<Loss> {
        match self {
            Verdict::Lost(loss) => Some(*loss),
            _ => None,
        }
    }
}

/// `claimed`: the ratio that an open case is about.
fn judge(
    features: &Features,
    id: CableId,
    way: usize,
    (from, to): (PortId, PortId),
    claimed: Option<Claim>,
) -> Verdict {
    let conservation = &features.cables[id][way];
    let ring = &conservation.ring;
    let newest = ring.len().wrapping_sub(1);
    let both_up = [from, to].iter().all(|&p| features.ports[p].link.up != Some(false));
    if ring.is_empty() || !conservation.is_proven() || conservation.tick_of(&ring[newest]) != features.tick || !both_up
    {
        return Verdict::Unknown;
    }
    for early in WINDOWS.into_iter().filter_map(|w| newest.checked_sub(w)) {
        let (sure, likely, sent) = lost_between(conservation, early, newest);
        let [first_tick, last_tick] = [early, newest].map(|at| conservation.tick_of(&ring[at]));
        let shown = Shown { first_tick, last_tick, sure, likely, sent };
        let is_lost = sure >= MIN_LOST.max(MIN_RATIO * sent) && growing(conservation, early, likely);
        if is_lost && !stamps::can_show(&features.cables[id], way, shown) {
            let (calm, last) = widened(conservation, span(conservation, early));
            let (_, packets, _) = lost_between(conservation, calm, last);
            let ratio = ratio_between(conservation, calm, last);
            if over(conservation, newest, ratio) {
                return Verdict::Clean;
            }
            let is_over = seems_over(conservation, last, ratio);
            let last = if is_over { last } else { newest };
            let [since_tick, last_tick] = [calm + 1, last].map(|at| conservation.tick_of(&ring[at]));
            let per_tick = packets / (last_tick - since_tick + 1) as f64;
            // Each tick is told by one instant of it: the last loss lies between those of the last two, about where they meet.
            let until_tick = if is_over { last_tick } else { last_tick + 1 };
            return Verdict::Lost(Loss { ratio, per_tick, since_tick, until_tick });
        }
    }
    match clean(conservation, newest) || claimed.is_some_and(|c| over_since(conservation, newest, c, features.tick_ns))
    {
        true => Verdict::Clean,
        false => Verdict::Unknown,
    }
}

/// Packets lost between two ticks, for certain and most likely, and packets sent.
fn lost_between(conservation: &Conservation, early: usize, late: usize) -> (f64, f64, f64) {
    let (e, l) = (&conservation.ring[early], &conservation.ring[late]);
    let sent = conservation.ring.iter().skip(early + 1).take(late - early).map(|d| f64::from(d.sent)).sum();
    (f64::from(l.low - e.high), l.mid() - e.mid(), sent)
}

/// Of the packets sent between two ticks, the part most likely lost.
fn ratio_between(conservation: &Conservation, early: usize, late: usize) -> f64 {
    let (_, packets, sent) = lost_between(conservation, early, late);
    (packets / sent.max(1.0)).clamp(0.0, 1.0)
}

/// A span and the ticks beside it that lost packets for certain too, and no few for such a loss: the window that found it
/// may begin in its midst, and a tenth of it is a good part.
fn widened(conservation: &Conservation, (mut calm, mut last): (usize, usize)) -> (usize, usize) {
    const UNSURE_TICKS: usize = 3;
    let ratio = ratio_between(conservation, calm, last);
    let lost = |early: usize, late: usize| {
        let (sure, _, sent) = lost_between(conservation, early, late);
        sure >= ROSE.max(ratio * sent / 4.0)
    };
    while let Some(early) = (calm.saturating_sub(UNSURE_TICKS)..calm).rev().find(|&early| lost(early, calm)) {
        calm = early;
    }
    let newest = conservation.ring.len() - 1;
    while let Some(late) = (last + 1..=newest.min(last + UNSURE_TICKS)).find(|&late| lost(last, late)) {
        last = late;
    }
    (calm, last)
}

/// The last tick from `early` on by whose end no more than a tenth of the window's loss had happened, and the first by
/// whose end no more than a tenth was still to come.
fn span(conservation: &Conservation, early: usize) -> (usize, usize) {
    let ring = &conservation.ring;
    let newest = ring.len() - 1;
    let (first, last) = (ring[early].mid(), ring[newest].mid());
    let tenth = (last - first) / 10.0;
    let calm = (early..newest).rfind(|&i| ring[i].mid() - first <= tenth).unwrap_or(early);
    let last = (calm + 1..newest).find(|&i| last - ring[i].mid() <= tenth).unwrap_or(newest);
    (calm, last)
}

/// A loss of this ratio has ended: the last ticks sent enough to have shown it, and did not.
fn over(conservation: &Conservation, newest: usize, ratio: f64) -> bool {
    WINDOWS[..4].iter().filter_map(|&w| newest.checked_sub(w)).any(|early| absent(conservation, early, newest, ratio))
}

/// All that was sent since a claimed loss last showed would have shown it, and did not. Where traffic never rests, that
/// takes longer than any of the short windows; where clocks are far apart, nothing is ever certain, and what is likely
/// counts once the loss has not shown for twice as many ticks as are kept.
fn over_since(conservation: &Conservation, newest: usize, claimed: Claim, tick_ns: i64) -> bool {
    let after = |d: &Difference| (conservation.tick_of(d) + 1) * tick_ns >= claimed.shown_ns;
    let early = conservation.ring.iter().position(after);
    let long_ago = conservation.tick_of(&conservation.ring[0]) - claimed.shown_ns / tick_ns >= TICKS as i64;
    early.is_some_and(|early| early < newest && absent(conservation, early, newest, claimed.amount))
        || long_ago && seems_over(conservation, 0, claimed.amount)
}

/// After this tick a loss of this ratio most likely did not go on, certain or not.
fn seems_over(conservation: &Conservation, last: usize, ratio: f64) -> bool {
    let (_, likely, sent) = lost_between(conservation, last, conservation.ring.len() - 1);
    ratio * sent >= EXPECTED && likely < ratio * sent / 4.0
}

/// Between two ticks enough was sent to have shown a loss of this ratio, and it did not show.
fn absent(conservation: &Conservation, early: usize, late: usize, ratio: f64) -> bool {
    let (sure, likely, sent) = lost_between(conservation, early, late);
    ratio * sent >= EXPECTED + (likely - sure) && likely < ratio * sent / 4.0
}

/// The loss is spread over the window: in at least three of its ticks that had traffic, and half of them.
fn growing(conservation: &Conservation, early: usize, lost: f64) -> bool {
    let ring = &conservation.ring;
    let rose = ROSE.max(lost / (ring.len() - 1 - early) as f64 / 10.0);
    let busy = (early + 1..ring.len()).filter(|&i| ring[i].sent > 0.0);
    let (grew, all) = busy.fold((0, 0), |(g, n), i| (g + usize::from(ring[i].mid() - ring[i - 1].mid() > rose), n + 1));
    grew >= 3 && grew * 2 >= all
}

/// No growth over the last ticks, and packets enough to have shown it beyond what the readings leave open.
fn clean(conservation: &Conservation, newest: usize) -> bool {
    const SOUND: f64 = 1e-3;
    WINDOWS[..4].iter().filter_map(|&w| newest.checked_sub(w)).any(|early| {
        let (sure, likely, sent) = lost_between(conservation, early, newest);
        sent >= ENOUGH_SENT && likely < SOUND * sent.max(2e3) && likely - sure < sent / 50.0
    })
}

/// Since the loss began the other way would have shown one of this ratio, and did not. A window from before it began
/// would call a fresh loss absent.
fn is_one_sided(features: &Features, id: CableId, from: PortId, loss: Loss) -> bool {
    let back = &features.cables[id][usize::from(from == features.topology.cables[id].a)];
    let newest = back.ring.len().wrapping_sub(1);
    let told = back.ring.back().is_some_and(|d| back.tick_of(d) == features.tick);
    let early = back.ring.iter().position(|d| back.tick_of(d) + 1 >= loss.since_tick);
    told && back.is_proven() && early.is_some_and(|early| early < newest && absent(back, early, newest, loss.ratio))
}

fn say(
    features: &Features,
    id: CableId,
    (from, to): (PortId, PortId),
    loss: Loss,
    one_sided: bool,
    out: &mut Sink<'_>,
) {
    let explain = |counted: f32| counted > 0.0 && f64::from(counted) >= COUNTED * loss.per_tick;
    if explain(features.ports[to].discarded) {
        return; // the receiver had no room for them: the cable brought them well
    }
    let shows = Shows {
        since_ns: loss.since_tick * features.tick_ns,
        until_ns: Some(loss.until_tick * features.tick_ns),
        port: Some(from),
        one_sided,
        strength: strength(loss.ratio, 1e-3),
        job: None,
    };
    let (place, ratio) = (Place::Cable(id), loss.ratio);
    match explain(features.ports[to].damaged) {
        true => out.present(place, shows, ConservationLossCounted { ratio }),
        false => out.present(place, shows, ConservationLoss { ratio }),
    }
}

fn clear(id: CableId, out: &mut Sink<'_>) {
    for kind in KINDS {
        out.absent(kind, Place::Cable(id));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A thousand packets a tick, of which so many were lost in all by each; the bounds are as wide as said.
    fn told(lost: &[f32], open: f32) -> Conservation {
        let mut conservation = Conservation::default();
        let difference =
            |(tick, &lost): (usize, &f32)| Difference { tick: tick as u32, low: lost - open, high: lost, sent: 1e3 };
        conservation.ring.extend(lost.iter().enumerate().map(difference));
        conservation
    }

    #[test]
    fn a_loss_that_can_never_be_excluded_is_over_once_it_has_not_shown_for_long() {
        let lost: Vec<f32> = vec![0.0; TICKS];
        let unsure = told(&lost, 500.0);
        let claimed = |ticks_ago: i64| Claim { amount: 0.01, shown_ns: -ticks_ago };
        assert!(!over_since(&unsure, TICKS - 1, claimed(20), 1));
        assert!(over_since(&unsure, TICKS - 1, claimed(32), 1));
        let goes_on: Vec<f32> = (0..TICKS).map(|tick| tick as f32 * 10.0).collect();
        assert!(!over_since(&told(&goes_on, 500.0), TICKS - 1, claimed(32), 1));
    }

    #[test]
    fn a_loss_found_in_its_midst_is_told_from_its_beginning_to_its_end() {
        let lost = [0.0, 0.0, 0.0, 20.0, 40.0, 40.0, 60.0, 80.0, 100.0, 120.0, 122.0, 122.0];
        let exact = told(&lost, 0.0);
        assert_eq!(widened(&exact, (6, 8)), (2, 9), "over the tick that rested; two of a thousand are no such loss");
        assert_eq!(widened(&told(&lost, 60.0), (6, 8)), (6, 8), "what is not certain widens nothing");
        let span = span(&exact, 8);
        assert_eq!(widened(&exact, span), (2, 9));
    }
}

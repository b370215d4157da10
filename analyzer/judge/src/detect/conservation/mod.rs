//! Loss on a cable: packets that one end sent and the other end never received.
//!
//! `features/conservation.rs` keeps, tick by tick, the difference between what one end sent and what the other received,
//! between two bounds that hold whatever the moments of reading were. A sound cable's difference stays what it was; a cable
//! that loses packets has one that grows:
//!
//! ```text
//! difference        high ┐
//!                        ▒▒▒▒▒                          ▒   between the bounds
//!                   ▒▒▒▒▒▒▒▒▒▒                          sure loss    =  low at the end − high at the beginning
//!            ▒▒▒▒▒▒▒▒▒▒▒▒                               likely loss  =  middle at the end − middle at the beginning
//! ▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒ low
//! ─────────────┬─────────────┬─► ticks                  ratio        =  likely loss / packets sent in between
//!              └── window ───┘
//! ```
//! A loss is claimed over the shortest of six windows in which
//!
//! 1. the sure loss is at least 5 packets, and at least 1e-5 of the packets sent;
//! 2. the difference grew in at least three ticks, and in half of those with traffic: what was lost in one burst when a
//!    link went down is an event and no condition;
//! 3. counts that are older than their stamps cannot have shown it (`features/stamps.rs`).
//!
//! The receiver's own counts then tell what became of the packets. Where it counted most of them as damaged, the fact is
//! `conservation_loss_counted`. Where it counted most of them as discarded for want of room, the cable is well, and nothing
//! is said. Where it knows of neither, the fact is `conservation_loss`: they vanished silently.
//!
//! Example: a cable carries 1.4 million packets/s. From one reading to the next the difference grows by 17,000, 25,000,
//! 36,000 and 8,000 packets. The window of five ticks shows 86,000 lost of 5.5 million sent: 1.6 %.
//!
//! Where both ends are read ten times a second and the traffic rests in between, the bounds meet and a loss shows within
//! seconds; at 1 Hz and without rests it takes the longer windows.

mod armed;

use super::{Claim, Detector, Shows, Sink, Spot, strength};
use crate::fabric::{CableId, Place, PortId};
use crate::features::stamps::{self, EXPECTED, Shown};
use crate::features::{Conservation, Difference, Features, TICKS};
use crate::kinds::{ConservationLoss, ConservationLossCounted, FactKind};

/// Ticks of the windows, each about half as long again as the one before: the first is the shortest in which three ticks can
/// show growth, the last fits into the 32 ticks that are kept with some room. Short ones find heavy loss soon, long ones
/// find light loss at all.
const WINDOWS: [usize; 6] = [3, 5, 9, 14, 20, 28];
/// The windows over which it is asked whether a loss has ended: those of up to 14 ticks, so that an end is seen within a
/// quarter of a minute at 1 Hz.
const SHORT_WINDOWS: usize = 4;
/// Packets that must be missing for certain. By Poisson's law, of a rate that leaves one packet in such a window by
/// accident, 5 or more come with a probability of 0.4 %; the three ticks of growth come on top of it.
const MIN_LOST: f64 = 5.0;
/// Of the packets sent: loss of 1e-5 is where go-back-N begins to cost RDMA goodput (the range that is judged is 1e-5 to
/// 1e-2, reference/faults.md, how a detector is scored).
const MIN_RATIO: f64 = 1e-5;
/// Ticks of a window in which the difference must have grown, and of those with traffic this part: a burst lies in one
/// tick, or in two where it lies across their border.
const MIN_GROWN: usize = 3;
const GROWN_PART: f64 = 0.5;
/// Packets by which the middle difference of a tick must exceed that of the tick before for the difference to have grown:
/// interpolation between readings rounds by up to half a packet. Nor does a rise count that is less than one tenth of the
/// window's mean loss a tick: the loss fell elsewhere.
const ROSE: f64 = 0.5;
const ROSE_ONE_IN: f64 = 10.0;
/// Of a tick's loss, what the receiver must have counted to know of it: the middle between all of it, and half of it, for a
/// cable that loses as much again without a count has a second fault, of the silent kind. Counts of damage lag behind those of
/// packets and come in lumps, so that they are compared as a sum that halves from tick to tick.
const COUNTED: f64 = 0.75;
/// Of a window's loss, one packet in so many may lie before the loss is said to begin, and as many after it is said to end,
/// so that a single packet far from the others does not stretch the loss.
const TAIL_ONE_IN: f64 = 10.0;
/// Ticks without a certain loss that may lie within one loss: at 1 Hz traffic that rests for part of an iteration of up to
/// three seconds loses nothing meanwhile.
const UNSURE_TICKS: usize = 3;
/// Of the packets that a loss would take, those that must be missing for it to be going on. Poisson's law allows 8 expected
/// packets to be fewer than 2 once in 300 times.
const STILL: f64 = 0.25;
/// What makes a cable clean where no loss is to be looked for. At least 200 packets were sent in a window; less than one in
/// a thousand of them is likely lost, or less than 2 packets where fewer than 2,000 were sent; and the bounds leave less
/// open than one packet in 50. Chosen, and not critical: with all of them looser by two, and all stricter by two, the same
/// 15 faults of 18 traces are found and nobody is accused falsely (journal of 2026-11-30, constants).
const ENOUGH_SENT: f64 = 200.0;
const SOUND_RATIO: f64 = 1e-3;
const SOUND_OF: f64 = 2e3;
const OPEN_ONE_IN: f64 = 50.0;
/// A loss of this ratio is told with a strength of one half: in the middle, on a scale of magnitudes, of what go-back-N
/// notices (1e-5) and of a cable that is good for nothing (1e-1).
const HALF_STRENGTH: f64 = 1e-3;
/// Times that a ring is gone through beside the windows, at most: once a tick to widen a loss at either end. It only counts
/// towards the budget of the detector.
const LOOKS: usize = 2 * TICKS;

const KINDS: [FactKind; 2] = [FactKind::ConservationLoss, FactKind::ConservationLossCounted];

pub const DETECTOR: Detector = Detector {
    name: "conservation",
    reads: &[],
    detect,
    forget,
    armed: &[super::armed::Row {
        detector: "packet_loss",
        facts: &[FactKind::ConservationLoss, FactKind::ConservationLossCounted],
        look: armed::look,
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
        let over_ns = KINDS.iter().filter_map(|&kind| out.over_since(kind, Place::Cable(id))).max();
        let said = Earlier { claimed, over_ns };
        let verdicts: Vec<Verdict> =
            ways.iter().enumerate().map(|(way, &ends)| judge(features, id, way, ends, said)).collect();
        let worst = verdicts
            .iter()
            .zip(ways)
            .filter_map(|(v, way)| Some((v.lost()?, way)))
            .max_by(|a, b| a.0.ratio.total_cmp(&b.0.ratio));
        match worst {
            Some((loss, way)) => say(features, id, way, loss, is_one_sided(features, id, way.0, loss), out),
            None if verdicts.iter().all(|v| *v == Verdict::Clean) => clear(id, out),
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

/// What is known of one way of a cable.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Verdict {
    Lost(Loss),
    /// Enough was sent to have shown a loss, and none showed.
    Clean,
    Unknown,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Loss {
    /// Of the packets sent, the part that never arrived, 0 to 1.
    ratio: f64,
    /// Packets lost a tick.
    per_tick: f64,
    /// The first tick that lost packets.
    since_tick: i64,
    /// The first tick after the loss.
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

/// What was said of a cable before.
#[derive(Clone, Copy, Debug)]
struct Earlier {
    /// What an open case says of it.
    claimed: Option<Claim>,
    /// Since when its last loss has been over, where that was not long ago.
    over_ns: Option<i64>,
}

/// The verdict on the way `way` of a cable.
fn judge(features: &Features, id: CableId, way: usize, (from, to): (PortId, PortId), said: Earlier) -> Verdict {
    let conservation = &features.cables[id][way];
    let ring = &conservation.ring;
    let newest = ring.len().wrapping_sub(1);
    let both_up = [from, to].iter().all(|&p| features.ports[p].link.up != Some(false));
    if ring.is_empty() || !conservation.is_proven() || conservation.tick_of(&ring[newest]) != features.tick || !both_up
    {
        return Verdict::Unknown;
    }
    let since_tick = said.over_ns.map_or(i64::MIN, |over_ns| over_ns / features.tick_ns - 1);
    for early in windows(conservation, since_tick) {
        let (sure, likely, sent) = lost_between(conservation, early, newest);
        let [first_tick, last_tick] = [early, newest].map(|at| conservation.tick_of(&ring[at]));
        let shown = Shown { first_tick, last_tick, sure, likely, sent };
        let is_lost = sure >= MIN_LOST.max(MIN_RATIO * sent) && is_growing(conservation, early, likely);
        if is_lost && !stamps::can_show(&features.cables[id], way, shown) {
            let (before, last) = widened(conservation, span(conservation, early));
            let (_, packets, _) = lost_between(conservation, before, last);
            let ratio = ratio_between(conservation, before, last);
            if is_over(conservation, newest, ratio) {
                return Verdict::Clean;
            }
            let has_ended = seems_over(conservation, last, ratio);
            let last = if has_ended { last } else { newest };
            let [since_tick, last_tick] = [before + 1, last].map(|at| conservation.tick_of(&ring[at]));
            let per_tick = packets / (last_tick - since_tick + 1) as f64;
            // Each tick is known at one moment of it alone. The last packets were lost between the moments of the last two
            // ticks, and the border of these ticks is about the middle of that time.
            let until_tick = if has_ended { last_tick } else { last_tick + 1 };
            return Verdict::Lost(Loss { ratio, per_tick, since_tick, until_tick });
        }
    }
    let is_over = |claimed| is_over_since(conservation, newest, claimed, features.tick_ns);
    match is_clean(conservation, newest) || said.claimed.is_some_and(is_over) {
        true => Verdict::Clean,
        false => Verdict::Unknown,
    }
}

/// Where the windows up to now begin, the shortest first. None begins before a tick by whose end a loss was over: what was
/// lost before it is no second loss. Example: a loss was over by the end of tick 113. In tick 124 the window of nine ticks
/// begins with tick 115 and is looked at; those of 14, 20 and 28 ticks hold what was lost up to tick 112, and are not.
fn windows(conservation: &Conservation, since_tick: i64) -> impl Iterator<Item = usize> {
    let ring = &conservation.ring;
    let starts = WINDOWS.into_iter().filter_map(move |ticks| (ring.len() - 1).checked_sub(ticks));
    starts.take_while(move |&early| conservation.tick_of(&ring[early]) >= since_tick)
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

/// A span of a loss, widened by the ticks beside it that lost packets for certain too, and at least a quarter of what such a
/// loss would take there. The window that found a loss may begin in its midst, and [`span`] cuts off a part of it.
fn widened(conservation: &Conservation, (mut before, mut last): (usize, usize)) -> (usize, usize) {
    let ratio = ratio_between(conservation, before, last);
    let lost = |early: usize, late: usize| {
        let (sure, _, sent) = lost_between(conservation, early, late);
        sure >= ROSE.max(ratio * sent * STILL)
    };
    while let Some(early) = (before.saturating_sub(UNSURE_TICKS)..before).rev().find(|&early| lost(early, before)) {
        before = early;
    }
    let newest = conservation.ring.len() - 1;
    while let Some(late) = (last + 1..=newest.min(last + UNSURE_TICKS)).find(|&late| lost(last, late)) {
        last = late;
    }
    (before, last)
}

/// Where the loss of the window from `early` to the newest tick lies: the last tick by whose end no more than a tenth of it
/// had happened, and the first tick by whose end no more than a tenth was still to come.
fn span(conservation: &Conservation, early: usize) -> (usize, usize) {
    let ring = &conservation.ring;
    let newest = ring.len() - 1;
    let (first, last) = (ring[early].mid(), ring[newest].mid());
    let tail = (last - first) / TAIL_ONE_IN;
    let before = (early..newest).rfind(|&i| ring[i].mid() - first <= tail).unwrap_or(early);
    let last = (before + 1..newest).find(|&i| last - ring[i].mid() <= tail).unwrap_or(newest);
    (before, last)
}

/// A loss of this ratio has ended: in one of the short windows up to now enough was sent to have shown it, and it did not
/// show.
fn is_over(conservation: &Conservation, newest: usize, ratio: f64) -> bool {
    short_windows(newest).any(|early| absent(conservation, early, newest, ratio))
}

/// A claimed loss has ended: all that was sent since it last showed would have shown it, and did not. Where the traffic
/// never rests the bounds are wide, and that takes longer than any of the short windows. Where the stamps of the two ends
/// are far apart nothing is ever certain; what is likely counts there, once the loss has not shown for twice as many ticks
/// as are kept: for the 32 ticks of the ring, and for 32 before them.
fn is_over_since(conservation: &Conservation, newest: usize, claimed: Claim, tick_ns: i64) -> bool {
    let after = |d: &Difference| (conservation.tick_of(d) + 1) * tick_ns >= claimed.shown_ns;
    let early = conservation.ring.iter().position(after);
    let long_ago = conservation.tick_of(&conservation.ring[0]) - claimed.shown_ns / tick_ns >= TICKS as i64;
    early.is_some_and(|early| early < newest && absent(conservation, early, newest, claimed.amount))
        || long_ago && seems_over(conservation, 0, claimed.amount)
}

/// After this tick a loss of this ratio most likely did not go on, even where that is not certain.
fn seems_over(conservation: &Conservation, last: usize, ratio: f64) -> bool {
    let (_, likely, sent) = lost_between(conservation, last, conservation.ring.len() - 1);
    ratio * sent >= EXPECTED && likely < ratio * sent * STILL
}

/// Between two ticks enough was sent to have shown a loss of this ratio beyond what the bounds leave open, and it did not
/// show. Example: a loss of 1 % of 2,000 packets would have taken 20. If the bounds leave 6 open and 3 are likely lost, that
/// loss is absent: 20 is more than 8 + 6, and 3 is less than a quarter of 20.
fn absent(conservation: &Conservation, early: usize, late: usize, ratio: f64) -> bool {
    let (sure, likely, sent) = lost_between(conservation, early, late);
    ratio * sent >= EXPECTED + (likely - sure) && likely < ratio * sent * STILL
}

/// The loss is spread over the window, see [`MIN_GROWN`]. `lost`: the packets that the window likely lost.
fn is_growing(conservation: &Conservation, early: usize, lost: f64) -> bool {
    let ring = &conservation.ring;
    let rose = ROSE.max(lost / (ring.len() - 1 - early) as f64 / ROSE_ONE_IN);
    let busy = (early + 1..ring.len()).filter(|&i| ring[i].sent > 0.0);
    let (grew, all) = busy.fold((0, 0), |(g, n), i| (g + usize::from(ring[i].mid() - ring[i - 1].mid() > rose), n + 1));
    grew >= MIN_GROWN && grew as f64 >= all as f64 * GROWN_PART
}

/// Nothing was lost in one of the short windows up to now, see [`ENOUGH_SENT`].
fn is_clean(conservation: &Conservation, newest: usize) -> bool {
    short_windows(newest).any(|early| {
        let (sure, likely, sent) = lost_between(conservation, early, newest);
        sent >= ENOUGH_SENT && likely < SOUND_RATIO * sent.max(SOUND_OF) && likely - sure < sent / OPEN_ONE_IN
    })
}

/// Where each of the short windows up to now begins.
fn short_windows(newest: usize) -> impl Iterator<Item = usize> {
    WINDOWS[..SHORT_WINDOWS].iter().filter_map(move |&ticks| newest.checked_sub(ticks))
}

/// The other way of the cable is well: since the loss began it would have shown one of the same ratio, and did not. Nothing
/// before the loss is looked at: a window that begins earlier would call a fresh loss absent.
fn is_one_sided(features: &Features, id: CableId, from: PortId, loss: Loss) -> bool {
    let back = &features.cables[id][usize::from(from == features.topology.cables[id].a)];
    let newest = back.ring.len().wrapping_sub(1);
    let is_current = back.ring.back().is_some_and(|d| back.tick_of(d) == features.tick);
    let early = back.ring.iter().position(|d| back.tick_of(d) + 1 >= loss.since_tick);
    is_current && back.is_proven() && early.is_some_and(|early| early < newest && absent(back, early, newest, loss.ratio))
}

/// The fact, by what the receiver counted of the packets that are missing.
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
        return; // The receiver had no room for them: they came over the cable well.
    }
    let shows = Shows {
        since_ns: loss.since_tick * features.tick_ns,
        until_ns: Some(loss.until_tick * features.tick_ns),
        port: Some(from),
        one_sided,
        strength: strength(loss.ratio, HALF_STRENGTH),
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

    /// A thousand packets are sent in each tick. `lost`: how many of all were lost by its end; `open`: packets between the
    /// bounds.
    fn conservation(lost: &[f32], open: f32) -> Conservation {
        let mut conservation = Conservation::default();
        let difference =
            |(tick, &lost): (usize, &f32)| Difference { tick: tick as u32, low: lost - open, high: lost, sent: 1e3 };
        conservation.ring.extend(lost.iter().enumerate().map(difference));
        conservation
    }

    #[test]
    fn a_loss_that_can_never_be_excluded_is_over_once_it_has_not_shown_for_long() {
        let lost: Vec<f32> = vec![0.0; TICKS];
        let unsure = conservation(&lost, 500.0);
        let claimed = |ticks_ago: i64| {
            let at_ns = -ticks_ago;
            Claim { amount: 0.01, shown_ns: at_ns, since_ns: at_ns, onset_ns: at_ns }
        };
        assert!(!is_over_since(&unsure, TICKS - 1, claimed(20), 1));
        assert!(is_over_since(&unsure, TICKS - 1, claimed(32), 1));
        let goes_on: Vec<f32> = (0..TICKS).map(|tick| tick as f32 * 10.0).collect();
        assert!(!is_over_since(&conservation(&goes_on, 500.0), TICKS - 1, claimed(32), 1));
    }

    #[test]
    fn no_window_reaches_back_before_a_loss_was_over() {
        let table: [(i64, &[usize]); 4] = [
            (i64::MIN, &[28, 26, 22, 17, 11, 3]),
            (17, &[28, 26, 22, 17]),
            (18, &[28, 26, 22]),
            (29, &[]),
        ];
        for (since_tick, starts) in table {
            let found: Vec<usize> = windows(&conservation(&[0.0; TICKS], 0.0), since_tick).collect();
            assert_eq!(found, starts, "{since_tick}");
        }
    }

    #[test]
    fn a_loss_found_in_its_midst_is_told_from_its_beginning_to_its_end() {
        let lost = [0.0, 0.0, 0.0, 20.0, 40.0, 40.0, 60.0, 80.0, 100.0, 120.0, 122.0, 122.0];
        let exact = conservation(&lost, 0.0);
        assert_eq!(widened(&exact, (6, 8)), (2, 9), "over the tick that rested; two of a thousand are no such loss");
        assert_eq!(widened(&conservation(&lost, 60.0), (6, 8)), (6, 8), "what is not certain widens nothing");
        let span = span(&exact, 8);
        assert_eq!(widened(&exact, span), (2, 9));
    }
}

//! Silent drop: what one end of a cable sent and the other never received, nor counted as refused.
//!
//! Loss is claimed when the lowest, the middle and the highest difference between the two ends all grow over a window, by
//! more than the two ends' differences wobbled before it, and in several ticks of it: one burst lost when a link went
//! down is an event, not a condition.

use super::{FactKind, Place, Presence, Sink, median, strength};
use crate::fact::Evidence;
use crate::model::{CableId, Conservation, Model, PortId};

/// Windows in ticks: short ones find heavy loss soon, long ones light loss at all.
const WINDOWS: [usize; 4] = [3, 6, 12, 24];
/// Packets that must be missing at least.
const MIN_LOST: f64 = 5.0;
/// Lost packets over wobble.
const OVER_NOISE: f64 = 4.0;
/// 1e-5 of the packets is where loss begins to cost RDMA goodput (go-back-N); below it one looks elsewhere.
const MIN_RATIO: f64 = 1e-5;
/// The middle difference rose in a tick: by more than interpolation leaves.
const ROSE: f64 = 0.5;
/// Packets that must have passed before the absence of loss means anything.
const ENOUGH_SENT: f64 = 200.0;

pub fn detect(model: &Model, out: &mut Sink<'_>) {
    for (id, cable) in model.topology.cables.iter().enumerate() {
        let ways = [(cable.a, cable.b), (cable.b, cable.a)];
        let losses: Vec<Verdict> =
            ways.iter().zip(&model.cables[id]).map(|(&(from, to), c)| judge(model, from, to, c)).collect();
        let worst = losses
            .iter()
            .zip(ways)
            .filter_map(|(v, way)| Some((v.lost()?, way)))
            .max_by(|a, b| a.0.ratio.total_cmp(&b.0.ratio));
        match worst {
            Some((loss, (from, to))) => say(model, id, from, to, loss, out),
            None if losses.iter().all(|v| *v == Verdict::Clean) => clear(id, out),
            None => {}
        }
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
    packets: f64,
    since_tick: i64,
}

impl Verdict {
    fn lost(&self) -> Option<Loss> {
        match self {
            Verdict::Lost(loss) => Some(*loss),
            _ => None,
        }
    }
}

fn judge(model: &Model, from: PortId, to: PortId, conservation: &Conservation) -> Verdict {
    let ring = &conservation.ring;
    let newest = ring.len().wrapping_sub(1);
    let both_up = [from, to].iter().all(|&p| model.ports[p].link.up != Some(false));
    if ring.len() < WINDOWS[0] + 2 || ring[newest].tick != model.tick || !both_up {
        return Verdict::Unknown;
    }
    for window in WINDOWS.into_iter().filter(|&w| w < ring.len()) {
        let early = newest - window;
        let (lost, sent) = conservation.lost_between(early, newest);
        let enough = lost >= MIN_LOST && lost > OVER_NOISE * wobble(conservation, early) && lost > MIN_RATIO * sent;
        if enough && growing(conservation, early) {
            if over(conservation, newest, lost / sent.max(1.0)) {
                return Verdict::Clean;
            }
            return Verdict::Lost(Loss {
                ratio: (lost / sent.max(1.0)).min(1.0),
                packets: lost,
                since_tick: ring[early].tick + 1,
            });
        }
    }
    match clean(conservation, newest) {
        true => Verdict::Clean,
        false => Verdict::Unknown,
    }
}

/// The first tick after `early` by whose end a tenth of the window's loss had happened.
fn began(conservation: &Conservation, early: usize) -> i64 {
    let ring = &conservation.ring;
    let (first, last) = (ring[early].mid, ring[ring.len() - 1].mid);
    (early + 1..ring.len())
        .find(|&i| ring[i].mid - first > (last - first) / 10.0)
        .map_or(ring[early].tick + 1, |i| ring[i].tick)
}

/// A loss of this ratio has ended: the last ticks sent enough to have shown it, and did not.
fn over(conservation: &Conservation, newest: usize, ratio: f64) -> bool {
    const EXPECTED: f64 = 8.0;
    WINDOWS[..2].iter().filter(|&&w| w <= newest).any(|w| {
        let (lost, sent) = conservation.lost_between(newest - w, newest);
        ratio * sent >= EXPECTED && lost < ratio * sent / 4.0
    })
}

/// How much the middle difference moves from tick to tick when nothing is lost: measured before the window where there is
/// enough of it, else by the spread inside its ticks.
fn wobble(conservation: &Conservation, early: usize) -> f64 {
    let ring = &conservation.ring;
    let mut moves: Vec<f64> = (1..=early).map(|i| (ring[i].mid - ring[i - 1].mid).abs()).collect();
    if moves.len() < 4 {
        moves = ring.iter().map(|d| (d.high - d.low) / 2.0).collect();
    }
    median(&mut moves)
}

/// The loss is spread over the window: in at least three of its ticks that had traffic, and half of them.
fn growing(conservation: &Conservation, early: usize) -> bool {
    let ring = &conservation.ring;
    let busy: Vec<bool> = (early + 1..ring.len())
        .filter(|&i| ring[i].sent > ring[i - 1].sent)
        .map(|i| ring[i].mid - ring[i - 1].mid > ROSE)
        .collect();
    let rose = busy.iter().filter(|&&r| r).count();
    rose >= 3 && rose * 2 >= busy.len()
}

/// No growth beyond wobble over the last ticks, and packets enough to have shown it.
fn clean(conservation: &Conservation, newest: usize) -> bool {
    let early = newest - WINDOWS[0];
    let (lost, sent) = conservation.lost_between(early, newest);
    sent >= ENOUGH_SENT && lost < 2.0 && lost < 1e-3 * sent
}

fn say(model: &Model, id: CableId, from: PortId, to: PortId, loss: Loss, out: &mut Sink<'_>) {
    let receiver = &model.ports[to];
    // Refusals are counted at 1 Hz: this tick's share against this tick's loss tells whether the receiver knows of it.
    let per_tick = loss.packets / (model.tick - loss.since_tick + 1).max(1) as f64;
    let counted = receiver.refused as f64 >= per_tick / 2.0 && receiver.refused > 0;
    let kind = if counted { FactKind::ConservationLossCounted } else { FactKind::ConservationLoss };
    let presence = Presence {
        since_ns: loss.since_tick * model.tick_ns,
        port: Some(from),
        strength: strength(loss.ratio, 1e-3),
        evidence: Evidence {
            counter: "tx_packets".into(),
            value: loss.ratio,
            unit: "fraction lost".into(),
            reference: 0.0,
            reference_of: "far end".into(),
        },
        job: None,
    };
    out.present(kind, Place::Cable(id), presence);
}

fn clear(id: CableId, out: &mut Sink<'_>) {
    for kind in [FactKind::ConservationLoss, FactKind::ConservationLossCounted] {
        out.clear(kind, Place::Cable(id));
    }
}

//! Which cable of a switch the packets come by that it loses: bytes that are sent again.
//!
//! ```text
//! h1 ──┐                                     what is lost inside leaf0 is sent again, from its sender up to where it was lost:
//! h2 ──┤ leaf0 ├── spine0                    the way in over which it comes carries more than before, compared with the other
//! h3 ──┘       ├── spine1 ─► +2 % into leaf0 ways in, and every other way carries what it carried
//! ```
//! Of every way into the switch, by its own readings alone (one clock):
//!
//! 1. r is the logarithm of its mean rate since the loss began, less the median over all ways of the switch, and the
//!    same of times of before that are as long and overlap by half;
//! 2. the excess e is r now less the mean r of before, less the mean e of the lowest third of all ways, which lost
//!    nothing: sending again only adds;
//! 3. σ is the scatter of r before, and how much the half of the ways that agree best differ now: loss makes all
//!    transfers irregular;
//! 4. θ is the excess that the loss asks for if all of it came this way: lost packets ÷ packets that come this way.
//!    Losses at which senders go back by many packets (go-back-N) bring more than θ, never much less;
//! 5. a way scores (e² − (e − θ)²) / 2(σ² + (θ/4)²) nats, 30 either way at most. Where the switch at the other end
//!    loses packets since the same time too, its score of the same cable is added, and V: two switches that fail at one
//!    time, and independently, are as rare as a false alarm.
//!
//! The likelihood of each cable among all of the switch follows from the scores, each cable as likely beforehand as any
//! other. Example: leaf0 loses 24 packets/s. By swp5 come 1,640 a second, so θ is 1.5 %; e there is 2.3 % and σ 0.6 %:
//! 4.4 nats and the most likely.

use crate::detect::budget;
use crate::fabric::{CableId, DeviceId, PortId};
use crate::features::balance::Loss;
use crate::features::{Features, TRAIL, Way};
use crate::statistics::{ln_mean_exp, median};

/// The loss is compared over this many ticks at most, so that twice as many of before are still kept.
const MOST_TICKS: i64 = (TRAIL / 3) as i64;
/// Times of before with fewer ticks than this are too short to compare.
const LEAST_TICKS: i64 = 8;
/// Times of before, at least: their scatter is the noise.
const LEAST_TIMES: usize = 3;
/// Ways that carry less than e⁻⁴ of the busiest, 2 %, are left out: a few packets more or less are much there.
const USED: f64 = 4.0;
/// Half of a normal distribution lies within 1.35 σ.
const HALF_SPREAD: f64 = 1.35;
/// A loss makes transfers irregular at first: from fewer readings than this σ is taken to be larger in proportion.
/// Example: from 10 readings twice as large.
const REGULAR: f64 = 20.0;
/// The excess of one way is known to no better than a quarter of what is asked for: packets differ in size.
const THETA_PART: f64 = 0.25;
/// No way says more than this for or against itself, nats.
const MOST_NATS: f64 = 30.0;

/// A cable of the switch, the switch's port there, and how likely packets that come by it are lost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Likely {
    pub cable: CableId,
    pub port: PortId,
    pub share: f64,
}

/// The cables of a switch that loses packets, the likeliest first. `others`: the switches that lose packets now, this
/// one among them.
pub fn locate(features: &Features, device: DeviceId, others: &[(DeviceId, Loss)]) -> Vec<Likely> {
    let Some((_, loss)) = others.iter().find(|(lossy, _)| *lossy == device) else { return Vec::new() };
    let own = scores(features, device, loss);
    let far_scores = |cable: CableId, port: PortId| {
        let far = features.topology.far(port).map(|far| features.topology.ports[far].device)?;
        let (_, loss) = others.iter().find(|(lossy, _)| *lossy == far)?;
        let of_far = scores(features, far, loss);
        of_far.into_iter().find(|score| score.cable == cable).map(|score| score.nats + budget::cause(features, super::NAME, 1.0))
    };
    let nats: Vec<f64> =
        own.iter().map(|score| score.nats + far_scores(score.cable, score.port).unwrap_or(0.0)).collect();
    let all = ln_mean_exp(nats.iter().copied()) + (nats.len() as f64).ln();
    let share = |(score, nats): (&Score, f64)| Likely { cable: score.cable, port: score.port, share: (nats - all).exp() };
    let mut likely: Vec<Likely> = own.iter().zip(nats).map(share).collect();
    likely.sort_by(|a, b| b.share.total_cmp(&a.share).then(a.cable.cmp(&b.cable)));
    likely
}

struct Score {
    cable: CableId,
    port: PortId,
    nats: f64,
}

/// A way of one of the switch's ports, with r of the times of before and, the last, of now.
struct Rates {
    port: PortId,
    way: Way,
    r: Vec<f64>,
}

/// What each cable says for itself; none where too little is known of before.
fn scores(features: &Features, device: DeviceId, loss: &Loss) -> Vec<Score> {
    let Some(ways) = rates(features, device, loss) else { return Vec::new() };
    let readings = features.devices[device].balance.as_ref().map_or(0, |balance| balance.points_since(loss.since_tick));
    let irregular = (REGULAR / readings.max(1) as f64).max(1.0);
    let times = ways[0].r.len() - 1;
    let mean = |rates: &Rates| rates.r[..times].iter().sum::<f64>() / times as f64;
    let excess: Vec<f64> = ways.iter().map(|rates| rates.r[times] - mean(rates)).collect();
    let mut sorted = excess.clone();
    sorted.sort_unstable_by(f64::total_cmp);
    let third = (sorted.len() / 3).max(1);
    let lowest = sorted[..third].iter().sum::<f64>() / third as f64;
    let half = (sorted.len() / 2).max(1);
    let narrowest = (half..sorted.len()).map(|at| sorted[at] - sorted[at - half]).fold(f64::INFINITY, f64::min);
    let now = if narrowest.is_finite() { narrowest / HALF_SPREAD } else { 0.0 };
    let scatter = |rates: &Rates| {
        let squares = rates.r[..times].iter().map(|r| (r - mean(rates)).powi(2));
        squares.sum::<f64>() / times as f64
    };
    let scatters: Vec<f64> = ways.iter().map(scatter).collect();
    let pool = median(&mut scatters.clone());
    let score = |((rates, excess), scatter): ((&Rates, f64), f64)| {
        let variance = (scatter.max(pool) * (1.0 + 1.0 / times as f64) + now * now) * irregular.powi(2);
        let theta = asked(features, rates.port, loss)?;
        Some(Score {
            cable: features.topology.ports[rates.port].cable?,
            port: rates.port,
            nats: nats(excess - lowest, theta, variance),
        })
    };
    let all = ways.iter().zip(excess).zip(scatters);
    all.filter(|((rates, _), _)| rates.way == Way::Received).filter_map(score).collect()
}

fn nats(excess: f64, theta: f64, variance: f64) -> f64 {
    if theta >= super::MOST_RATIO {
        return -MOST_NATS; // nobody would go on sending them
    }
    let for_it = excess.powi(2) - (excess - theta).powi(2);
    (for_it / 2.0 / (variance + (theta * THETA_PART).powi(2))).clamp(-MOST_NATS, MOST_NATS)
}

/// θ: the part of what comes by a port that is lost, if all that the switch loses came by it.
fn asked(features: &Features, port: PortId, loss: &Loss) -> Option<f64> {
    let state = &features.ports[port];
    let last = state.packets?;
    let size = last.rx_bytes?.get() as f64 / last.rx_packets?.get().max(1) as f64;
    let bytes = state.trail.as_ref()?.mean(Way::Received, loss.since_tick, until(loss))?;
    (bytes > 0.0).then(|| loss.per_tick() * size / bytes)
}

fn until(loss: &Loss) -> i64 {
    (loss.until_tick + 1).min(loss.since_tick + MOST_TICKS)
}

fn rates(features: &Features, device: DeviceId, loss: &Loss) -> Option<Vec<Rates>> {
    let ports = || features.topology.devices[device].ports.iter().copied();
    let with_trail = || ports().filter_map(|port| Some((port, features.ports[port].trail.as_deref()?)));
    let times = times(with_trail().map(|(_, trail)| trail.oldest()).max()?, loss)?;
    let of_way = |(port, way): (PortId, Way)| {
        let trail = features.ports[port].trail.as_deref()?;
        let r = |&(from, until): &(i64, i64)| Some(trail.mean(way, from, until)?.max(1.0).ln());
        Some(Rates { port, way, r: times.iter().map(r).collect::<Option<Vec<f64>>>()? })
    };
    let ways = with_trail().flat_map(|(port, _)| [(port, Way::Received), (port, Way::Sent)]);
    let mut ways: Vec<Rates> = ways.filter_map(of_way).collect();
    let usual = |rates: &Rates| rates.r[..times.len() - 1].iter().sum::<f64>() / (times.len() - 1) as f64;
    let busiest = ways.iter().map(usual).fold(f64::NEG_INFINITY, f64::max);
    ways.retain(|rates| usual(rates) > busiest - USED);
    for time in 0..times.len() {
        let middle = median(&mut ways.iter().map(|rates| rates.r[time]).collect::<Vec<f64>>());
        ways.iter_mut().for_each(|rates| rates.r[time] -= middle);
    }
    (!ways.is_empty()).then_some(ways)
}

/// Times of before, as long as the loss where enough is kept, and that of the loss, the last.
fn times(oldest: i64, loss: &Loss) -> Option<Vec<(i64, i64)>> {
    let began = loss.since_tick;
    let kept = began - oldest;
    // So many times that overlap by half take up half as many lengths, and half a length more.
    let length = (until(loss) - began).min(kept * 2 / (LEAST_TIMES as i64 + 1));
    if length < LEAST_TICKS {
        return None;
    }
    let mut times: Vec<(i64, i64)> = (0..)
        .map(|time| began - length - time * length / 2)
        .take_while(|&from| from >= oldest)
        .map(|from| (from, from + length))
        .collect();
    times.push((began, until(loss)));
    (times.len() > LEAST_TIMES).then_some(times)
}

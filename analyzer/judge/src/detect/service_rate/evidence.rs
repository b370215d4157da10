//! How surely a link is slow, by the queues of both its ends.
//!
//! A link mostly trains alike both ways, so that a slow one is slow both ways in eight of ten cases, and one way alone in
//! one of ten each. Both directions are looked at together:
//!
//! ```text
//! x         =  slow by this end's queue + slow by the far end's          for the capacity that has most of it
//! evidence  =  the greater of   x − ln (1 + x) + ln 0.8   and   this end's alone + ln 0.1,   less ln 9 for nine capacities
//! ```
//! Where the far end tells nothing of its queue, a network card for example, both cases look alike from here, and this end's
//! evidence costs ln 0.9.
//!
//! Each sum may begin at any reading, so that a single one exceeds x nats by chance with a probability of e^−x at any one
//! moment. The sum of two such ones exceeds it with (1 + x) · e^−x, hence the first price; the greatest of nine with nine
//! times that, hence the last.
//!
//! Example: 10 nats at this end and 6 at the far end, both for half the planned rate. 16 − 2.8 − 0.2 − 2.2 = 10.8 nats.

use crate::features::ShortTick;
use crate::features::queue::{CAPACITIES, Longer, Queue};
use crate::statistics::ln_mean_exp;

/// How often a slow link is slow both ways, and this way alone.
const BOTH: f64 = 0.8;
const ALONE: f64 = 0.1;

/// What a link is taken to be, and how surely.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slow {
    pub nats: f64,
    /// Of [`CAPACITIES`].
    pub capacity: usize,
    /// The tick in which that began.
    pub since: ShortTick,
}

/// The queues at the two ends of a link.
#[derive(Clone, Copy, Debug)]
pub struct Ends<'a> {
    pub own: &'a Queue,
    /// Only where one was ever seen to stand.
    pub far: Option<&'a Queue>,
    /// The far end tells of its queue.
    pub far_tells: bool,
}

/// That the link serves this port at less than its planned rate. Of two ends the one says it that has more evidence.
pub fn slow(Ends { own, far, far_tells }: Ends<'_>, inflation: f64) -> Slow {
    let alone_costs = if far_tells { ALONE.ln() } else { (BOTH + ALONE).ln() };
    let of = |queue: &Queue, capacity: usize| queue.slower[capacity].against_any(inflation);
    let by_capacity = |capacity: usize| {
        let (alone, back) = (of(own, capacity), far.map_or(0.0, |far| of(far, capacity)));
        let evidence = (both(alone, back) + BOTH.ln()).max(alone + alone_costs) - (CAPACITIES.len() as f64).ln();
        let nats = if alone >= back && alone > 0.0 { evidence } else { f64::NEG_INFINITY };
        Slow { nats, capacity, since: own.slower[capacity].since }
    };
    let all = (1..CAPACITIES.len()).map(by_capacity);
    all.fold(by_capacity(0), |most, next| if next.nats > most.nats { next } else { most })
}

/// That the link serves this port at less than its planned rate, whatever was before, and without the far end.
pub fn slow_whatever_was(own: &Queue, inflation: f64) -> f64 {
    ln_mean_exp(own.slower.iter().map(|slower| slower.against_full(inflation)))
}

/// That the queue stands for longer than it used to, and the tick since which this port's does.
pub fn longer(Ends { own, far, .. }: Ends<'_>, inflation: f64) -> (f64, ShortTick) {
    let nats = |longer: &Longer| f64::from(longer.sum.nats()).max(0.0) / inflation;
    let of = |queue: &Queue| ln_mean_exp(queue.longer.iter().map(nats)).max(0.0);
    let most = own.longer.iter().fold(&own.longer[0], |most, next| if nats(next) > nats(most) { next } else { most });
    let alone = of(own);
    (both(alone, far.map_or(0.0, of)).max(alone), most.since)
}

/// Two sums that may each begin at any reading, as one.
fn both(own: f64, far: f64) -> f64 {
    let sum = own + far;
    sum - sum.ln_1p()
}

#[cfg(test)]
mod tests;

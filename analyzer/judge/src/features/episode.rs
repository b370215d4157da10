//! One alternative to what is usual, since it began to hold: how surely, since when, until when, and what came in that time.

use super::short::ShortTick;
use crate::statistics::Cusum;
use serde::{Deserialize, Serialize};

/// What is suspicious does not count as usual, nats: one chance in twenty.
pub const SUSPICIOUS: f32 = 3.0;
/// The most that one step can add, nats. What comes at once is one event, whatever it brings.
pub const MOST_NATS: f32 = 3.0;
/// Hits without which no alternative can be sure: 8 times 3 nats are above any bar (`statistics/cusum.rs`).
const SURE_HITS: u32 = 8;
/// Hits that must be missing for them to have ended: by Poisson's law none of 8 come with a probability of e⁻⁸.
const MISSING: f32 = 8.0;

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Episode {
    pub sum: Cusum,
    since: ShortTick,
    /// The last tick with a hit.
    until: ShortTick,
    /// What came since it began.
    amount: f32,
    /// Steps that speak for it.
    hits: u32,
    /// What they came among (packets, seconds) up to the last of them, and since then.
    among: f32,
    quiet: f32,
}

/// What an episode says: since which tick, until which one, and how much came in all and of what it came among.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Told {
    pub since_tick: i64,
    pub until_tick: i64,
    pub amount: f64,
    pub rate: f64,
}

impl Episode {
    /// Takes in a step: its ℓ, how much came in it, and among how much. What comes is a hit.
    pub fn step(&mut self, tick: i64, nats: f32, amount: f32, among: f32, is_hit: bool) {
        if self.sum.add(nats.min(MOST_NATS)) {
            let tick = ShortTick::of(tick);
            *self = Episode { sum: self.sum, since: tick, until: tick, ..Episode::default() };
        }
        self.amount += amount;
        self.quiet += among;
        if is_hit {
            self.until = ShortTick::of(tick);
            self.hits += 1;
            self.among += std::mem::take(&mut self.quiet);
        }
    }

    /// What it says in the tick `now`.
    pub fn told(&self, now: i64) -> Told {
        let [since_tick, until_tick] = [self.since, self.until].map(|tick| tick.seen_from(now));
        let [amount, among] = [self.amount, self.among].map(f64::from);
        Told { since_tick, until_tick, amount, rate: if among > 0.0 { amount / among } else { 0.0 } }
    }

    /// It had lasted, and of the hits that should have come since the last of them none did.
    pub fn is_over(&self) -> bool {
        self.hits >= SURE_HITS && self.quiet * self.hits as f32 >= MISSING * self.among
    }
}

/// The one that holds most surely.
pub fn strongest(episodes: &[Episode]) -> Episode {
    let by_nats = |a: &&Episode, b: &&Episode| a.sum.nats().total_cmp(&b.sum.nats());
    episodes.iter().max_by(by_nats).copied().unwrap_or_default()
}

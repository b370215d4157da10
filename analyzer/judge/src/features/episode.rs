//! One alternative to what is usual, since it began to hold: how surely, since when, until when, and what came in that time.

use crate::statistics::Cusum;
use serde::{Deserialize, Serialize};

/// What is suspicious does not count as usual, nats: one chance in twenty.
pub const SUSPICIOUS: f32 = 3.0;
/// The most that one step can add, nats. What comes at once is one event, whatever it brings.
pub const MOST_NATS: f64 = 3.0;
/// Hits without which no alternative can be sure: 8 times 3 nats are above any bar (`statistics/cusum.rs`).
const SURE_HITS: u32 = 8;
/// Hits that must be missing for them to have ended: by Poisson's law none of 8 come with a probability of e⁻⁸.
const MISSING: f64 = 8.0;

#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Episode {
    pub sum: Cusum,
    pub since_tick: i64,
    /// The last tick with a hit.
    pub until_tick: i64,
    /// What came since it began.
    pub amount: f64,
    /// Steps that speak for it.
    hits: u32,
    /// What they came among (packets, seconds) up to the last of them, and since then.
    among: f64,
    quiet: f64,
}

impl Episode {
    /// Takes in a step: its ℓ, how much came in it, and among how much. What comes is a hit.
    pub fn step(&mut self, tick: i64, nats: f64, amount: f64, among: f64, is_hit: bool) {
        if self.sum.add(nats.min(MOST_NATS) as f32) {
            *self = Episode { sum: self.sum, since_tick: tick, until_tick: tick, ..Episode::default() };
        }
        self.amount += amount;
        self.quiet += among;
        if is_hit {
            self.until_tick = tick;
            self.hits += 1;
            self.among += std::mem::take(&mut self.quiet);
        }
    }

    /// How much came, of what it came among up to the last hit.
    pub fn rate(&self) -> f64 {
        if self.among > 0.0 { self.amount / self.among } else { 0.0 }
    }

    /// It had lasted, and of the hits that should have come since the last of them none did.
    pub fn is_over(&self) -> bool {
        self.hits >= SURE_HITS && self.quiet * f64::from(self.hits) >= MISSING * self.among
    }
}

/// The one that holds most surely.
pub fn strongest(episodes: &[Episode]) -> Episode {
    let by_nats = |a: &&Episode, b: &&Episode| a.sum.nats().total_cmp(&b.sum.nats());
    episodes.iter().max_by(by_nats).copied().unwrap_or_default()
}

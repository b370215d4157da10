//! How much less a row of readings says than as many readings that are independent of each other.
//!
//! A queue that is read twice within one transfer is read twice for one event. What the readings differ by from what is
//! usual is summed over blocks; sums of independent readings vary by as much as their readings do together, sums of readings
//! that follow each other vary by more:
//!
//! ```text
//! differences      ▂▂▂▇▇▇▂▂▂▇▇▇      blocks of 4:  ▂▂▂▇  ▇▇▂▂  ▂▇▇▇
//! inflation   =   Σ (sum of a block)²  /  Σ difference²        1 where readings are independent, 16 where 16 are all alike
//! ```
//! Evidence is divided by the greatest inflation of several lengths of blocks.

use serde::{Deserialize, Serialize};

/// Readings of a block: from two transfers to some iterations of a job at 1 Hz, and to one or two at 10 Hz.
const WIDTHS: [u16; 5] = [4, 8, 16, 32, 64];
/// Blocks of a length from which on it counts: fewer have no spread.
const LEAST_BLOCKS: f64 = 3.0;
/// Readings from which on the inflation of a port is known: [`LEAST_BLOCKS`] of the third length.
const KNOWN: u16 = 48;
/// Σ difference² from which on a port says anything of others: a reading that sees a queue where none is usual adds nearly 1. Before
/// the first one all differences are alike, small and below 0, and seem to follow each other: of a port whose queue stood in none
/// of 500 readings the inflation is 42. The port itself keeps that: so little is known of what is usual there.
const LEAST_SQUARE: f32 = 0.5;
/// Readings until all sums count half: a whole number of blocks of every length.
const MOST: u16 = 4_096;

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Inflation {
    readings: u16,
    /// Σ difference².
    square: f32,
    /// The block that is not full yet, by length, and Σ (sum of a block)² of those before.
    open: [f32; WIDTHS.len()],
    blocks: [f32; WIDTHS.len()],
}

impl Inflation {
    pub fn add(&mut self, difference: f32) {
        self.readings += 1;
        self.square += difference * difference;
        for ((open, blocks), width) in self.open.iter_mut().zip(&mut self.blocks).zip(WIDTHS) {
            *open += difference;
            if self.readings.is_multiple_of(width) {
                *blocks += *open * *open;
                *open = 0.0;
            }
        }
        if self.readings >= MOST {
            self.readings /= 2;
            self.square /= 2.0;
            self.blocks.iter_mut().for_each(|blocks| *blocks /= 2.0);
        }
    }

    /// The inflation of each length that is known, and the number of its blocks.
    fn by_width(&self) -> impl Iterator<Item = (f64, f64)> + '_ {
        let known = self.readings >= KNOWN && self.square > 0.0;
        let counted = self.blocks.iter().zip(WIDTHS).map(|(blocks, width)| (blocks, f64::from(self.readings / width)));
        let counted = counted.filter(move |(_, count)| known && *count >= LEAST_BLOCKS);
        counted.map(|(blocks, count)| (f64::from(blocks / self.square), count))
    }

    /// The greatest of them; `None` before any is known, and of a port whose queue was never seen to stand.
    pub fn greatest(&self) -> Option<f64> {
        let ratios = self.by_width().map(|(ratio, _)| ratio);
        ratios.reduce(f64::max).filter(|_| self.square >= LEAST_SQUARE)
    }

    /// What it is at least: a variance that is taken from n blocks is off by √(2/n) of itself (normal blocks), and twice
    /// that is taken off.
    pub fn at_least(&self) -> f64 {
        self.by_width().map(|(ratio, blocks)| ratio / (1.0 + 2.0 * (2.0 / blocks).sqrt())).fold(1.0, f64::max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(differences: impl Iterator<Item = f32>) -> Inflation {
        let mut inflation = Inflation::default();
        differences.for_each(|difference| inflation.add(difference));
        inflation
    }

    #[test]
    fn readings_that_are_alike_count_less() {
        // Of each story the length of the runs of ±1, and between which bounds the inflation lies.
        let mut state = 5_u64;
        let mut coin = || {
            // Marsaglia's xorshift, 2003.
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            if state >> 40 & 1 == 1 { 1.0_f32 } else { -1.0 }
        };
        for (run, low, high) in [(1, 0.8, 1.6), (8, 6.0, 10.0), (32, 22.0, 40.0)] {
            let runs: Vec<f32> = (0..2_048 / run).flat_map(|_| [coin()].repeat(run)).collect();
            let inflation = of(runs.into_iter());
            let greatest = inflation.greatest().unwrap();
            assert!((low..high).contains(&greatest), "{run} {greatest}");
            assert!(inflation.at_least() <= greatest && inflation.at_least() >= 1.0, "{run}");
        }
        // One up, one down: less than independent ones, and evidence is never multiplied.
        assert!(of((0..512).map(|i| [1.0, -1.0][i % 2])).at_least() == 1.0);
        assert_eq!(of((0..40).map(|_| 1.0)).greatest(), None);
        assert_eq!(of((0..4_000).map(|_| -0.003)).greatest(), None, "a queue that never stands says nothing");
    }

    #[test]
    fn it_follows_what_changes() {
        let steady = (0..40_000).map(|i| [1.0, -1.0][i % 2]);
        let runs = (0..8_192).map(|i| [1.0, -1.0][i / 16 % 2]);
        assert!(of(steady.chain(runs)).greatest().unwrap() > 8.0);
    }
}

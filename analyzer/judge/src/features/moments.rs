//! When a device was read lately: whoever reads it reads all of its ports within a moment.
//!
//! ```text
//! read at     12.03        13.71     14.22          s
//! step             1.68         0.51                s, kept in µs: 4 bytes a reading, 1 KiB a device
//! ```
//! Collectors read at uneven distances on purpose (`weft_wire::instants`), so that the moments themselves must be known where it matters
//! at which part of an iteration the readings came, or how long it is between two of them.

use super::packed;
use super::sample::Count;
use arraydeque::{ArrayDeque, behavior::Wrapping};
use nonmax::NonMaxI64;
use serde::{Deserialize, Serialize};

/// Steps kept: one more than there are bins (`bins.rs`), and as many as any sum of the queues counts readings (`queue`).
const KEPT: usize = 256;
/// Rows that follow within so small a part of the interval of reading are of the same reading: another port, or another tier.
const SAME: i64 = 10;
const NS_PER_US: i64 = 1_000;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Moments {
    #[serde(with = "packed::count")]
    last_ns: Count,
    /// Since the reading before each, µs.
    #[serde(with = "packed::ring")]
    steps_us: ArrayDeque<u32, KEPT, Wrapping>,
}

impl Moments {
    /// Takes in a reading of one of the ports. The same moment, and one that lies before the last, is passed over.
    pub fn add(&mut self, ts_ns: i64, interval_ns: i64) {
        let Some(last_ns) = self.last_ns.map(|ns| ns.get()) else {
            self.last_ns = NonMaxI64::new(ts_ns);
            return;
        };
        let step_us = ts_ns.saturating_sub(last_ns) / NS_PER_US;
        if step_us <= interval_ns / SAME / NS_PER_US {
            return;
        }
        match u32::try_from(step_us) {
            Ok(step_us) => {
                self.steps_us.push_back(step_us);
                // The last moment is where the steps lead to: what is less than a µs does not add up.
                self.last_ns = NonMaxI64::new(last_ns + i64::from(step_us) * NS_PER_US);
            }
            Err(_) => *self = Moments { last_ns: NonMaxI64::new(ts_ns), ..Moments::default() },
        }
    }

    /// The last moments, at most so many, oldest first, ns.
    pub fn last(&self, most: usize) -> Vec<i64> {
        let Some(last_ns) = self.last_ns.map(|ns| ns.get()) else { return Vec::new() };
        let before = self.steps_us.iter().rev().scan(last_ns, |at_ns, &step_us| {
            *at_ns -= i64::from(step_us) * NS_PER_US;
            Some(*at_ns)
        });
        let mut moments: Vec<i64> = std::iter::once(last_ns).chain(before).take(most).collect();
        moments.reverse();
        moments
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_moments_of_all_ports_are_one_row_of_moments() {
        let (mut moments, ms) = (Moments::default(), 1_000_000);
        for port_late_ms in [0, 2] {
            [100, 169, 318, 338].iter().for_each(|at| moments.add((at + port_late_ms) * ms, 100 * ms));
        }
        assert_eq!(moments.last(9), [100, 169, 318, 338].map(|at| at * ms));
        assert_eq!(moments.last(2), [318 * ms, 338 * ms]);
        moments.add(1 << 60, 100 * ms);
        assert_eq!(moments.last(9), [1 << 60]);
        (0..1_000).for_each(|at| moments.add((1 << 60) + at * 100 * ms, 100 * ms));
        let kept = moments.last(usize::MAX);
        assert_eq!((kept.len(), kept[KEPT]), (KEPT + 1, (1 << 60) + 999 * 100 * ms));
    }
}

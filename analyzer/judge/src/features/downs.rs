//! When a link went down, and how often within the last six hours: few bytes, however often that is.

use serde::{Deserialize, Serialize};

/// A second down within six hours makes a flap (`reference/faults.md`, class 2); older ones are forgotten.
pub const FLAP_MEMORY_NS: i64 = 6 * 3600 * 1_000_000_000;
/// Moments kept of one link, 8 KiB at most. A link that goes down every 43 s fills them in six hours; beyond that two
/// neighbouring moments become one, so that the count stays right and only its oldest part leaves it a little late.
const MOST_MOMENTS: usize = 512;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Downs {
    /// Oldest first.
    moments: Vec<Moment>,
}

/// The link went down `times` times, the last of them at `ts_ns`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Moment {
    ts_ns: i64,
    times: u32,
}

impl Downs {
    pub fn note(&mut self, ts_ns: i64, times: u32) {
        if times == 0 {
            return;
        }
        self.moments.retain(|moment| moment.ts_ns > ts_ns - FLAP_MEMORY_NS);
        if self.moments.len() >= MOST_MOMENTS {
            self.join_neighbours();
        }
        self.moments.push(Moment { ts_ns, times });
    }

    fn join_neighbours(&mut self) {
        let pairs = self.moments.chunks(2);
        let joined = pairs.map(|pair| Moment {
            ts_ns: pair[pair.len() - 1].ts_ns,
            times: pair.iter().fold(0, |times, moment| times.saturating_add(moment.times)),
        });
        self.moments = joined.collect();
    }

    /// How often the link went down after a moment, of the last six hours.
    pub fn since(&self, ts_ns: i64) -> usize {
        self.moments.iter().filter(|moment| moment.ts_ns > ts_ns).map(|moment| moment.times as usize).sum()
    }

    /// The longest time from one of the last downs to the next, ns; 0 before there are two. Older downs tell nothing of how
    /// the link behaves now.
    pub fn longest_gap_ns(&self) -> i64 {
        const LAST: usize = 8;
        let last: Vec<i64> = self.moments.iter().rev().take(LAST).map(|moment| moment.ts_ns).collect();
        last.windows(2).map(|two| two[0] - two[1]).max().unwrap_or(0)
    }

    pub fn last_ns(&self) -> Option<i64> {
        self.moments.last().map(|moment| moment.ts_ns)
    }

    pub fn is_empty(&self) -> bool {
        self.moments.is_empty()
    }

    /// How many moments a question goes through.
    pub fn moments(&self) -> usize {
        self.moments.len()
    }

    /// Takes back the downs from a moment on; true when there were any.
    pub fn take_back(&mut self, from_ns: i64) -> bool {
        let before = self.moments.len();
        self.moments.retain(|moment| moment.ts_ns < from_ns);
        self.moments.len() < before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: i64 = 1_000_000_000;

    #[test]
    fn downs_are_counted_right_whether_they_are_few_or_many() {
        for downs in [0, 1, 10, 300, 5_000_i64] {
            let mut noted = Downs::default();
            (0..downs).for_each(|down| noted.note(down * S, 1));
            assert_eq!(noted.since(-1), downs as usize);
            assert!(noted.moments() <= MOST_MOMENTS);
            assert_eq!(noted.last_ns(), (downs > 0).then_some((downs - 1) * S));
        }
    }

    #[test]
    fn what_is_older_than_six_hours_is_forgotten_and_what_was_excused_is_taken_back() {
        let mut noted = Downs::default();
        [0, 10, 20].into_iter().for_each(|second| noted.note(second * S, 3));
        assert_eq!([-1, 0, 10 * S, 20 * S].map(|from| noted.since(from)), [9, 6, 3, 0]);
        assert!(noted.take_back(15 * S) && !noted.take_back(15 * S));
        noted.note(FLAP_MEMORY_NS + 5 * S, 1);
        assert_eq!(noted.since(-1), 4);
    }
}

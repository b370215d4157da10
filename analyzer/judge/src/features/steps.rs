//! When the steps of a job's training loop began, by the loop's own marks.

use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Steps kept: of steps of a second four minutes, longer than the three minutes of a job's bytes.
const STEPS: usize = 256;
/// Steps whose lengths must be known before their median is the usual length: of 8, three may be slow and it is still one of
/// the others.
const LEAST_STEPS: usize = 8;

/// Starts of a job's steps: the number of the step, and when its first rank began it, in order.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct StepClock {
    starts: VecDeque<(i64, i64)>,
}

impl StepClock {
    pub(super) fn add(&mut self, step: i64, start_ns: i64) {
        match self.starts.binary_search_by_key(&step, |s| s.0) {
            Ok(at) => self.starts[at].1 = self.starts[at].1.min(start_ns),
            Err(at) => self.starts.insert(at, (step, start_ns)),
        }
        // A step that begins before an earlier one: the job went back to a checkpoint, and counts from there.
        if let Some(back) = self.starts.iter().position(|s| s.0 > step && s.1 < start_ns) {
            self.starts.truncate(back);
        }
        while self.starts.len() > STEPS {
            self.starts.pop_front();
        }
    }

    pub(super) fn len(&self) -> usize {
        self.starts.len()
    }

    /// The newest step: its number, and when it began.
    pub(super) fn newest(&self) -> Option<(i64, i64)> {
        self.starts.back().copied()
    }

    /// The steps after one of this number.
    pub(super) fn after(&self, step: i64) -> impl Iterator<Item = (i64, i64)> + '_ {
        let first = self.starts.partition_point(|s| s.0 <= step);
        self.starts.iter().skip(first).copied()
    }

    /// The median length of the steps whose start is wanted; `None` while they are too few.
    pub(super) fn usual_ns(&self, wanted: impl Fn(i64) -> bool) -> Option<f64> {
        let pairs = self.starts.iter().zip(self.starts.iter().skip(1));
        let in_a_row = pairs.filter(|(a, b)| a.0.checked_add(1) == Some(b.0) && wanted(a.1) && wanted(b.1));
        let mut lengths: Vec<f64> = in_a_row.map(|(a, b)| (b.1 - a.1) as f64).collect();
        lengths.sort_by(f64::total_cmp);
        (lengths.len() >= LEAST_STEPS).then(|| lengths[lengths.len() / 2])
    }

    /// How many steps had been done at a moment. The one that runs counts by the part of it that has passed: 250 ms into a
    /// step of 1 s that follows step 41, 41.25. A step that runs for longer than usual has never more than ended.
    pub(super) fn at(&self, ts_ns: i64, usual_ns: f64) -> Option<f64> {
        let after = self.starts.partition_point(|s| s.1 <= ts_ns);
        let (step, start_ns) = *self.starts.get(after.checked_sub(1)?)?;
        let passed = match self.starts.get(after) {
            Some((_, next_ns)) => (ts_ns - start_ns) as f64 / (next_ns - start_ns) as f64,
            None => ((ts_ns - start_ns) as f64 / usual_ns).min(1.0),
        };
        Some(step as f64 + passed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000_000;

    /// Steps from 40 on that begin at these seconds.
    fn clock(starts: &[i64]) -> StepClock {
        let mut clock = StepClock::default();
        starts.iter().enumerate().for_each(|(step, start)| clock.add(40 + step as i64, start * SECOND));
        clock
    }

    #[test]
    fn the_step_that_runs_counts_by_the_part_that_has_passed() {
        let clock = clock(&[0, 1, 2, 4]);
        let at = |tenths: i64| clock.at(tenths * SECOND / 10, SECOND as f64);
        let table = [(0, 40.0), (15, 41.5), (30, 42.5), (42, 43.2), (90, 44.0)];
        for (tenths, steps) in table {
            assert!(at(tenths).is_some_and(|at| (at - steps).abs() < 1e-9), "{tenths}: {:?}", at(tenths));
        }
        assert_eq!(at(-1), None);
    }

    #[test]
    fn the_usual_length_needs_steps_enough_and_slow_ones_do_not_move_it() {
        assert_eq!(clock(&[0, 1, 2, 3]).usual_ns(|_| true), None);
        let slow = clock(&[0, 1, 2, 3, 4, 5, 9, 13, 17]);
        assert_eq!(slow.usual_ns(|_| true), Some(1e9));
    }

    #[test]
    fn a_job_that_goes_back_to_a_checkpoint_counts_from_there() {
        let mut clock = clock(&[0, 1, 2, 3]);
        clock.add(39, 10 * SECOND);
        assert_eq!(clock.at(10 * SECOND, 1e9), Some(39.0));
    }
}

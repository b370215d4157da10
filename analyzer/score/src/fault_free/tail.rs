//! How often the evidence of a detector rose to a level, beside how often it may.
//!
//! ```text
//! nats, reading by reading   0  1.2  3.4  2.8  5.1  4.0  0.6  0  3.2  0.4        3 nats: twice, 5 nats: once
//! at most                    readings · e^−level                                 the bound of statistics/cusum.rs in the judge
//! ```
//! Evidence that stays up, or that falls a little and rises again, has risen once: it counts anew only when it has been below
//! [`DOWN`].

use crate::figures::at_least;
use serde::{Deserialize, Serialize};

/// Nats. A factor of 7.4 lies between two of them, and one of 20 further up, where little is left to count.
pub const LEVELS: [f64; 6] = [3.0, 5.0, 7.0, 9.0, 12.0, 15.0];
/// Evidence of less than this is none: a sum that has fallen so far tells of what comes next.
const DOWN: f64 = 1.0;
/// A level is reached too often when chance brings as many as seldom as this.
const CHANCE: f64 = 0.001;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tail {
    /// Readings that were weighed, of all places together.
    pub readings: f64,
    /// How often each of [`LEVELS`] was reached.
    pub reached: [u64; LEVELS.len()],
    pub most: f64,
    /// What the detector's evidence must reach before it says anything, nats; the least of all traces.
    pub bar: Option<f64>,
}

impl Tail {
    /// Takes in the evidence of a place; `reached`: how many levels it has reached since it was last down.
    pub fn note(&mut self, nats: f64, readings: f64, reached: &mut usize) {
        self.readings += readings;
        self.most = self.most.max(nats);
        if nats < DOWN {
            *reached = 0;
        }
        while *reached < LEVELS.len() && nats >= LEVELS[*reached] {
            self.reached[*reached] += 1;
            *reached += 1;
        }
    }

    /// How often a level may be reached by chance at most, on the mean.
    pub fn allowed(&self, level: usize) -> f64 {
        self.readings * (-LEVELS[level]).exp()
    }

    pub fn is_exceeded(&self, level: usize) -> bool {
        at_least(self.reached[level], self.allowed(level)) < CHANCE
    }

    pub fn join(&mut self, other: &Tail) {
        self.readings += other.readings;
        self.most = self.most.max(other.most);
        self.reached.iter_mut().zip(other.reached).for_each(|(all, more)| *all += more);
        self.bar = [self.bar, other.bar].into_iter().flatten().reduce(f64::min);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tail(nats: &[f64]) -> Tail {
        let (mut tail, mut reached) = (Tail::default(), 0);
        nats.iter().for_each(|&nats| tail.note(nats, 1.0, &mut reached));
        tail
    }

    #[test]
    fn a_rise_counts_once_until_the_evidence_was_down() {
        let told = tail(&[0.0, 1.2, 3.4, 2.8, 5.1, 4.0, 0.6, 0.0, 3.2, 0.4]);
        assert_eq!((told.reached, told.most, told.readings), ([2, 1, 0, 0, 0, 0], 5.1, 10.0));
        assert_eq!(tail(&[16.0, 2.0, 16.0]).reached, [1; 6], "one rise through all levels, that stays up");
    }

    #[test]
    fn what_chance_brings_is_allowed_and_what_it_does_not_is_exceeded() {
        // 1,000 · e^−3 = 49.8.
        for (reached, exceeded) in [(0, false), (50, false), (70, false), (80, true)] {
            let tail = Tail { readings: 1_000.0, reached: [reached, 0, 0, 0, 0, 0], ..Tail::default() };
            assert_eq!(tail.is_exceeded(0), exceeded, "{reached} of {}", tail.allowed(0));
        }
        let once = Tail { readings: 1_000.0, reached: [1; 6], ..Tail::default() };
        assert!(once.is_exceeded(5) && !once.is_exceeded(2));
    }

    #[test]
    fn tails_of_two_traces_add_up() {
        let mut all = Tail { bar: Some(22.9), ..tail(&[3.0]) };
        all.join(&Tail { bar: Some(20.6), ..tail(&[0.0, 6.0]) });
        let expected = Tail { readings: 3.0, reached: [2, 1, 0, 0, 0, 0], most: 6.0, bar: Some(20.6) };
        assert_eq!(all, expected);
    }
}

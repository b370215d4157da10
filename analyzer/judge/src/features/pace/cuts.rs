//! Where one row of readings ends and the next begins: where in the interval hardly any reading comes.
//!
//! ```text
//! within the interval       0                             1
//! read evenly               ▂▇                             ▁      all a little after the full second:  cut at 0.55
//! moved from period to      ▁▃▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▅▃▁              anywhere but near its ends:         cut at 0
//! period
//! ```
//! The interval is laid out in twenty parts, and it is counted how many readings came in each lately. The cut lies in the middle of the
//! longest stretch of parts that hold hardly any. It stays there as long as its own part is such a one, and no stretch is twice as
//! long; else it moves the shorter way around, so that rows are numbered on. So it follows intervals that are a little longer or
//! shorter than they say.

use serde::{Deserialize, Serialize};

const PARTS: usize = 20;
/// With each tick that has readings, what was counted before counts less by this part: some 16 ticks count. Readings that drift by 3 % of the
/// interval from tick to tick then fill half of it.
const FORGET: f64 = 1.0 / 16.0;
/// A part holds hardly any readings that holds less than this share of them: a twentieth would be its even share, and one reading in fifty
/// may come late or early.
const HARDLY: f64 = 0.02;
/// A stretch so many times as long as that around the cut is the better place.
const LONGER: usize = 2;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Cuts {
    /// Readings counted, by part of the interval.
    counts: [f32; PARTS],
    /// After multiples of the interval; may grow beyond one while readings drift.
    cut_ns: Option<i64>,
}

impl Cuts {
    /// Takes in the moments of the readings of a tick.
    pub fn update(&mut self, interval_ns: i64, moments_ns: impl Iterator<Item = i64>) {
        let (mut new, mut all) = ([0.0_f32; PARTS], 0.0);
        for ns in moments_ns {
            new[part_of(ns, interval_ns)] += 1.0;
            all += 1.0;
        }
        if all == 0.0 {
            return;
        }
        // By shares, so that a tick with many readings tells no more than one with few.
        for (count, new) in self.counts.iter_mut().zip(new) {
            *count = *count * (1.0 - FORGET as f32) + new / all;
        }
        let (first, length) = self.longest();
        if self.cut_ns.is_some_and(|ns| self.is_as_good(part_of(ns, interval_ns), first, length)) {
            return;
        }
        let within_ns = (2 * first + length) as i64 * interval_ns / (2 * PARTS) as i64;
        let before_ns = self.cut_ns.unwrap_or(within_ns.rem_euclid(interval_ns));
        let later_ns = (within_ns - before_ns + interval_ns / 2).rem_euclid(interval_ns) - interval_ns / 2;
        self.cut_ns = Some(before_ns + later_ns);
    }

    /// A row begins so long after a multiple of the interval.
    pub fn cut_ns(&self) -> i64 {
        self.cut_ns.unwrap_or(0)
    }

    fn is_empty(&self, part: usize) -> bool {
        let all: f32 = self.counts.iter().sum();
        self.counts[part % PARTS] < all * HARDLY as f32
    }

    /// A cut in this part is nearly as good as one in the longest stretch.
    fn is_as_good(&self, part: usize, first: usize, length: usize) -> bool {
        match self.is_empty(first) {
            true => self.stretch_at(part) * LONGER > length,
            false => self.counts[part] <= self.counts[first] * LONGER as f32,
        }
    }

    /// How many parts in a row hold hardly any readings, around this one; 0 where it holds some itself.
    fn stretch_at(&self, part: usize) -> usize {
        let later = (0..PARTS).take_while(|after| self.is_empty(part + after)).count();
        let earlier = (1..PARTS).take_while(|before| self.is_empty(part + PARTS - before)).count();
        if later == 0 { 0 } else { (later + earlier).min(PARTS) }
    }

    /// The longest such stretch: its first part, and how many. Where there is none, the part with the fewest readings.
    fn longest(&self) -> (usize, usize) {
        let begins = (0..PARTS).filter(|&part| self.is_empty(part) && !self.is_empty(part + PARTS - 1));
        let longest = begins.map(|part| (self.stretch_at(part), part)).max();
        let fewest = || (0..PARTS).min_by(|&a, &b| self.counts[a].total_cmp(&self.counts[b])).unwrap_or(0);
        longest.map_or_else(|| (fewest(), 1), |(length, first)| (first, length))
    }
}

fn part_of(ns: i64, interval_ns: i64) -> usize {
    (ns.rem_euclid(interval_ns) * PARTS as i64 / interval_ns) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: i64 = 1_000;

    /// Where the cut is after each tick.
    fn cuts(ticks: impl Iterator<Item = Vec<i64>>) -> Vec<i64> {
        let mut cuts = Cuts::default();
        ticks
            .map(|moments| {
                cuts.update(INTERVAL, moments.into_iter());
                cuts.cut_ns()
            })
            .collect()
    }

    #[test]
    fn the_cut_lies_opposite_to_even_readings_and_stays() {
        for (moments, expected) in
            [(vec![10, 20, 60], 550), (vec![980, 20], 500), (vec![480, 520], 25), (vec![0, 500], 775)]
        {
            let cuts = cuts((0..100).map(|tick| moments.iter().map(|moment| moment + tick * INTERVAL).collect()));
            let is_there = |cut: &i64| (cut - expected + 500).rem_euclid(INTERVAL) - 500;
            assert!(cuts.iter().all(|cut| is_there(cut).abs() <= 50 && *cut == cuts[0]), "{moments:?}: {cuts:?}");
        }
    }

    #[test]
    fn the_cut_comes_to_lie_between_two_periods_of_readings_that_are_moved_within_them() {
        let moments = |k: i64| vec![weft_wire::instants::reading_ns(k, INTERVAL)];
        let cuts = cuts((0..2_000).map(moments));
        let from_whole = |cut: &i64| (cut + 500).rem_euclid(INTERVAL) - 500;
        assert!(cuts[20..].iter().all(|cut| from_whole(cut).abs() < 100), "{:?}", &cuts[..40]);
    }

    #[test]
    fn the_cut_runs_before_readings_that_drift() {
        let cuts = cuts((0..500).map(|k| vec![1_030 * k, 1_030 * k + 40]));
        let rows: Vec<i64> = cuts.iter().zip(0..).map(|(cut, k)| (1_030 * k - cut).div_euclid(INTERVAL)).collect();
        let (first, last) = (rows[0], rows[499]);
        assert!((last - first - 499).abs() <= 15, "{first} {last}");
        assert!(rows.windows(2).filter(|pair| pair[1] - pair[0] == 1).count() > 480);
    }
}

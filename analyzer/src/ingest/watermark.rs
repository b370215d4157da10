//! The watermark: how far event time has come, over all collectors.
//!
//! It is not the highest clock: one clock ahead would make everybody else late. It is the value that a tenth of the
//! active collectors (and at least two of them) have reached. *Active* is judged by arrivals, as there is no wall clock
//! here: a collector is active while it is among the senders of the last few rounds of frames, so a lone survivor's
//! clock counts again soon after the others fell silent.

use std::collections::{BTreeMap, HashMap, VecDeque};

/// Resolution of the order statistic.
const BUCKET_NS: i64 = 50_000_000;
/// Arrivals, as a multiple of the active collectors, after which a silent one is no longer active.
const ROUNDS: u64 = 4;
const MIN_ARRIVALS: u64 = 16;

#[derive(Debug, Default)]
pub struct Watermark {
    arrivals: u64,
    /// Collector → (latest flush, number of its last arrival), of the active ones.
    active: HashMap<u32, (i64, u64)>,
    /// Active collectors by the bucket of their latest flush.
    histogram: BTreeMap<i64, usize>,
    recent: VecDeque<(u64, u32)>,
    now_ns: Option<i64>,
}

impl Watermark {
    /// `None` until the first frame. Never falls.
    pub fn now_ns(&self) -> Option<i64> {
        self.now_ns
    }

    pub fn active(&self) -> usize {
        self.active.len()
    }

    pub fn is_active(&self, collector: u32) -> bool {
        self.active.contains_key(&collector)
    }

    pub fn observe(&mut self, collector: u32, flush_ns: i64) {
        self.arrivals += 1;
        let old = self.active.get(&collector).map(|&(flush, _)| flush);
        let latest = old.map_or(flush_ns, |old| old.max(flush_ns));
        if old != Some(latest) {
            old.into_iter().for_each(|old| self.leave(old));
            *self.histogram.entry(latest.div_euclid(BUCKET_NS)).or_default() += 1;
        }
        self.active.insert(collector, (latest, self.arrivals));
        self.recent.push_back((self.arrivals, collector));
        self.retire();
        let reached = self.reached();
        self.now_ns = self.now_ns.max(reached);
    }

    /// Forgets all: used when the first clock heard proves to be the wrong one.
    pub fn reset(&mut self) {
        *self = Watermark::default();
    }

    fn leave(&mut self, flush_ns: i64) {
        let bucket = flush_ns.div_euclid(BUCKET_NS);
        if let Some(count) = self.histogram.get_mut(&bucket) {
            *count -= 1;
            if *count == 0 {
                self.histogram.remove(&bucket);
            }
        }
    }

    fn retire(&mut self) {
        let keep = (self.active.len() as u64 * ROUNDS).max(MIN_ARRIVALS);
        while self.recent.front().is_some_and(|&(arrival, _)| arrival + keep < self.arrivals) {
            let Some((arrival, collector)) = self.recent.pop_front() else { break };
            if let Some(&(flush, last)) = self.active.get(&collector)
                && last == arrival
            {
                self.active.remove(&collector);
                self.leave(flush);
            }
        }
    }

    /// Exact for one collector, else the start of the bucket that enough collectors have reached.
    fn reached(&self) -> Option<i64> {
        if self.active.len() == 1 {
            return self.active.values().next().map(|&(flush, _)| flush);
        }
        let enough = (self.active.len() / 10).max(2);
        let mut seen = 0;
        for (&bucket, &count) in self.histogram.iter().rev() {
            seen += count;
            if seen >= enough {
                return Some(bucket * BUCKET_NS);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: i64 = 1_000_000_000;

    #[test]
    fn one_clock_ahead_does_not_move_it() {
        let mut mark = Watermark::default();
        for tick in 1..=20 {
            for collector in 0..5 {
                let ahead = if collector == 4 { 30 * S } else { 0 };
                mark.observe(collector, tick * S + ahead);
            }
        }
        assert_eq!(mark.now_ns(), Some(20 * S));
    }

    #[test]
    fn a_lone_survivor_moves_it_again() {
        let mut mark = Watermark::default();
        for tick in 1..=3 {
            (0..3).for_each(|collector| mark.observe(collector, tick * S));
        }
        for tick in 4..=30 {
            mark.observe(0, tick * S);
        }
        assert_eq!((mark.now_ns(), mark.active()), (Some(30 * S), 1));
    }
}

//! How surely a port is hot more often than it used to be, by its own past alone.
//!
//! Of n ticks now a port was hot in a, of m before in b. What is usual is itself an estimate, (b+2)/(m+4) by the rule of Agresti
//! and Coull (The American Statistician 52, 1998), and the less is known of it, the less the ticks now can say. The chance of a or
//! more is then at most
//!
//! ```text
//! e^(−ν · D(a/n ‖ (b+2)/(m+4))),   ν = n·m / (n+m)           Chernoff's bound (statistics/chernoff.rs)
//! ```
//! Example: a queue in 10 of 12 ticks, where 20 of 96 had one. ν = 10.7, D(0.83 ‖ 0.22) = 0.85: 9.1 nats, one chance in 9,000.
//! Ticks may follow from those just before, so that hot ones come in runs: the evidence is divided by how much more the counts of
//! 4, 8 and 16 ticks varied before than those of independent ticks would, by the median of the ports, which share the job. Ways to
//! be hot go together (a long queue marks), so that their evidence is not added: the strongest counts, less the logarithm of how
//! many there were to choose from.

use super::slowing::Slowing;
use crate::fabric::PortId;
use crate::features::{Features, Hot, Past, PastSlots};
use crate::statistics::{chernoff_nats, median};

/// Slots that make a count: 4, 8 and 16 ticks. And how many counts there must be for their spread to be known.
const BLOCKS: [usize; 3] = [1, 2, 4];
const LEAST_BLOCKS: usize = 5;
/// A way that is shown in fewer ticks than this part of them, or in nearly all, tells nothing of runs.
const RARE: f64 = 0.05;

/// The evidence in nats; `runs`: what [`runs`] says of the ports.
pub fn nats(past: &Past, slowing: &Slowing, runs: f64) -> f64 {
    let ways = Hot::ALL.into_iter().map(|way| (past.hot(way, slowing.now), past.hot(way, slowing.before)));
    let shown: Vec<f64> =
        ways.filter(|(now, before)| now.0 + before.0 > 0.0).map(|(now, before)| more_often(now, before)).collect();
    let strongest = shown.iter().fold(0.0, |most: f64, &nats| most.max(nats)) / runs;
    (strongest - (shown.len().max(1) as f64).ln()).max(0.0)
}

/// How much more counts of hot ticks varied before than those of independent ticks would, 1 at least, by the median of the ports
/// and ways that tell it.
pub fn runs(features: &Features, slowing: &Slowing, ports: &[PortId]) -> f64 {
    let pasts = ports.iter().filter_map(|&port| features.ports[port].past.as_deref());
    let told = pasts.flat_map(|past| Hot::ALL.into_iter().filter_map(|way| runs_of(past, way, slowing.before)));
    let mut told: Vec<f64> = told.collect();
    if told.is_empty() { 1.0 } else { median(&mut told).max(1.0) }
}

fn runs_of(past: &Past, way: Hot, before: PastSlots) -> Option<f64> {
    let counts: Vec<(f64, f64)> = before.iter().map(|slot| past.hot(way, before.only(slot))).collect();
    let (hot, told) = counts.iter().fold((0.0, 0.0), |sum, count| (sum.0 + count.0, sum.1 + count.1));
    let share = hot / told;
    let varies = |block: usize| {
        let blocks = counts.chunks_exact(block).map(|counts| counts.iter().map(|(hot, told)| hot - told * share).sum::<f64>());
        let blocks: Vec<f64> = blocks.collect();
        let independent = told / counts.len() as f64 * block as f64 * share * (1.0 - share);
        let variance = blocks.iter().map(|more| more * more).sum::<f64>() / (blocks.len() as f64 - 1.0);
        (blocks.len() >= LEAST_BLOCKS).then(|| variance / independent)
    };
    let is_told = (RARE..=1.0 - RARE).contains(&share);
    BLOCKS.into_iter().filter_map(varies).reduce(f64::max).filter(|_| is_told)
}

/// That something is seen more often than before: (times seen, ticks) now and before.
fn more_often((seen, ticks): (f64, f64), (seen_before, ticks_before): (f64, f64)) -> f64 {
    if ticks <= 0.0 || ticks_before <= 0.0 {
        return 0.0;
    }
    let weight = ticks * ticks_before / (ticks + ticks_before);
    chernoff_nats(weight, seen / ticks, (seen_before + 2.0) / (ticks_before + 4.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::{Heat, SLOT_TICKS};

    #[test]
    fn hot_ticks_that_come_in_runs_weigh_less() {
        let runs = |is_hot: fn(i64) -> bool| {
            let mut past = Past::default();
            for tick in 0..30 * SLOT_TICKS {
                let mut heat = Heat::default();
                heat.add(Hot::Queued, is_hot(tick));
                past.add(tick, Some(1.0), heat);
            }
            runs_of(&past, Hot::Queued, PastSlots::between(0, 29, 29))
        };
        assert!(runs(|tick| tick % 3 == 0).is_some_and(|runs| runs < 0.5), "more even than by chance");
        assert!(runs(|tick| tick % 24 < 8).is_some_and(|runs| runs > 5.0), "eight ticks at a time");
        assert_eq!(runs(|_| false), None);
    }

    #[test]
    fn what_is_seen_more_often_is_evidence_and_what_is_not_is_none() {
        let table = [
            ((10.0, 12.0), (20.0, 96.0), 9.1),
            ((12.0, 12.0), (0.0, 96.0), 41.7),
            ((2.0, 12.0), (20.0, 96.0), 0.0),
            ((12.0, 12.0), (0.0, 0.0), 0.0),
            ((4.0, 4.0), (16.0, 16.0), 0.3),
        ];
        for (now, before, expected) in table {
            let nats = more_often(now, before);
            assert!((nats - expected).abs() < 0.1, "{now:?} {before:?}: {nats}");
        }
    }

    /// Nothing changes at a port that is hot in the part p of its ticks: over all p, and for many lengths of time, chance makes
    /// x nats no more often than e^−x. Exact: the sum over all counts before and now, each by its binomial probability.
    #[test]
    fn chance_makes_no_more_evidence_than_it_says() {
        let binomial = |n: u32, p: f64| -> Vec<f64> {
            let mut row = vec![1.0];
            for _ in 0..n {
                let mut next = vec![0.0; row.len() + 1];
                for (k, mass) in row.iter().enumerate() {
                    next[k] += mass * (1.0 - p);
                    next[k + 1] += mass * p;
                }
                row = next;
            }
            row
        };
        for (n, m) in [(12, 16), (12, 48), (12, 100), (24, 24), (40, 80), (60, 60), (80, 32)] {
            for p in [0.001, 0.01, 0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 0.95] {
                let (now, before) = (binomial(n, p), binomial(m, p));
                for x in [3.0, 6.0, 9.0, 12.0, 15.0] {
                    let mut chance = 0.0;
                    for (a, likely) in now.iter().enumerate() {
                        for (b, likely_before) in before.iter().enumerate() {
                            let is_beyond = more_often((a as f64, f64::from(n)), (b as f64, f64::from(m))) >= x;
                            chance += if is_beyond { likely * likely_before } else { 0.0 };
                        }
                    }
                    assert!(chance <= f64::exp(-x), "n {n} m {m} p {p}: {chance} beyond {x} nats");
                }
            }
        }
    }
}

//! How late each port begins, iteration by iteration, and when that is a habit: one late iteration is none.

use super::quiet::Row;
use crate::detect::median;
use std::collections::BTreeMap;

/// Of the last so many: enough for a fine mean, where iterations are short.
const LAST: usize = 16;
/// Of these the noise is taken.
const NOISE: usize = 5;
/// Iterations that must be late to the last: a habit that has ended is none.
const TO_THE_LAST: usize = 2;

/// Late in the mean of the last `of` iterations, but for the outermost, at least; or in all of them where they are few. The fewer, the larger
/// the lateness must be: as a part of the iteration, over the noise of a single one, and in bins.
struct Rule {
    of: usize,
    share: f64,
    over_noise: f64,
    bins: f64,
}

/// Below 5 % of the iteration ordinary jitter dominates. A reading's place within its bin may shift one onset by a bin.
const RULES: [Rule; 4] = [
    Rule { of: 2, share: 0.12, over_noise: 12.0, bins: 1.25 },
    Rule { of: 3, share: 0.08, over_noise: 8.0, bins: 1.05 },
    Rule { of: 5, share: 0.05, over_noise: 5.0, bins: 0.75 },
    Rule { of: LAST, share: 0.05, over_noise: 4.0, bins: 0.25 },
];
/// Up to so many all must be late.
const FEW: usize = 3;
/// Half of the least lateness that is ever called late.
const ON_TIME: (f64, f64) = (0.025, 0.125);

/// Times in bins.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Lateness {
    OnTime,
    /// Too few iterations to say, or between the two.
    Unsure,
    /// `since`: the first late core, from the window's start.
    Late {
        bins: f64,
        threshold: f64,
        since: f64,
    },
}

impl Lateness {
    pub fn bins(&self) -> f64 {
        match self {
            Lateness::OnTime => -1.0,
            Lateness::Unsure => 0.0,
            Lateness::Late { bins, .. } => *bins,
        }
    }
}

/// A verdict a row. `peers` is the group of each row, within which it is compared; `cores` and `period` in bins.
pub fn judge(rows: &[Row], peers: &[u32], cores: &[f64], period: f64) -> Vec<Lateness> {
    let recent = &cores[cores.len().saturating_sub(LAST)..];
    let recent: Vec<(f64, Vec<Option<f64>>)> = recent.iter().map(|&c| (c, late_at(rows, peers, c, cores))).collect();
    let newest = &recent[recent.len().saturating_sub(NOISE)..];
    let mut noise: Vec<f64> = newest.iter().flat_map(|(_, late)| late.iter().flatten().map(|l| l.abs())).collect();
    let noise = median(&mut noise);
    (0..rows.len())
        .map(|row| {
            let told: Vec<(f64, f64)> = recent.iter().filter_map(|(core, late)| Some((*core, late[row]?))).collect();
            habit(&told, period, noise)
        })
        .collect()
}

/// `told`: (core, lateness at it), oldest first.
fn habit(told: &[(f64, f64)], period: f64, noise: f64) -> Lateness {
    let last = |n: usize| told.len().checked_sub(n).map(|from| &told[from..]);
    for rule in &RULES {
        // One in five may not have been told: a reading was lost.
        let Some(these) = last(rule.of).or_else(|| last(rule.of - rule.of / 5)) else { continue };
        let threshold = (rule.share * period).max(rule.over_noise * noise).max(rule.bins);
        let late = if rule.of <= FEW { least(these) } else { trimmed_mean(these) };
        if late >= threshold && last(TO_THE_LAST).is_some_and(|l| least(l) >= threshold / 2.0) {
            let since = told.iter().rev().take_while(|t| t.1 >= late / 2.0).last().map_or(0.0, |t| t.0);
            return Lateness::Late { bins: trimmed_mean(these), threshold, since };
        }
    }
    match last(FEW) {
        Some(these) if trimmed_mean(these) < (ON_TIME.0 * period).max(ON_TIME.1) => Lateness::OnTime,
        _ => Lateness::Unsure,
    }
}

fn least(told: &[(f64, f64)]) -> f64 {
    told.iter().map(|t| t.1).fold(f64::INFINITY, f64::min)
}

/// Without the highest and the lowest eighth, of more than two: onsets jump by whole bins where traffic is bursty, and a
/// median would jump with them.
fn trimmed_mean(told: &[(f64, f64)]) -> f64 {
    let mut late: Vec<f64> = told.iter().map(|t| t.1).collect();
    late.sort_by(f64::total_cmp);
    let cut = if late.len() > 2 { late.len().div_ceil(8) } else { 0 };
    let kept = &late[cut..late.len() - cut];
    kept.iter().sum::<f64>() / kept.len() as f64
}

/// How late each row begins after the quiet around `core`: its onset beyond its peers' median onset, but no more than
/// its quiet is longer than their median quiet. `None` where the row was not quiet then, or still is.
fn late_at(rows: &[Row], peers: &[u32], core: f64, cores: &[f64]) -> Vec<Option<f64>> {
    let runs: Vec<_> = rows.iter().map(|r| r.run_of(core, cores)).collect();
    let mut by_group: BTreeMap<u32, (Vec<f64>, Vec<f64>)> = BTreeMap::new();
    for (run, &group) in runs.iter().zip(peers) {
        if let Some(run) = run {
            let (ends, lengths) = by_group.entry(group).or_default();
            ends.push(run.end);
            lengths.push(run.end - run.start);
        }
    }
    let medians: BTreeMap<u32, (f64, f64)> = by_group
        .into_iter()
        .map(|(g, (mut ends, mut lengths))| (g, (median(&mut ends), median(&mut lengths))))
        .collect();
    let late = |run: super::quiet::Run, group: u32| {
        let (end, length) = medians[&group];
        (run.end - end).min(run.end - run.start - length)
    };
    runs.into_iter().zip(peers).map(|(run, &group)| run.map(|run| late(run, group))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Iterations of ten bins, a noise of a hundredth of a bin.
    fn verdict(late: &[f64]) -> Lateness {
        let told: Vec<(f64, f64)> = late.iter().enumerate().map(|(i, l)| (10.0 * i as f64, *l)).collect();
        habit(&told, 10.0, 0.01)
    }

    fn is_late(late: &[f64]) -> bool {
        matches!(verdict(late), Lateness::Late { .. })
    }

    #[test]
    fn the_fewer_iterations_the_more_it_takes() {
        assert!(is_late(&[0.0, 0.0, 0.0, 1.3, 1.4]), "two by more than a tenth");
        assert!(!is_late(&[0.0, 0.0, 0.0, 1.1, 1.1]) && is_late(&[0.0, 0.0, 1.1, 1.1, 1.1]));
        assert!(!is_late(&[0.0, 0.0, 0.0, 0.9, 0.9]) && is_late(&[0.0, 0.8, 0.8, 0.8, 0.9]));
        assert!(!is_late(&[0.0, 0.0, 0.0, 0.0, 9.0]), "once is no habit");
        assert!(!is_late(&[9.0, 0.0, 9.0, 0.0, 0.0]));
        assert!(!is_late(&[0.9, 0.9, 0.9, 0.0, 0.0]), "it has ended");
    }

    #[test]
    fn it_began_with_the_first_of_the_run() {
        assert_eq!(verdict(&[0.0, 0.1, 2.0, 2.25, 2.25]), Lateness::Late { bins: 2.25, threshold: 1.25, since: 20.0 });
    }

    #[test]
    fn on_time_is_said_only_of_what_is() {
        assert_eq!(verdict(&[2.0, 2.0, 0.0, 0.1, 0.0]), Lateness::OnTime);
        assert_eq!(verdict(&[0.0, 0.0, 0.4, 0.4, 0.4]), Lateness::Unsure);
        assert_eq!(verdict(&[0.0, 0.0]), Lateness::Unsure);
    }
}

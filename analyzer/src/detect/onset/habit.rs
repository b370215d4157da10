//! How late each port begins, iteration by iteration, and when that is a habit: one late iteration is none.

use super::quiet::Row;
use crate::detect::median;
use std::collections::BTreeMap;

/// Of the last so many iterations: enough for a median, few enough to be soon.
const LAST: usize = 5;

/// Late in `of` iterations running, at least. The fewer, the larger the lateness must be: as a part of the iteration,
/// over the noise of a single one, and in bins.
struct Rule {
    of: usize,
    share: f64,
    over_noise: f64,
    bins: f64,
}

/// Below 5 % of the iteration ordinary jitter dominates.
const RULES: [Rule; 3] = [
    Rule { of: 2, share: 0.12, over_noise: 12.0, bins: 1.0 },
    Rule { of: 3, share: 0.08, over_noise: 8.0, bins: 0.75 },
    Rule { of: LAST, share: 0.05, over_noise: 5.0, bins: 0.5 },
];

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
    let by_core: Vec<(f64, Vec<Option<f64>>)> = cores.iter().map(|&c| (c, late_at(rows, peers, c))).collect();
    let recent = &by_core[by_core.len().saturating_sub(LAST)..];
    let mut noise: Vec<f64> = recent.iter().flat_map(|(_, late)| late.iter().flatten().map(|l| l.abs())).collect();
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
    for rule in &RULES {
        let threshold = (rule.share * period).max(rule.over_noise * noise).max(rule.bins);
        let Some(last) = told.len().checked_sub(rule.of.min(LAST - 1)).map(|from| &told[from..]) else { continue };
        let late = if rule.of < LAST { least(last) } else { middle(told) };
        if late >= threshold {
            let since = told.iter().rev().take_while(|t| t.1 >= late / 2.0).last().map_or(0.0, |t| t.0);
            return Lateness::Late { bins: middle(last).max(late), threshold, since };
        }
    }
    let Some(last) = told.len().checked_sub(3).map(|from| &told[from..]) else { return Lateness::Unsure };
    let on_time = (RULES[LAST - 3].share * period).max(RULES[LAST - 3].bins) / 2.0;
    if middle(last) < on_time { Lateness::OnTime } else { Lateness::Unsure }
}

fn least(told: &[(f64, f64)]) -> f64 {
    told.iter().map(|t| t.1).fold(f64::INFINITY, f64::min)
}

fn middle(told: &[(f64, f64)]) -> f64 {
    median(&mut told.iter().map(|t| t.1).collect::<Vec<_>>())
}

/// How late each row begins after the quiet around `core`: its onset beyond its peers' median onset, but no more than
/// its quiet is longer than their median quiet. `None` where the row was not quiet then, or still is.
fn late_at(rows: &[Row], peers: &[u32], core: f64) -> Vec<Option<f64>> {
    let runs: Vec<_> = rows.iter().map(|r| r.run_at(core)).collect();
    let mut by_group: BTreeMap<u32, (Vec<f64>, Vec<f64>)> = BTreeMap::new();
    for (run, &group) in runs.iter().zip(peers) {
        if let Some(run) = run {
            let (ends, lengths) = by_group.entry(group).or_default();
            ends.push(run.end);
            lengths.push(run.end - run.start);
        }
    }
    let medians: BTreeMap<u32, (f64, f64)> =
        by_group.into_iter().map(|(g, (mut ends, mut lengths))| (g, (median(&mut ends), median(&mut lengths)))).collect();
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
        assert!(!is_late(&[0.0, 0.0, 0.0, 0.9, 0.9]) && is_late(&[0.0, 0.0, 0.9, 0.9, 0.9]));
        assert!(!is_late(&[0.0, 0.0, 0.6, 0.6, 0.6][..4]) && is_late(&[0.0, 0.6, 0.6, 0.6, 0.6]));
        assert!(!is_late(&[0.0, 0.0, 0.0, 0.0, 9.0]), "once is no habit");
        assert!(!is_late(&[9.0, 0.0, 9.0, 0.0, 0.0]));
    }

    #[test]
    fn it_began_with_the_first_of_the_run() {
        assert_eq!(verdict(&[0.0, 0.1, 2.0, 2.2, 2.1]), Lateness::Late { bins: 2.1, threshold: 1.2, since: 20.0 });
    }

    #[test]
    fn on_time_is_said_only_of_what_is() {
        assert_eq!(verdict(&[2.0, 2.0, 0.0, 0.1, 0.0]), Lateness::OnTime);
        assert_eq!(verdict(&[0.0, 0.0, 0.3, 0.3, 0.3]), Lateness::Unsure);
        assert_eq!(verdict(&[0.0, 0.0]), Lateness::Unsure);
    }
}

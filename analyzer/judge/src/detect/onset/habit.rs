//! How late each port begins, iteration by iteration, and when that is a habit: one late iteration is none.

use super::quiet::Row;
use crate::statistics::{median, trimmed_mean as trimmed};
use std::collections::BTreeMap;

/// Of the last so many: enough for a fine mean, where iterations are short.
pub const LAST: usize = 16;
/// Of these the noise is taken, and a long habit must still show in them.
const NEWEST: usize = 5;
/// Iterations that must be late to the last: a habit that has ended is none.
const TO_THE_LAST: usize = 2;

/// Late in all of the last `of` iterations where they are few, else in their mean but for the outermost. The fewer, the
/// larger the lateness must be: as a part of the iteration, over the noise of a single one, and in bins.
struct Rule {
    of: usize,
    share: f64,
    over_noise: f64,
    bins: f64,
}

/// Below 5 % of the iteration ordinary jitter dominates; bursts of traffic may shift one onset by a bin.
const RULES: [Rule; 4] = [
    Rule { of: 2, share: 0.12, over_noise: 12.0, bins: 1.25 },
    Rule { of: 3, share: 0.08, over_noise: 8.0, bins: 1.05 },
    Rule { of: 5, share: 0.05, over_noise: 5.0, bins: 0.75 },
    Rule { of: LAST, share: 0.05, over_noise: 4.0, bins: 0.25 },
];
/// The last iteration alone, which makes no habit, is held to what the fewest are.
const ONCE: Rule = Rule { of: 1, ..RULES[0] };
/// Up to so many all must be late.
const FEW: usize = 3;
/// A habit is at least so long, s: one hiccup may span two short iterations.
const LONG_S: f64 = 2.0;
/// Half of the least lateness that is ever called late.
const ON_TIME: (f64, f64) = (0.025, 0.125);

/// Times in bins.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Lateness {
    OnTime,
    /// Too few iterations to say, or between the two.
    Unsure,
    /// Late once, and by much: no habit yet, but enough where something else shows the same.
    Once(Late),
    Late(Late),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Late {
    pub bins: f64,
    pub threshold: f64,
    /// The first late core, from the window's start, and the end of the last late iteration.
    pub since: f64,
    pub until: f64,
}

impl Lateness {
    /// How much it says against a port, to be compared.
    pub fn weight(&self) -> (u8, f64) {
        match self {
            Lateness::OnTime => (0, 0.0),
            Lateness::Unsure => (1, 0.0),
            Lateness::Once(late) => (2, late.bins),
            Lateness::Late(late) => (3, late.bins),
        }
    }
}

/// One row at one core, against its peers' medians, in bins.
#[derive(Clone, Copy, Debug, PartialEq)]
struct At {
    core: f64,
    /// How much later it begins.
    onset: f64,
    /// How much longer its quiet was.
    longer: f64,
}

impl At {
    /// Late by its own computing: its onset is late, and its quiet as much longer.
    fn late(&self) -> f64 {
        self.onset.min(self.longer)
    }
}

/// What lateness is measured against, in bins.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    pub period: f64,
    /// Bins a second.
    pub second: f64,
    noise: f64,
}

impl Scale {
    pub fn new(period: f64, second: f64) -> Scale {
        Scale { period, second, noise: 0.0 }
    }
}

/// A verdict a row. `peers` is the group of each row, within which it is compared, if any; `cores` in bins.
pub fn judge(rows: &[Row], peers: &[Option<u32>], cores: &[f64], scale: Scale) -> Vec<Lateness> {
    let last = &cores[cores.len().saturating_sub(LAST)..];
    let recent: Vec<Vec<Option<At>>> = last.iter().map(|&core| at(rows, peers, core, cores)).collect();
    let newest = &recent[recent.len().saturating_sub(NEWEST)..];
    let mut noise: Vec<f64> = newest.iter().flatten().flatten().map(|at| at.late().abs()).collect();
    let scale = Scale { noise: median(&mut noise), ..scale };
    (0..rows.len())
        .map(|row| {
            let told: Vec<At> = recent.iter().filter_map(|core| core[row]).collect();
            // Not seen of late: what it did before is no habit.
            match newest.iter().rev().take(FEW).any(|core| core[row].is_some()) {
                true => habit(&told, last, scale),
                false => Lateness::Unsure,
            }
        })
        .collect()
}

/// `told`: oldest first; `cores`: all of the same time.
fn habit(told: &[At], cores: &[f64], scale: Scale) -> Lateness {
    let last = |n: usize| told.len().checked_sub(n).map(|from| &told[from..]);
    for rule in &RULES {
        // One in five may not have been told: a reading was lost.
        let Some(these) = last(rule.of).or_else(|| last(rule.of - rule.of / 5)) else { continue };
        let long = these[these.len() - 1].core - these[0].core >= LONG_S * scale.second - scale.period / 4.0;
        let threshold = rule.threshold(scale);
        let holds_up = rule.of >= FEW && holds_up(told, cores, threshold);
        let late: fn(&At) -> f64 = if holds_up { |at| at.onset } else { At::late };
        if (long || rule.of > FEW) && is_late(told, these, rule, threshold, late) {
            return Lateness::Late(Late::of(told, these, threshold, late, scale));
        }
    }
    let threshold = ONCE.threshold(scale);
    if let Some(this) = last(ONCE.of).filter(|this| least(this, At::late) >= threshold) {
        return Lateness::Once(Late::of(told, this, threshold, At::late, scale));
    }
    match last(FEW) {
        Some(these) if trimmed_mean(these, At::late) < (ON_TIME.0 * scale.period).max(ON_TIME.1) => Lateness::OnTime,
        _ => Lateness::Unsure,
    }
}

impl Rule {
    fn threshold(&self, scale: Scale) -> f64 {
        (self.share * scale.period).max(self.over_noise * scale.noise).max(self.bins)
    }
}

impl Late {
    fn of(told: &[At], these: &[At], threshold: f64, late: fn(&At) -> f64, scale: Scale) -> Late {
        let since = told.iter().rev().take_while(|at| late(at) >= threshold / 2.0).last().map_or(0.0, |at| at.core);
        let until = these[these.len() - 1].core + scale.period;
        Late { bins: trimmed_mean(these, late), threshold, since, until }
    }
}

fn is_late(told: &[At], these: &[At], rule: &Rule, threshold: f64, late: fn(&At) -> f64) -> bool {
    let newest = |n: usize| &told[told.len().saturating_sub(n)..];
    let much = if rule.of <= FEW { least(these, late) } else { trimmed_mean(these, late) };
    let most = these.iter().filter(|at| late(at) >= threshold / 2.0).count() * 2 > these.len();
    let goes_on = rule.of < LAST || trimmed_mean(newest(NEWEST), late) >= threshold / 2.0;
    much >= threshold && most && goes_on && least(newest(TO_THE_LAST), late) >= threshold / 2.0
}

/// Where computing and sending overlap, who begins late also ends last, and all wait for it: its quiet is no longer than
/// its peers', who rest until it is done. Its onset alone counts when the iteration has become longer by as much, or half
/// of it, since it began late. A shifted clock costs no time.
fn holds_up(told: &[At], cores: &[f64], threshold: f64) -> bool {
    let late = told.iter().rev().take_while(|at| at.onset >= threshold / 2.0).count();
    let Some(since) = told.len().checked_sub(late).and_then(|first| told.get(first)) else { return false };
    let onset = trimmed_mean(&told[told.len() - late..], |at| at.onset);
    let gap = |within: &dyn Fn(f64, f64) -> bool| {
        let gaps = cores.windows(2).filter(|w| within(w[0], w[1])).map(|w| w[1] - w[0]);
        median(&mut gaps.collect::<Vec<_>>())
    };
    // NaN where there is none of either: then nothing is known of it.
    gap(&|from, _| from >= since.core) - gap(&|_, to| to <= since.core) >= onset / 2.0
}

fn least(told: &[At], late: fn(&At) -> f64) -> f64 {
    told.iter().map(late).fold(f64::INFINITY, f64::min)
}

/// Onsets jump by whole bins where traffic is bursty, and a median would jump with them.
fn trimmed_mean(told: &[At], late: fn(&At) -> f64) -> f64 {
    trimmed(&mut told.iter().map(late).collect::<Vec<_>>())
}

/// Each row against its peers' medians around one core. `None` where it was not quiet then, or still is.
fn at(rows: &[Row], peers: &[Option<u32>], core: f64, cores: &[f64]) -> Vec<Option<At>> {
    let runs: Vec<_> = rows.iter().map(|r| r.run_of(core, cores)).collect();
    let mut by_group: BTreeMap<u32, (Vec<f64>, Vec<f64>)> = BTreeMap::new();
    for (run, group) in runs.iter().zip(peers) {
        if let (Some(run), Some(group)) = (run, group) {
            let (ends, lengths) = by_group.entry(*group).or_default();
            ends.push(run.end);
            lengths.push(run.end - run.start);
        }
    }
    let medians: BTreeMap<u32, (f64, f64)> = by_group
        .into_iter()
        .map(|(g, (mut ends, mut lengths))| (g, (median(&mut ends), median(&mut lengths))))
        .collect();
    let of = |run: Option<super::quiet::Run>, group: Option<u32>| {
        let (run, (end, length)) = (run?, medians[&group?]);
        Some(At { core, onset: run.end - end, longer: run.end - run.start - length })
    };
    runs.into_iter().zip(peers).map(|(run, group)| of(run, *group)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Iterations of ten bins, a second each, a noise of a hundredth of a bin.
    fn of(told: impl Iterator<Item = (f64, f64)>) -> Lateness {
        let at = |(i, (onset, longer)): (usize, (f64, f64))| At { core: 10.0 * i as f64, onset, longer };
        let told: Vec<At> = told.enumerate().map(at).collect();
        let cores: Vec<f64> = told.iter().map(|at| at.core).collect();
        habit(&told, &cores, Scale { period: 10.0, second: 10.0, noise: 0.01 })
    }

    fn verdict(late: &[f64]) -> Lateness {
        of(late.iter().map(|l| (*l, *l)))
    }

    fn is_late(late: &[f64]) -> bool {
        matches!(verdict(late), Lateness::Late(_))
    }

    #[test]
    fn the_fewer_iterations_the_more_it_takes() {
        assert!(!is_late(&[0.0, 0.0, 0.0, 1.1, 1.1]) && is_late(&[0.0, 0.0, 1.1, 1.1, 1.1]));
        assert!(!is_late(&[0.0, 0.0, 0.0, 0.9, 0.9]) && is_late(&[0.0, 0.8, 0.8, 0.8, 0.9]));
        assert!(!is_late(&[0.0, 0.0, 0.0, 0.0, 9.0]), "once is no habit");
        assert!(!is_late(&[9.0, 0.0, 9.0, 0.0, 0.0]));
        assert!(!is_late(&[0.9, 0.9, 0.9, 0.0, 0.0]), "it has ended");
    }

    #[test]
    fn two_late_iterations_are_enough_when_they_are_long() {
        let told: Vec<At> = (0..5)
            .map(|i| At { core: 25.0 * f64::from(i), onset: if i > 2 { 4.0 } else { 0.0 }, longer: 4.0 })
            .collect();
        let scale = Scale { period: 25.0, second: 10.0, noise: 0.01 };
        assert!(matches!(habit(&told, &[], scale), Lateness::Late(_)));
        assert!(!is_late(&[0.0, 0.0, 0.0, 4.0, 4.0]), "a hiccup of a second");
    }

    #[test]
    fn it_began_with_the_first_of_the_run() {
        assert_eq!(
            verdict(&[0.0, 0.1, 2.0, 2.25, 2.25]),
            Lateness::Late(Late { bins: 2.25, threshold: 1.05, since: 20.0, until: 50.0 })
        );
    }

    #[test]
    fn who_ends_last_too_is_late_when_it_costs_time_and_a_shifted_clock_is_not() {
        let longer = [0.0, 0.0, 0.0, 2.5, 0.7, -0.5, -0.6];
        let told = |period: f64| -> Vec<At> {
            let mut core = 0.0;
            let at = |(i, &longer): (usize, &f64)| {
                core += if i > 3 { period } else { 10.0 };
                At { core, onset: if i > 2 { 2.5 } else { 0.0 }, longer }
            };
            longer.iter().enumerate().map(at).collect()
        };
        for (period, expected) in [(12.3, true), (10.0, false)] {
            let told = told(period);
            let cores: Vec<f64> = told.iter().map(|at| at.core).collect();
            let verdict = habit(&told, &cores, Scale { period: 10.0, second: 10.0, noise: 0.01 });
            assert_eq!(matches!(verdict, Lateness::Late(_)), expected, "{verdict:?}");
        }
    }

    #[test]
    fn on_time_is_said_only_of_what_is() {
        assert_eq!(verdict(&[2.0, 2.0, 0.0, 0.1, 0.0]), Lateness::OnTime);
        assert_eq!(verdict(&[0.0, 0.0, 0.4, 0.4, 0.4]), Lateness::Unsure);
        assert_eq!(verdict(&[0.0, 0.0]), Lateness::Unsure);
    }

    #[test]
    fn late_once_is_told_apart_from_a_habit_and_from_a_hiccup() {
        let once = |bins: f64| Lateness::Once(Late { bins, threshold: 1.25, since: 40.0, until: 50.0 });
        assert_eq!(verdict(&[0.0, 0.0, 0.0, 0.0, 3.0]), once(3.0));
        assert_eq!(verdict(&[0.0, 0.0, 0.0, 0.0, 1.2]), Lateness::OnTime, "a hiccup");
        assert_ne!(verdict(&[0.0, 0.0, 0.0, 3.0, 0.0]), once(3.0), "the last was on time");
    }
}

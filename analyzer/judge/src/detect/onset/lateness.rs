//! How late each port begins to send in each iteration, and when that is a habit. One late iteration is a hiccup and no
//! habit.
//!
//! ```text
//!                  compute phase of the job
//! peers' median    ____________▇▇▇▇          onset   =  end of the port's quiet     −  median end of its peers' quiets
//! port             _______________▇▇▇▇       longer  =  length of the port's quiet  −  median length of its peers' quiets
//!                              ├─► onset     lateness in this iteration  =  min(onset, longer)
//! ```
//! A port is late by habit when one of the [`RULES`] holds. Each rule asks for a lateness in the last 2, 3, 5 or 16
//! iterations: in every one of them where they are few, and else in their trimmed mean. The threshold of a rule is
//!
//! ```text
//! max( share · length of the iteration,   over_noise · noise,   bins )
//! ```
//! The noise is the median lateness of all ports in the last five iterations, whatever its sign: what is ordinary in this
//! job just now. Example: iterations of 20 bins, a noise of 0.2 bins. The rule of two asks for max(2.4, 2.4, 1.25) = 2.4
//! bins in both, the rule of 16 for a mean of max(1.0, 0.8, 0.25) = 1.0 bin.

use super::quiet::PortQuiet;
use crate::statistics::{median, trimmed_mean as trimmed};
use std::collections::BTreeMap;

/// Iterations that are looked back at. The mean of 16 is four times as fine as a single lateness, and 16 iterations of
/// 1.5 s still lie within the 24 s that the bins cover at 10 Hz.
pub const LAST: usize = 16;
/// Of these iterations the noise is taken, and a lateness of long standing must still show in them: as many as the rule of
/// five looks at.
const NEWEST: usize = 5;
/// The newest iterations that must be late: as many as the shortest rule has. A habit that has ended is none.
const TO_THE_LAST: usize = 2;
/// A port must have been quiet in one of the last iterations, of which there are this many, to be judged; and a rule of no
/// more iterations than this asks for the lateness in every one, because the trimmed mean of three is a single value.
const FEW: usize = 3;

/// What a habit is, by the last iterations of a port.
struct Rule {
    /// Iterations.
    of: usize,
    /// Of the length of the iteration.
    share: f64,
    /// Times the noise.
    over_noise: f64,
    /// Bins.
    bins: f64,
}

/// The fewer the iterations, the larger must the lateness be.
///
/// - `share`: below 4 to 5 % of the iteration ordinary jitter dominates (reference/faults.md, lateness, 7). The 12 % of two
///   and the 8 % of three iterations were calibrated on the lab's and the simulator's recordings (journal of 2026-11-25,
///   shown).
/// - `over_noise`: calibrated with the shares on the same recordings.
/// - `bins`: bursts of traffic may move a single onset by a whole bin, so that a rule that asks every iteration asks for
///   more than one bin. A mean of n iterations resolves 1 / √n of a bin: 0.45 of five, 0.25 of 16. The 0.75 of five leaves
///   room for one onset of the five that jumped.
const RULES: [Rule; 4] = [
    Rule { of: 2, share: 0.12, over_noise: 12.0, bins: 1.25 },
    Rule { of: 3, share: 0.08, over_noise: 8.0, bins: 1.05 },
    Rule { of: 5, share: 0.05, over_noise: 5.0, bins: 0.75 },
    Rule { of: LAST, share: 0.05, over_noise: 4.0, bins: 0.25 },
];
/// A single iteration that is late makes no habit, but is told to the caller; it must be as late as in the rule of two.
const ONCE: Rule = Rule { of: 1, ..RULES[0] };
/// Of the iterations of a rule, one in so many may be missing. Where 3 in 100 readings are lost (docs/scoring.md), a quiet has
/// an edge that nobody told of in 6 of 100 iterations: more than one of five is missing with a probability of 3 %, more than
/// three of 16 with one of 1.3 %.
const MISSING_ONE_IN: usize = 5;
/// Seconds that lie between the first and the last iteration that a short rule asks: one hiccup makes late only those
/// iterations that begin within it, so that a hiccup of up to two seconds is no habit. A quarter of an iteration less is
/// enough, for iterations jitter. Both were tried at other values (journal of 2026-11-30, constants).
const LONG_S: f64 = 2.0;
const LONG_SLACK: f64 = 0.25;
/// A lateness goes on as long as it is at least this part of the threshold, so that noise does not end it.
const GOES_ON: f64 = 0.5;
/// On time is a port whose lateness is below this part of the iteration, or this many bins where that is more: half of the
/// least that any rule calls late (5 %, 0.25 bins), so that what lies in between is neither.
const ON_TIME_SHARE: f64 = 0.025;
const ON_TIME_BINS: f64 = 0.125;
/// An onset that costs its job time makes the iteration longer by at least this part of it: a part of the delay may be made
/// up for where computing and sending overlap.
const COSTS: f64 = 0.5;

/// The verdict on a port.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Lateness {
    OnTime,
    /// Too few iterations to say, or between late and on time.
    Unsure,
    /// Late in the last iteration, and by much. That is no habit yet, but enough where something else shows the same.
    Once(Late),
    Late(Late),
}

/// Times in bins; moments in bins from the window's start.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Late {
    /// How late the port is.
    pub bins: f64,
    /// What it had to exceed.
    pub threshold: f64,
    /// The compute phase of the first late iteration.
    pub since: f64,
    /// The end of the last late iteration.
    pub until: f64,
}

impl Lateness {
    /// How much the verdict says against a port, for comparison with the other ports of the device.
    pub fn weight(&self) -> (u8, f64) {
        match self {
            Lateness::OnTime => (0, 0.0),
            Lateness::Unsure => (1, 0.0),
            Lateness::Once(late) => (2, late.bins),
            Lateness::Late(late) => (3, late.bins),
        }
    }
}

/// One port in one iteration, against the medians of its peers, in bins.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Iteration {
    /// The middle of the compute phase.
    phase: f64,
    /// How much later the port begins to send.
    onset: f64,
    /// How much longer it was quiet.
    longer: f64,
}

impl Iteration {
    /// Late by the port's own computing: it begins late, and its quiet is as much longer.
    fn late(&self) -> f64 {
        self.onset.min(self.longer)
    }
}

/// What lateness is measured against.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    /// The length of an iteration, in bins.
    pub period: f64,
    pub bins_per_s: f64,
    /// The usual lateness of the job's ports in a single iteration, in bins.
    noise: f64,
}

impl Scale {
    pub fn new(period: f64, bins_per_s: f64) -> Scale {
        Scale { period, bins_per_s, noise: 0.0 }
    }
}

/// The verdict on each port. `groups` holds the role group of each, within which it is compared, if it has one; `phases`
/// the middles of the job's compute phases, in bins.
pub fn judge(ports: &[PortQuiet], groups: &[Option<u32>], phases: &[f64], scale: Scale) -> Vec<Lateness> {
    let last = &phases[phases.len().saturating_sub(LAST)..];
    let by_phase: Vec<Vec<Option<Iteration>>> =
        last.iter().map(|&phase| compare(ports, groups, phase, phases)).collect();
    let newest = &by_phase[by_phase.len().saturating_sub(NEWEST)..];
    let mut noise: Vec<f64> = newest.iter().flatten().flatten().map(|it| it.late().abs()).collect();
    let scale = Scale { noise: median(&mut noise), ..scale };
    (0..ports.len())
        .map(|port| {
            let iterations: Vec<Iteration> = by_phase.iter().filter_map(|phase| phase[port]).collect();
            // A port that was not seen of late has no habit now, whatever it did before.
            match newest.iter().rev().take(FEW).any(|phase| phase[port].is_some()) {
                true => verdict(&iterations, last, scale),
                false => Lateness::Unsure,
            }
        })
        .collect()
}

/// The verdict on one port. `iterations`: those in which it was seen, oldest first; `phases`: all of the same time.
fn verdict(iterations: &[Iteration], phases: &[f64], scale: Scale) -> Lateness {
    let last = |n: usize| iterations.len().checked_sub(n).map(|from| &iterations[from..]);
    for rule in &RULES {
        let Some(asked) = last(rule.of).or_else(|| last(rule.of - rule.of / MISSING_ONE_IN)) else { continue };
        let threshold = rule.threshold(scale);
        let delays_all = rule.of >= FEW && delays_all(iterations, phases, threshold);
        let late: fn(&Iteration) -> f64 = if delays_all { |it| it.onset } else { Iteration::late };
        if (rule.of > FEW || is_long(asked, scale)) && is_habit(iterations, asked, rule, threshold, late) {
            return Lateness::Late(Late::of(iterations, asked, threshold, late, scale));
        }
    }
    let threshold = ONCE.threshold(scale);
    if let Some(this) = last(ONCE.of).filter(|this| least(this, Iteration::late) >= threshold) {
        return Lateness::Once(Late::of(iterations, this, threshold, Iteration::late, scale));
    }
    let on_time = (ON_TIME_SHARE * scale.period).max(ON_TIME_BINS);
    match last(FEW) {
        Some(these) if trimmed_mean(these, Iteration::late) < on_time => Lateness::OnTime,
        _ => Lateness::Unsure,
    }
}

impl Rule {
    fn threshold(&self, scale: Scale) -> f64 {
        (self.share * scale.period).max(self.over_noise * scale.noise).max(self.bins)
    }
}

impl Late {
    fn of(
        iterations: &[Iteration],
        asked: &[Iteration],
        threshold: f64,
        late: fn(&Iteration) -> f64,
        scale: Scale,
    ) -> Late {
        let going_on = iterations.iter().rev().take_while(|it| late(it) >= threshold * GOES_ON);
        let since = going_on.last().map_or(0.0, |it| it.phase);
        let until = asked[asked.len() - 1].phase + scale.period;
        Late { bins: trimmed_mean(asked, late), threshold, since, until }
    }
}

/// The iterations span [`LONG_S`].
fn is_long(asked: &[Iteration], scale: Scale) -> bool {
    asked[asked.len() - 1].phase - asked[0].phase >= LONG_S * scale.bins_per_s - scale.period * LONG_SLACK
}

/// The iterations that the rule asks are late enough; most of them are, and so are the newest.
fn is_habit(
    iterations: &[Iteration],
    asked: &[Iteration],
    rule: &Rule,
    threshold: f64,
    late: fn(&Iteration) -> f64,
) -> bool {
    let newest = |n: usize| &iterations[iterations.len().saturating_sub(n)..];
    let lateness = if rule.of <= FEW { least(asked, late) } else { trimmed_mean(asked, late) };
    let most = asked.iter().filter(|it| late(it) >= threshold * GOES_ON).count() * 2 > asked.len();
    let goes_on = rule.of < LAST || trimmed_mean(newest(NEWEST), late) >= threshold * GOES_ON;
    lateness >= threshold && most && goes_on && least(newest(TO_THE_LAST), late) >= threshold * GOES_ON
}

/// Where a job computes and sends at the same time, a port that begins late also ends last. All others wait for it, so that
/// its quiet is no longer than theirs. Its late onset alone counts, if since then the iteration has become longer by half of
/// the onset at least. A clock that is off shows a late onset as well, but costs no time. Example: onsets 2.5 bins late, and
/// iterations of 12.3 bins instead of 10 since then: 2.3 is more than 1.25, and the port is late.
fn delays_all(iterations: &[Iteration], phases: &[f64], threshold: f64) -> bool {
    let late = iterations.iter().rev().take_while(|it| it.onset >= threshold * GOES_ON).count();
    let Some(first) = iterations.len().checked_sub(late).and_then(|at| iterations.get(at)) else { return false };
    let onset = trimmed_mean(&iterations[iterations.len() - late..], |it| it.onset);
    let period = |within: &dyn Fn(f64, f64) -> bool| {
        let distances = phases.windows(2).filter(|w| within(w[0], w[1])).map(|w| w[1] - w[0]);
        median(&mut distances.collect::<Vec<_>>())
    };
    let [since, before] = [period(&|from, _| from >= first.phase), period(&|_, to| to <= first.phase)];
    // False too where either is not known: it is NaN then.
    since - before >= onset * COSTS
}

fn least(iterations: &[Iteration], late: fn(&Iteration) -> f64) -> f64 {
    iterations.iter().map(late).fold(f64::INFINITY, f64::min)
}

/// Trimmed, because onsets jump by whole bins where traffic comes in bursts, and a median would jump with them.
fn trimmed_mean(iterations: &[Iteration], late: fn(&Iteration) -> f64) -> f64 {
    trimmed(&mut iterations.iter().map(late).collect::<Vec<_>>())
}

/// Each port around one compute phase, against the medians of its role group. `None` where the port was not quiet then, or
/// still is, or has no group.
fn compare(ports: &[PortQuiet], groups: &[Option<u32>], phase: f64, phases: &[f64]) -> Vec<Option<Iteration>> {
    let quiets: Vec<_> = ports.iter().map(|p| p.quiet_of(phase, phases)).collect();
    let mut by_group: BTreeMap<u32, (Vec<f64>, Vec<f64>)> = BTreeMap::new();
    for (quiet, group) in quiets.iter().zip(groups) {
        if let (Some(quiet), Some(group)) = (quiet, group) {
            let (ends, lengths) = by_group.entry(*group).or_default();
            ends.push(quiet.end);
            lengths.push(quiet.length());
        }
    }
    let medians: BTreeMap<u32, (f64, f64)> = by_group
        .into_iter()
        .map(|(g, (mut ends, mut lengths))| (g, (median(&mut ends), median(&mut lengths))))
        .collect();
    let of = |quiet: Option<super::quiet::Quiet>, group: Option<u32>| {
        let (quiet, (end, length)) = (quiet?, medians[&group?]);
        Some(Iteration { phase, onset: quiet.end - end, longer: quiet.length() - length })
    };
    quiets.into_iter().zip(groups).map(|(quiet, group)| of(quiet, *group)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Iterations of ten bins, a second each; a noise of a hundredth of a bin; (onset, longer) of each.
    fn of(onsets: impl Iterator<Item = (f64, f64)>) -> Lateness {
        let iteration = |(i, (onset, longer)): (usize, (f64, f64))| Iteration { phase: 10.0 * i as f64, onset, longer };
        let iterations: Vec<Iteration> = onsets.enumerate().map(iteration).collect();
        let phases: Vec<f64> = iterations.iter().map(|it| it.phase).collect();
        super::verdict(&iterations, &phases, Scale { period: 10.0, bins_per_s: 10.0, noise: 0.01 })
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
        let iterations: Vec<Iteration> = (0..5)
            .map(|i| Iteration { phase: 25.0 * f64::from(i), onset: if i > 2 { 4.0 } else { 0.0 }, longer: 4.0 })
            .collect();
        let scale = Scale { period: 25.0, bins_per_s: 10.0, noise: 0.01 };
        assert!(matches!(super::verdict(&iterations, &[], scale), Lateness::Late(_)));
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
        let iterations = |period: f64| -> Vec<Iteration> {
            let mut phase = 0.0;
            let at = |(i, &longer): (usize, &f64)| {
                phase += if i > 3 { period } else { 10.0 };
                Iteration { phase, onset: if i > 2 { 2.5 } else { 0.0 }, longer }
            };
            longer.iter().enumerate().map(at).collect()
        };
        for (period, expected) in [(12.3, true), (10.0, false)] {
            let iterations = iterations(period);
            let phases: Vec<f64> = iterations.iter().map(|it| it.phase).collect();
            let verdict = super::verdict(&iterations, &phases, Scale { period: 10.0, bins_per_s: 10.0, noise: 0.01 });
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

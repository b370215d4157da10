//! Host straggler by step marks: one rank computes for longer than its peers, step after step.
//!
//! The training loop marks when each rank began and ended to compute in each step. In the last five steps that most ranks
//! have marked:
//!
//! ```text
//! excess of a rank in a step  =  how long it computed  −  median over all ranks
//! excess of a rank            =  median over the five steps
//! late, if  excess  ≥  max( 4 % of the step,  z · σ )
//! σ  =  1.48 · median |excess of all ranks|     how far ranks are apart anyway: their jitter, and their uneven work
//! z  =  √(2 · nats)                             a normal excess is above z · σ with a probability below e^−nats
//!
//! step        101   102   103   104   105
//! median     1.00  1.01  1.00  1.00  1.02  s
//! rank 7     1.21  1.22  1.19  1.20  1.23  s      excess 0.21 0.21 0.19 0.20 0.21, median 0.21 s
//! ```
//! Example: the steps last 1.6 s, and the median rank's excess is 0.005 s by its absolute value, so that σ is 0.0074 s. In a
//! fabric of 64 nodes the false alarms allow 24.7 nats (`budget.rs`), and z is 7.0. The threshold is the larger of 0.064 s and
//! of 7.0 · 0.0074 = 0.052 s. Rank 7 is late by 0.21 s.
//!
//! A duration is compared and no moment, so that a clock that is off does no harm.

use super::{Detector, Shows, Sink, Spot, budget, strength};
use super::armed::{Reason, Row, Tally, View};
use crate::fabric::Place;
use crate::features::{Features, JobState, RankMarks};
use crate::kinds::{FactKind, LongCompute};
use crate::statistics::median;
use std::collections::BTreeMap;

const NAME: &str = "compute_time";
/// Steps that are compared at most: the median of five is right where two of them were hiccups.
const STEPS: usize = 5;
/// Steps that are compared at least: the median of three is right where one of them was a hiccup.
const MIN_STEPS: usize = 3;
/// Ranks that are compared at least. The median of three ranks is a sound rank's value where one of the three is late; of
/// two nobody can tell which one is odd.
pub(super) const MIN_RANKS: usize = 3;
/// Ticks for which marks tell of now: at 1 s a tick half a minute, the longest step that the search for late onsets knows
/// too. A rank that has marked nothing for so long does not run.
pub(super) const FRESH_TICKS: i64 = 30;
/// Of the step, what the excess must reach: below it ordinary jitter dominates (reference/faults.md, lateness, 7).
const MIN_SHARE: f64 = 0.04;
/// Standard deviations of a normal distribution in one median of absolute values.
const SIGMAS: f64 = 1.4826;
/// Of the ranks that still run, nine in ten must have marked a step before it is compared: the last ones may be under way.
const MARKED: usize = 9;
const MARKED_OF: usize = 10;
/// But no fewer than two, for one rank has no peer.
const MARKED_LEAST: usize = 2;

const NO_MARKS: Reason = ("no step marks", "the training loop sends them: weft_step.py in deploy/python");
const FEW_RANKS: Reason = ("fewer than 3 ranks send step marks", "weft_step.py on every rank");

pub const DETECTOR: Detector = Detector {
    name: NAME,
    reads: &[],
    detect,
    forget,
    armed: &[Row {
        detector: "straggler by step marks",
        facts: &[FactKind::LongCompute],
        look: armed,
    }],
};

pub fn detect(features: &Features, out: &mut Sink<'_>) {
    for (job, state) in features.jobs.iter().enumerate() {
        if state.ranks.len() >= MIN_RANKS && state.marked_ns > features.now_ns - FRESH_TICKS * features.tick_ns {
            out.look_at(Spot::Job(job), state.ranks.len() * (1 + STEPS));
            look(features, job, state, out);
        }
    }
}

pub fn forget(features: &mut Features, spot: Option<Spot>) {
    let of = |job: &usize| spot.is_none_or(|spot| spot == Spot::Job(*job));
    (0..features.jobs.len()).filter(of).for_each(|job| features.jobs[job].ranks.clear());
}

/// Compares the ranks of one job.
fn look(features: &Features, job: usize, state: &JobState, out: &mut Sink<'_>) {
    let nats = |step_ns: f64| budget::change(features, NAME, step_ns as i64);
    let Some(compared) = Compared::of(state, FRESH_TICKS * features.tick_ns, nats) else { return };
    let Compared { step_ns, threshold_ns, first_step, .. } = compared;
    for (rank, excess_ns) in compared.excess_ns {
        let Some(device) = features.topology.find_device(&state.ranks[&rank].device) else { continue };
        if excess_ns < threshold_ns {
            out.absent(FactKind::LongCompute, Place::Device(device));
            continue;
        }
        let first = state.ranks[&rank].compute.iter().find(|c| c.0 == first_step);
        let since_ns = first.map_or(features.now_ns - features.tick_ns, |c| c.1);
        let shows = Shows {
            since_ns,
            one_sided: true,
            strength: strength(excess_ns, threshold_ns),
            job: Some(job),
            ..Shows::default()
        };
        out.present(Place::Device(device), shows, LongCompute { excess_s: excess_ns / 1e9, step_s: step_ns / 1e9 });
    }
}

/// The ranks of a job beside each other, over the last steps that most of them have marked.
struct Compared {
    first_step: i64,
    /// Length of a step.
    step_ns: f64,
    /// Each rank, and how much longer it computed than the median of all.
    excess_ns: Vec<(i32, f64)>,
    /// The excess from which a rank is late.
    threshold_ns: f64,
}

impl Compared {
    /// `fresh_ns`: see [`common_steps`]. `nats`: how sure one must be, where steps are as long as this (ns).
    fn of(state: &JobState, fresh_ns: i64, nats: impl Fn(f64) -> f64) -> Option<Compared> {
        let steps = common_steps(state, fresh_ns);
        let step_ns = step_time_ns(state, &steps).filter(|&step_ns| step_ns > 0.0 && steps.len() >= MIN_STEPS)?;
        let usual = usual_ns(state, &steps);
        let excess_ns: Vec<(i32, f64)> =
            state.ranks.iter().map(|(&rank, marks)| (rank, excess_ns(marks, &steps, &usual))).collect();
        let mut apart: Vec<f64> = excess_ns.iter().map(|(_, excess)| excess.abs()).collect();
        let z = (2.0 * nats(step_ns)).sqrt();
        let threshold_ns = (MIN_SHARE * step_ns).max(z * SIGMAS * median(&mut apart));
        Some(Compared { first_step: steps[0], step_ns, excess_ns, threshold_ns })
    }
}

/// The last steps that most of the ranks have marked which still run, oldest first. `fresh_ns`: a rank runs whose last mark
/// is no older than this.
fn common_steps(state: &JobState, fresh_ns: i64) -> Vec<i64> {
    let mut marked: BTreeMap<i64, usize> = BTreeMap::new();
    let oldest_ns = state.marked_ns - fresh_ns;
    let running = || state.ranks.values().filter(|r| r.compute.back().is_some_and(|c| c.2 >= oldest_ns));
    for &(step, ..) in running().flat_map(|r| &r.compute) {
        *marked.entry(step).or_default() += 1;
    }
    let most = (running().count() * MARKED / MARKED_OF).max(MARKED_LEAST);
    let mut steps: Vec<i64> = marked.into_iter().filter(|&(_, n)| n >= most).map(|(step, _)| step).collect();
    steps.drain(..steps.len().saturating_sub(STEPS));
    steps
}

/// The length of a step, ns: the median time from the first rank's beginning of one step to that of the next.
fn step_time_ns(state: &JobState, steps: &[i64]) -> Option<f64> {
    let start = |step: i64| state.ranks.values().flat_map(|r| &r.compute).filter(|c| c.0 == step).map(|c| c.1).min();
    let starts: Vec<i64> = steps.iter().filter_map(|&s| start(s)).collect();
    let mut lengths: Vec<f64> = starts.windows(2).map(|w| (w[1] - w[0]) as f64).collect();
    (!lengths.is_empty()).then(|| median(&mut lengths))
}

/// How long a rank computed in a step, ns.
fn duration_ns(rank: &RankMarks, step: i64) -> Option<f64> {
    rank.compute.iter().find(|c| c.0 == step).map(|&(_, start, end)| (end - start) as f64)
}

/// How long the ranks computed in each step, by their median, ns.
fn usual_ns(state: &JobState, steps: &[i64]) -> Vec<f64> {
    let durations = |step: i64| state.ranks.values().filter_map(move |rank| duration_ns(rank, step));
    steps.iter().map(|&step| median(&mut durations(step).collect::<Vec<_>>())).collect()
}

/// How much longer a rank computed than the median of all, by its median over the steps, ns; 0 where it marked none.
fn excess_ns(rank: &RankMarks, steps: &[i64], usual: &[f64]) -> f64 {
    let excess = steps.iter().zip(usual).filter_map(|(&step, usual)| Some(duration_ns(rank, step)? - usual));
    let mut excess: Vec<f64> = excess.collect();
    if excess.is_empty() { 0.0 } else { median(&mut excess) }
}

/// Stragglers by step marks: of jobs whose loop tells its steps.
fn armed(view: &View<'_>, tally: &mut Tally) {
    let features = view.features;
    view.each_job(tally, |_, job| {
        let state = &features.jobs[job];
        let is_fresh = state.marked_ns > features.now_ns - FRESH_TICKS * features.tick_ns;
        match () {
            () if view.stands_still || !is_fresh => Some(NO_MARKS),
            () if state.ranks.len() < MIN_RANKS => Some(FEW_RANKS),
            () => None,
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fabric::StepMark;

    /// How long a rank computes in each step, ms.
    type Rank = &'static [i64];

    /// The ranks that are late where each computes for so many ms in each step of 1.6 s, oldest step first; 24.7 nats.
    fn late(ranks: &[&[i64]]) -> Vec<i32> {
        let mut state = JobState::default();
        for (rank, steps) in ranks.iter().enumerate() {
            for (step, ms) in steps.iter().enumerate() {
                let start_ns = step as i64 * 1_600_000_000;
                let (device, phase) = (format!("h{rank}"), "compute".to_owned());
                let (job, end_ns) = ("train".to_owned(), start_ns + ms * 1_000_000);
                let (rank, step) = (rank as i32, step as i64);
                state.add_mark(&StepMark { job, device, rank, step, phase, start_ns, end_ns });
            }
        }
        let Some(compared) = Compared::of(&state, 30_000_000_000, |_| 24.7) else { return Vec::new() };
        let is_late = |(_, excess): &(i32, f64)| *excess >= compared.threshold_ns;
        compared.excess_ns.into_iter().filter(is_late).map(|(rank, _)| rank).collect()
    }

    #[test]
    fn a_rank_is_late_that_computes_longer_step_after_step() {
        let even: Rank = &[1000, 1010, 1000, 1000, 1020];
        let slow: Rank = &[1210, 1220, 1190, 1200, 1230];
        let hiccups: Rank = &[1000, 1900, 1000, 1900, 1020];
        let little: Rank = &[1060, 1065, 1058, 1060, 1075];
        let table: [(&str, &[Rank], &[i32]); 7] = [
            ("one of four", &[even, even, slow, even], &[2]),
            ("two of five", &[slow, even, even, slow, even], &[0, 3]),
            ("all alike", &[even, even, even, even], &[]),
            ("two hiccups of five", &[even, even, hiccups, even], &[]),
            ("below 4 % of the step", &[even, even, little, even], &[]),
            ("three steps are enough", &[&even[..3], &even[..3], &slow[..3]], &[2]),
            ("two steps are not", &[&even[..2], &even[..2], &slow[..2]], &[]),
        ];
        for (what, ranks, expected) in table {
            assert_eq!(late(ranks), expected, "{what}");
        }
    }

    /// Ranks whose work is uneven are up to 60 ms from the median, half of them 30 ms: σ is 44 ms, and 7.0 · 44 ms are 313 ms.
    #[test]
    fn where_ranks_are_apart_anyway_the_late_one_must_be_farther_out() {
        let uneven = [955, 970, 1000, 1015, 1030, 1045].map(|ms| [ms; 5]);
        for (ms, expected) in [(1_207, vec![]), (1_400, vec![6])] {
            let own = [ms; 5];
            let ranks: Vec<&[i64]> = uneven.iter().chain([&own]).map(<[i64; 5]>::as_slice).collect();
            assert_eq!(late(&ranks), expected, "{ms} ms");
        }
    }
}

//! Host straggler by step marks: one rank computes longer than its peers, step after step.
//!
//! A duration is compared, not an instant, so a skewed clock does no harm.

use super::{Detector, Shows, Sink, Spot, armed, strength};
use crate::fabric::Place;
use crate::features::{Features, JobState, RankMarks};
use crate::kinds::{FactKind, LongCompute};
use crate::statistics::median;
use std::collections::BTreeMap;

/// Steps compared.
const STEPS: usize = 5;
pub(super) const MIN_RANKS: usize = 3;
/// Marks older than this many ticks tell nothing of now.
pub(super) const FRESH_TICKS: i64 = 30;
/// Of the step: below it ordinary jitter dominates.
const MIN_SHARE: f64 = 0.04;
const OVER_NOISE: f64 = 5.0;

pub const DETECTOR: Detector = Detector {
    name: "compute_time",
    reads: &[],
    detect,
    forget,
    armed: &[armed::Row {
        detector: "straggler by step marks",
        facts: &[FactKind::LongCompute],
        look: armed::compute_time::look,
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

fn look(features: &Features, job: usize, state: &JobState, out: &mut Sink<'_>) {
    let steps = common_steps(state, FRESH_TICKS * features.tick_ns);
    let Some(step_ns) = step_time_ns(state, &steps).filter(|_| steps.len() >= 3) else { return };
    let usual = usual_ns(state, &steps);
    let excess: Vec<(i32, f64)> =
        state.ranks.iter().map(|(&rank, marks)| (rank, excess_ns(marks, &steps, &usual))).collect();
    let mut spread: Vec<f64> = excess.iter().map(|e| e.1.abs()).collect();
    let threshold = (MIN_SHARE * step_ns).max(OVER_NOISE * median(&mut spread) / (steps.len() as f64).sqrt());
    for (rank, excess) in excess {
        let Some(device) = features.topology.find_device(&state.ranks[&rank].device) else { continue };
        if excess < threshold {
            out.absent(FactKind::LongCompute, Place::Device(device));
            continue;
        }
        let first = state.ranks[&rank].compute.iter().find(|c| c.0 == steps[0]);
        let since_ns = first.map_or(features.now_ns - features.tick_ns, |c| c.1);
        let shows = Shows {
            since_ns,
            one_sided: true,
            strength: strength(excess, threshold),
            job: Some(job),
            ..Shows::default()
        };
        out.present(Place::Device(device), shows, LongCompute { excess_s: excess / 1e9, step_s: step_ns / 1e9 });
    }
}

/// The last steps that most ranks have told that still run, oldest first.
fn common_steps(state: &JobState, fresh_ns: i64) -> Vec<i64> {
    let mut told: BTreeMap<i64, usize> = BTreeMap::new();
    let oldest_ns = state.marked_ns - fresh_ns;
    let running = || state.ranks.values().filter(|r| r.compute.back().is_some_and(|c| c.2 >= oldest_ns));
    for &(step, ..) in running().flat_map(|r| &r.compute) {
        *told.entry(step).or_default() += 1;
    }
    let most = running().count() * 9 / 10;
    let mut steps: Vec<i64> = told.into_iter().filter(|&(_, n)| n >= most.max(2)).map(|(step, _)| step).collect();
    steps.drain(..steps.len().saturating_sub(STEPS));
    steps
}

/// Median time from one step's first start of compute to the next one's.
fn step_time_ns(state: &JobState, steps: &[i64]) -> Option<f64> {
    let start = |step: i64| state.ranks.values().flat_map(|r| &r.compute).filter(|c| c.0 == step).map(|c| c.1).min();
    let starts: Vec<i64> = steps.iter().filter_map(|&s| start(s)).collect();
    let mut lengths: Vec<f64> = starts.windows(2).map(|w| (w[1] - w[0]) as f64).collect();
    (!lengths.is_empty()).then(|| median(&mut lengths))
}

/// How long a rank computed in a step.
fn duration_ns(rank: &RankMarks, step: i64) -> Option<f64> {
    rank.compute.iter().find(|c| c.0 == step).map(|&(_, start, end)| (end - start) as f64)
}

/// The ranks' median of each step.
fn usual_ns(state: &JobState, steps: &[i64]) -> Vec<f64> {
    let told = |step: i64| state.ranks.values().filter_map(move |rank| duration_ns(rank, step));
    steps.iter().map(|&step| median(&mut told(step).collect::<Vec<_>>())).collect()
}

/// Median over the steps of what a rank's compute took beyond its peers' median.
fn excess_ns(rank: &RankMarks, steps: &[i64], usual: &[f64]) -> f64 {
    let told = steps.iter().zip(usual).filter_map(|(&step, usual)| Some(duration_ns(rank, step)? - usual));
    let mut excess: Vec<f64> = told.collect();
    if excess.is_empty() { 0.0 } else { median(&mut excess) }
}

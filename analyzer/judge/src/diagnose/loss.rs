//! What an incident costs: the jobs it hits and the part of their step time it takes.

use super::case::Case;
use crate::detect::{FactKind, Place};
use crate::fabric::DeviceId;
use crate::features::Features;
use crate::incident::{Kind, State};
use std::collections::BTreeMap;

/// A job elsewhere is said to be hit by a link between switches only when it visibly lost time.
const VISIBLE: f64 = 0.03;
/// What a job needs to run as before once the trouble is over, and longer than its end is in doubt.
const RECOVERY_NS: i64 = 5_000_000_000;

/// Brings the loss of every live case up to date, and keeps its ticks out of the jobs' baselines.
pub fn measure<'a>(features: &mut Features, cases: impl Iterator<Item = &'a mut Case>) {
    for case in cases.filter(|c| c.class.kind == Kind::Hardware && c.state != State::Suspected) {
        let measured: Vec<_> =
            candidates(features, case).into_iter().map(|(job, sure)| (job, sure, lost(features, case, job))).collect();
        let known: BTreeMap<usize, Option<f64>> = case.jobs.iter().copied().collect();
        let is_hit = |job: &usize, sure: bool, lost: Option<f64>| {
            sure || known.contains_key(job) || lost.is_some_and(|l| l >= VISIBLE)
        };
        let hit = measured.into_iter().filter(|(job, sure, lost)| is_hit(job, *sure, *lost));
        // A long fault outlasts the memory of what was before it; what it costs was measured while that lasted.
        case.jobs = hit.map(|(job, _, lost)| (job, lost.or_else(|| known.get(&job).copied().flatten()))).collect();
        for (job, _) in &case.jobs {
            let until_ns = case.shown_ns() + RECOVERY_NS;
            let ticks = features.jobs[*job].progress.iter_mut().rev().take_while(|p| p.start_ns >= case.onset_ns);
            ticks.filter(|p| p.start_ns < until_ns).for_each(|p| p.disturbed = true);
        }
    }
}

/// Jobs that may be hit, and whether it is sure: they run on the culprit, or are seen through it.
pub fn candidates(features: &Features, case: &Case) -> Vec<(usize, bool)> {
    let through: Vec<usize> = case.facts.values().filter_map(|p| p.job).collect();
    if let Some(&job) = through.first() {
        return vec![(job, true)];
    }
    let devices = devices(features, case.place);
    let mut jobs: Vec<(usize, bool)> =
        devices.iter().flat_map(|&d| features.topology.jobs_on(d, features.now_ns)).map(|job| (job, true)).collect();
    if jobs.is_empty() && devices.iter().any(|&d| features.topology.devices[d].is_switch) {
        let running = features.topology.jobs.iter().enumerate();
        jobs = running
            .filter(|(_, j)| j.start_ns <= features.now_ns && features.now_ns < j.end_ns)
            .map(|(i, _)| (i, false))
            .collect();
    }
    jobs.sort_unstable();
    jobs.dedup();
    jobs
}

pub fn devices(features: &Features, place: Place) -> Vec<DeviceId> {
    match place {
        Place::Device(device) => vec![device],
        Place::Port(port) => vec![features.topology.ports[port].device],
        Place::Cable(cable) => {
            let ends = features.topology.cables[cable];
            [ends.a, ends.b].iter().map(|&p| features.topology.ports[p].device).collect()
        }
    }
}

/// By the job's bytes against before; a straggler whose job has no history yet, by its own lateness.
fn lost(features: &Features, case: &Case, job: usize) -> Option<f64> {
    let by_bytes = features.jobs[job].lost(case.onset_ns, case.shown_ns());
    by_bytes.or_else(|| {
        let late = [FactKind::LongCompute, FactKind::LateOnset].iter().find_map(|k| case.facts.get(k))?;
        Some((late.evidence.value / late.evidence.reference).clamp(0.0, 1.0))
    })
}

//! What incidents cost: the jobs they hit, and the part of a job's step time that each of them takes.
//!
//! A job's loss is measured from its bytes or its marks against its undisturbed running. Several incidents of one job share
//! that loss in the order in which they began, so that their parts add up to no more than the job's:
//!
//! ```text
//! loss of the job     0 ───┐ 20 %                 ┌ 45 %
//! silent drop              └ began: takes 20 %    │
//! straggler                                       └ began: takes what is left, 25 %
//! ```
//! Incidents that began together share in proportion to the most that each of them can take.

use super::TOGETHER_NS;
use super::case::{Case, Cost};
use super::cases::{Cases, Key};
use crate::detect::Open;
use crate::fabric::Carries;
use crate::features::{Disturbed, Features};
use crate::incident::{Kind, State};
use std::collections::BTreeMap;

/// A job that may send over a part, but need not, is said to be hit only when it visibly lost time: below this part of the
/// step time ordinary jitter dominates.
pub const VISIBLE: f64 = 0.03;

/// What one case would cost a job if nothing else were wrong there.
struct Measured {
    key: Key,
    /// From its onset to the last moment that showed it.
    span_ns: (i64, i64),
    lost: Option<f64>,
    at_most: f64,
}

/// Brings the costs of every live case up to date.
pub fn measure(features: &Features, open: &Open, cases: &mut Cases) {
    let mut by_job: BTreeMap<String, Vec<Measured>> = BTreeMap::new();
    let costs =
        |case: &&Case| case.class().kind == Kind::Hardware && case.state != State::Suspected && !case.is_finding();
    for case in cases.iter().filter(costs) {
        for (job, is_sure) in candidates(features, case) {
            let name = &features.topology.jobs[job].name;
            let known = case.jobs.get(name);
            // A long fault outlasts the memory of what was before it: what it costs was measured while that lasted.
            let lost = lost(features, open, case, job).or_else(|| known.and_then(|cost| cost.lost));
            if is_sure || known.is_some() || lost.is_some_and(|lost| lost >= VISIBLE) {
                let at_most = case.facts.values().map(|fact| fact.payload.at_most()).fold(0.0, f64::max);
                let measured = Measured { key: case.key(), span_ns: (case.onset_ns, case.shown_ns()), lost, at_most };
                by_job.entry(name.clone()).or_default().push(measured);
            }
        }
    }
    let mut costs: BTreeMap<Key, BTreeMap<String, Cost>> =
        cases.iter().map(|case| (case.key(), BTreeMap::new())).collect();
    for (job, measured) in by_job {
        for (key, cost) in shared(measured) {
            costs.entry(key).or_default().insert(job.clone(), cost);
        }
    }
    leave_rest_to_jobs(features, open, cases, &mut costs);
    cases.set_costs(costs.into_iter().collect());
}

/// A job that is slow without a known cause is an incident of what is left when the incidents of parts have taken their shares:
/// of a loss of 20 %, where a link takes 6 %, that is 14 %.
fn leave_rest_to_jobs(
    features: &Features,
    open: &Open,
    cases: &Cases,
    costs: &mut BTreeMap<Key, BTreeMap<String, Cost>>,
) {
    for case in cases.iter().filter(|case| case.class().kind == Kind::Job && case.state != State::Suspected) {
        for (job, _) in candidates(features, case) {
            let name = &features.topology.jobs[job].name;
            let shares: f64 = costs.values().filter_map(|jobs| jobs.get(name)?.lost).sum();
            let rest = lost(features, open, case, job).map(|all| (all - shares).max(0.0));
            costs.entry(case.key()).or_default().insert(name.clone(), Cost { lost: rest, explained: Some(0.0) });
        }
    }
}

/// Splits one job's loss over the cases that hit it.
fn shared(mut measured: Vec<Measured>) -> Vec<(Key, Cost)> {
    measured.sort_by(|a, b| (a.span_ns, &a.key).cmp(&(b.span_ns, &b.key)));
    let mut done: Vec<((i64, i64), f64)> = Vec::new();
    let mut costs = Vec::new();
    let began_together = |a: &Measured, b: &Measured| b.span_ns.0 - a.span_ns.0 <= TOGETHER_NS;
    for group in measured.chunk_by(began_together) {
        let total = group.iter().filter_map(|case| case.lost).fold(0.0, f64::max);
        let weights: f64 = group.iter().filter(|case| case.lost.is_some()).map(|case| case.at_most).sum();
        let began = done.len();
        for case in group {
            let earlier: f64 = done[..began].iter().map(|(span, lost)| lost * overlap(*span, case.span_ns)).sum();
            let weight = if weights > 0.0 { case.at_most / weights } else { 1.0 / group.len() as f64 };
            let lost = case.lost.map(|_| (total - earlier).max(0.0) * weight);
            let explained = lost.filter(|_| total > 0.0).map(|lost| (lost / total).clamp(0.0, 1.0));
            done.extend(lost.map(|lost| (case.span_ns, lost)));
            costs.push((case.key.clone(), Cost { lost, explained }));
        }
    }
    costs
}

/// The part of `of` that `span` covers, 0 to 1.
fn overlap(span: (i64, i64), of: (i64, i64)) -> f64 {
    let common_ns = span.1.min(of.1) - span.0.max(of.0);
    let length_ns = of.1 - of.0;
    if length_ns <= 0 { 0.0 } else { (common_ns as f64 / length_ns as f64).clamp(0.0, 1.0) }
}

/// Jobs that may be hit, and whether that is sure: they run on the culprit, or the trouble is seen through them.
pub fn candidates(features: &Features, case: &Case) -> Vec<(usize, bool)> {
    let topology = &features.topology;
    let through = case.facts.values().find_map(|fact| topology.find_job(fact.job.as_deref()?));
    if let Some(job) = through {
        return vec![(job, true)];
    }
    let Some(place) = topology.place(&case.part) else { return Vec::new() };
    let reached: Vec<(usize, Carries)> = (0..topology.jobs.len())
        .filter(|&job| topology.jobs[job].runs_at(features.now_ns))
        .map(|job| (job, topology.carries_at(job, place)))
        .filter(|(_, carries)| *carries != Carries::No)
        .collect();
    let is_sure = |carries: Carries| carries == Carries::Must;
    reached.into_iter().map(|(job, carries)| (job, is_sure(carries))).collect()
}

/// By the job's marks or bytes against before; a straggler whose job has no history yet, by its own lateness.
fn lost(features: &Features, open: &Open, case: &Case, job: usize) -> Option<f64> {
    let undisturbed = Disturbed::default();
    let disturbed = open.disturbed.get(&features.topology.jobs[job].name).unwrap_or(&undisturbed);
    let by_job = features.jobs[job].lost(case.onset_ns, case.shown_ns(), disturbed);
    by_job.or_else(|| case.facts.values().find_map(|fact| fact.payload.lost()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fabric::Part;

    const S: i64 = 1_000_000_000;

    /// (from s, until s, lost if alone, at most) of each case, and what is said of each.
    fn check(cases: &[(i64, i64, Option<f64>, f64)], expected: &[Option<f64>]) {
        let measured = |(at, &(from, until, lost, at_most)): (usize, &(i64, i64, Option<f64>, f64))| Measured {
            key: Key { subject: "link", part: Part::Device(format!("d{at}")) },
            span_ns: (from * S, until * S),
            lost,
            at_most,
        };
        let mut said = shared(cases.iter().enumerate().map(measured).collect());
        said.sort_by(|a, b| a.0.cmp(&b.0));
        let close = |said: Option<f64>, expected: Option<f64>| match (said, expected) {
            (Some(said), Some(expected)) => (said - expected).abs() < 1e-9,
            (said, expected) => said == expected,
        };
        let lost: Vec<Option<f64>> = said.iter().map(|(_, cost)| cost.lost).collect();
        assert!(lost.iter().zip(expected).all(|(said, expected)| close(*said, *expected)), "{lost:?} {expected:?}");
        for (_, cost) in said {
            assert!(cost.explained.is_none_or(|explained| (0.0..=1.0).contains(&explained)));
        }
    }

    #[test]
    fn the_parts_of_a_loss_add_up_to_no_more_than_the_loss() {
        check(&[(0, 100, Some(0.2), 1.0)], &[Some(0.2)]);
        check(&[(0, 100, Some(0.2), 1.0), (50, 100, Some(0.45), 1.0)], &[Some(0.2), Some(0.25)]);
        // The first was over by half of the second's time.
        check(&[(0, 75, Some(0.2), 1.0), (50, 100, Some(0.3), 1.0)], &[Some(0.2), Some(0.2)]);
        check(&[(0, 40, Some(0.2), 1.0), (50, 100, Some(0.3), 1.0)], &[Some(0.2), Some(0.3)]);
        // Together: in proportion to what each can take.
        check(&[(0, 100, Some(0.4), 0.75), (1, 100, Some(0.4), 0.25)], &[Some(0.3), Some(0.1)]);
        check(&[(0, 100, None, 1.0), (50, 100, Some(0.3), 1.0)], &[None, Some(0.3)]);
    }
}

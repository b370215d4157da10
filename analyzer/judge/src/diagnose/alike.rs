//! Hosts that begin to be late together and by as much are one trouble: bytes alone cannot tell the one that is late from
//! those that wait for it. The one that was first is accused, the others are candidates.

use super::case::Case;
use super::cases::Cases;
use crate::fabric::Part;
use crate::incident::State;
use crate::kinds::{Fact, FactKind};
use std::collections::{BTreeMap, BTreeSet};

/// Takes the others out of the facts, and returns them by the part that stands for them.
pub fn fold(cases: &Cases, facts: &mut Vec<Fact>) -> BTreeMap<Part, Vec<Part>> {
    // Of a kind that cannot tell hosts apart: it calls a fact like itself.
    let mut late: Vec<&Fact> = facts.iter().filter(|fact| fact.payload.is_like(&fact.payload)).collect();
    late.sort_by(|a, b| rank(a, cases).partial_cmp(&rank(b, cases)).unwrap_or(std::cmp::Ordering::Equal));
    let mut leaders: Vec<&Fact> = Vec::new();
    let mut folded: BTreeMap<Part, Vec<Part>> = BTreeMap::new();
    let mut gone: BTreeSet<(FactKind, Part, Option<String>)> = BTreeSet::new();
    for fact in late {
        let stands_for = |leader: &&&Fact| was_alike(cases.of(leader), &fact.part) || is_alike(leader, fact);
        let leader = leaders.iter().find(stands_for).map(|leader| leader.part.clone());
        if cases.of(fact).is_some() || (leader.is_none() && !is_waited_for(cases, &fact.part)) {
            leaders.push(fact);
            continue;
        }
        gone.insert((fact.kind(), fact.part.clone(), fact.job.clone()));
        if let Some(leader) = leader {
            folded.entry(leader).or_default().push(fact.part.clone());
        }
    }
    facts.retain(|fact| !gone.contains(&(fact.kind(), fact.part.clone(), fact.job.clone())));
    folded
}

/// Who stands for the others: one that is accused already, then who was first, then who is latest.
fn rank<'a>(fact: &'a Fact, cases: &Cases) -> (bool, i64, f64, &'a Part) {
    (cases.of(fact).is_none(), fact.since_ns, -fact.payload.amount(), &fact.part)
}

/// A candidate of a case that merely is not said in this tick.
fn is_waited_for(cases: &Cases, part: &Part) -> bool {
    let live = |case: &&Case| case.state != State::Resolved && case.clear_since_ns.is_none();
    cases.iter().filter(live).any(|case| case.alike.contains(part))
}

fn was_alike(case: Option<&Case>, part: &Part) -> bool {
    case.is_some_and(|case| case.alike.contains(part))
}

/// In one job, since the same iteration, by the same amount as far as the evidence tells.
fn is_alike(one: &Fact, other: &Fact) -> bool {
    let same_job = one.job.is_some() && one.job == other.job;
    let same_time = (one.since_ns - other.since_ns).abs() <= one.payload.iteration_ns();
    same_job && same_time && one.payload.is_like(&other.payload)
}

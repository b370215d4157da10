//! Hosts that begin to be late together and by as much are one trouble: bytes alone cannot tell the one that is late from
//! those that wait for it. The one that was first is accused, the others are candidates.

use super::case::Case;
use super::{Cases, key};
use crate::detect::{FactKind, Place, Presence};
use crate::features::Features;
use crate::incident::State;
use std::collections::{BTreeMap, BTreeSet};

type Told = (FactKind, Place, Presence);

/// Lateness that differs by less than this part is the same.
const SAME: f64 = 0.1;

/// Takes the others out of what is present, and returns them by the place that stands for them.
pub fn fold(features: &Features, cases: &Cases, present: &mut Vec<Told>) -> BTreeMap<Place, Vec<Place>> {
    let case_of = |t: &Told| cases.get(&key(t.0, t.1));
    let is_late = |t: &&Told| t.0 == FactKind::LateOnset;
    let mut late: Vec<&Told> = present.iter().filter(is_late).collect();
    late.sort_by_key(|t| rank(t, case_of(t)));
    let mut leaders: Vec<&Told> = Vec::new();
    let mut folded: BTreeMap<Place, Vec<Place>> = BTreeMap::new();
    let mut gone: BTreeSet<(Place, Option<usize>)> = BTreeSet::new();
    for told in late {
        let stands_for = |leader: &&&Told| was_alike(case_of(leader), told.1) || is_alike(features, leader, told);
        let leader = leaders.iter().find(stands_for).map(|leader| leader.1);
        if case_of(told).is_some() || (leader.is_none() && !is_waited_for(cases, told.1)) {
            leaders.push(told);
            continue;
        }
        gone.insert((told.1, told.2.job));
        if let Some(leader) = leader {
            folded.entry(leader).or_default().push(told.1);
        }
    }
    present.retain(|t| t.0 != FactKind::LateOnset || !gone.contains(&(t.1, t.2.job)));
    folded
}

/// Who stands for the others: one that is accused already, then who was first, then who is latest.
fn rank(told: &Told, case: Option<&Case>) -> (bool, i64, i64, Place) {
    let late_ns = (told.2.evidence.value * 1e9) as i64;
    (case.is_none(), told.2.since_ns, -late_ns, told.1)
}

/// A candidate of a case that is merely not told of now.
fn is_waited_for(cases: &Cases, place: Place) -> bool {
    let live = |c: &&Case| c.state != State::Resolved && c.clear_since_ns.is_none();
    cases.values().filter(live).any(|c| c.alike.contains(&place))
}

fn was_alike(case: Option<&Case>, place: Place) -> bool {
    case.is_some_and(|c| c.alike.contains(&place))
}

/// In one job, since the same iteration, by the same time as far as the sampling tells.
fn is_alike(features: &Features, (_, _, one): &Told, (_, _, other): &Told) -> bool {
    let same_job = one.job.is_some() && one.job == other.job;
    let iteration_ns = (one.evidence.reference * 1e9) as i64;
    let apart = (one.evidence.value - other.evidence.value).abs();
    let told_apart = apart > (features.bin_ns as f64 / 1e9).max(one.evidence.value * SAME);
    same_job && (one.since_ns - other.since_ns).abs() <= iteration_ns && !told_apart
}

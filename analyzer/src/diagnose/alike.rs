//! Hosts that begin to be late together and by as much are one trouble: bytes alone cannot tell the one that is late from
//! those that wait for it. The one that was first is accused, the others are candidates.

use super::case::Case;
use super::{Cases, key};
use crate::detect::{FactKind, Place, Presence};
use crate::model::Model;
use std::collections::BTreeMap;

type Told = (FactKind, Place, Presence);

/// Lateness that differs by less than this part is the same.
const SAME: f64 = 0.1;

/// Takes the others out of what is present, and returns them by the place that stands for them.
pub fn fold(model: &Model, cases: &Cases, present: &mut Vec<Told>) -> BTreeMap<Place, Vec<Place>> {
    let mut late: Vec<&Told> = present.iter().filter(|t| t.0 == FactKind::LateOnset).collect();
    let case = |t: &Told| cases.get(&key(t.0, t.1));
    late.sort_by(|a, b| {
        let first = case(b).is_some().cmp(&case(a).is_some()).then(a.2.since_ns.cmp(&b.2.since_ns));
        first.then(b.2.evidence.value.total_cmp(&a.2.evidence.value)).then(a.1.cmp(&b.1))
    });
    let mut leaders: Vec<&Told> = Vec::new();
    let mut folded: BTreeMap<Place, Vec<Place>> = BTreeMap::new();
    for told in late {
        let stands_for = |leader: &&&Told| was_alike(case(leader), told.1) || is_alike(model, leader, told);
        match leaders.iter().find(stands_for).filter(|_| case(told).is_none()) {
            Some(leader) => folded.entry(leader.1).or_default().push(told.1),
            None => leaders.push(told),
        }
    }
    present.retain(|t| t.0 != FactKind::LateOnset || !folded.values().flatten().any(|place| *place == t.1));
    folded
}

fn was_alike(case: Option<&Case>, place: Place) -> bool {
    case.is_some_and(|c| c.alike.contains(&place))
}

/// In one job, since the same iteration, by the same time as far as the sampling tells.
fn is_alike(model: &Model, (_, _, one): &Told, (_, _, other): &Told) -> bool {
    let same_job = one.job.is_some() && one.job == other.job;
    let iteration_ns = (one.evidence.reference * 1e9) as i64;
    let apart = (one.evidence.value - other.evidence.value).abs();
    let told_apart = apart > (model.bin_ns as f64 / 1e9).max(one.evidence.value * SAME);
    same_job && (one.since_ns - other.since_ns).abs() <= iteration_ns && !told_apart
}

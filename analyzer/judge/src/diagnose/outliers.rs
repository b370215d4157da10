//! Of the hosts of a job that are late, only those that stand out are accused: where many are late, the work has changed.

use crate::fabric::Topology;
use crate::kinds::{Fact, FactKind, Family};
use std::collections::BTreeMap;

/// Above this part of a job's devices late at once, the workload changed and nobody straggles.
const MANY: f64 = 0.1;
/// A host stands out that is at least this part as late as the latest.
const AS_LATE: f64 = 0.5;

/// The latest host of a job by one kind of evidence, and how many are about as late.
#[derive(Clone, Copy, Debug, Default)]
struct Worst {
    amount: f64,
    hosts: usize,
}

/// Leaves out hosts that are less late than others, and all of them where too many are late.
pub fn keep(topology: &Topology, facts: &mut Vec<Fact>) {
    let mut worst: BTreeMap<(FactKind, String), Worst> = BTreeMap::new();
    for (key, fact) in late(facts) {
        let worst = worst.entry(key).or_default();
        worst.amount = worst.amount.max(fact.payload.amount());
    }
    for (key, fact) in late(facts) {
        if let Some(worst) = worst.get_mut(&key) {
            worst.hosts += usize::from(fact.payload.amount() >= worst.amount * AS_LATE);
        }
    }
    facts.retain(|fact| {
        let Some((worst, job)) = key(fact).and_then(|key| Some((worst.get(&key)?, key.1))) else { return true };
        let devices = topology.find_job(&job).map_or(0, |job| topology.jobs[job].devices.len());
        fact.payload.amount() >= worst.amount * AS_LATE && worst.hosts as f64 <= (devices as f64 * MANY).max(1.0)
    });
}

fn late(facts: &[Fact]) -> impl Iterator<Item = ((FactKind, String), &Fact)> {
    facts.iter().filter_map(|fact| Some((key(fact)?, fact)))
}

/// Hosts of one job are compared by one kind of evidence at a time.
fn key(fact: &Fact) -> Option<(FactKind, String)> {
    let job = fact.job.clone().filter(|_| fact.kind().class().family == Family::Straggler)?;
    Some((fact.kind(), job))
}

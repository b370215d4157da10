//! What is seen at parts that somebody works at is told as that maintenance, and nothing else is blamed for it.
//!
//! | fact | under maintenance |
//! |---|---|
//! | about a part that is at work | is left out while the work lasts |
//! | that a host is late within a job that runs on a node at work | is left out for good: the job waits for that node |
//! | that a job is slow which runs on a node at work, or over a switch | is left out for good |
//! | that maintenance is in force | is kept when something was left out for it, and names that |
//!
//! Trouble that was there before the work began stays what it is. Trouble of a part at work that outlasts the announced end is
//! an incident from the end on. Trouble that began with the work, and was told before the work was announced, is over: it is
//! told as maintenance from then on.

use super::case::Case;
use super::cases::{Cases, Key};
use crate::fabric::Part;
use crate::features::Features;
use crate::features::maintenance::Work;
use crate::incident::Kind;
use crate::kinds::{Accuses, Fact};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Default)]
pub struct Quiet {
    /// Facts that were left out: they still tell why others are late.
    pub facts: Vec<Fact>,
    /// Cases that are told as maintenance from now on, each with why.
    pub over: BTreeMap<Key, String>,
}

pub fn hush(features: &Features, cases: &Cases, facts: &mut Vec<Fact>) -> Quiet {
    let mut quiet = Quiet::default();
    if features.maintenance.is_empty() {
        return quiet;
    }
    let mut seen: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    facts.retain(|fact| {
        let Some(work) = told_by(features, fact) else { return true };
        seen.entry(work.id.clone()).or_default().insert(format!("{} of {}", fact.kind().class().name, fact.part));
        if let Some(case) = cases.of(fact).filter(|case| began_with(features, case)) {
            quiet.over.insert(case.key(), format!("{} began with the announced work {}", fact.kind().name(), work.id));
        }
        quiet.facts.push(fact.clone());
        false
    });
    facts.retain_mut(|fact| {
        let Part::Maintenance(id) = &fact.part else { return true };
        let case = cases.of(fact);
        let before = case.and_then(Case::main_fact).map(|fact| fact.payload.seen().to_vec()).unwrap_or_default();
        let now: Vec<String> = seen.remove(id.as_str()).into_iter().flatten().collect();
        fact.payload.see(&before);
        fact.payload.see(&now);
        case.is_some() || !now.is_empty()
    });
    quiet
}

/// The work that a fact is told by.
fn told_by<'a>(features: &'a Features, fact: &'a Fact) -> Option<&'a Work> {
    let (class, maintenance) = (fact.kind().class(), &features.maintenance);
    if class.kind == Kind::Benign {
        return None;
    }
    let shown_ns = fact.until_ns.unwrap_or(fact.ts_ns);
    let of_part = maintenance.of_part(&fact.part, fact.since_ns, shown_ns);
    let job = || features.topology.find_job(fact.job.as_deref()?);
    let of_job = || match class.accuses {
        _ if class.kind == Kind::Job => maintenance.on_the_way_of(&features.topology, job()?, fact.since_ns),
        // A part that is at work is what it is once the work is over.
        Accuses::ThroughJob { .. } if maintenance.of_part(&fact.part, fact.since_ns, fact.since_ns).is_none() => {
            maintenance.of_job(&features.topology, job()?, fact.since_ns)
        }
        _ => None,
    };
    of_part.or_else(of_job)
}

/// The case itself, and not only its latest fact, began with the work.
fn began_with(features: &Features, case: &Case) -> bool {
    case.main_fact().is_some_and(|fact| told_by(features, &Fact { since_ns: case.onset_ns, ..fact.clone() }).is_some())
}

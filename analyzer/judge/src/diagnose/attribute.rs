//! Who slows a job: a trouble that is known explains what it can, and only what is left over may accuse a host.
//!
//! A host that is seen to be late within a job may be the cause, or may merely wait for data that a failing link delays. A
//! trouble is asked first when it lies where that job's bytes pass, or was itself seen through that job: a host that fills a queue
//! of it may stand anywhere. A trouble never explains one of its own subject. It explains
//!
//! ```text
//! trouble began                            it explains
//! together with the lateness               up to all that it can take from a job (`at_most` of its kind)
//! well before                              nothing new: its cost is in the speed that the job had before
//! ```
//! and the host is accused all the same when its job has become slower since the host is late, by more than that. An
//! example: a silent drop costs job A a fifth of its time since 12:00. At 12:05 host h7 of job A begins to be late by 40 % of
//! an iteration, and job A becomes slower by another third. The drop does not explain that third: h7 is accused.
//! What is wrong inside a node, with a GPU or a link between GPUs, explains that this node is late, and no other.

use super::case::Case;
use super::cases::{Cases, Key};
use crate::detect::Open;
use crate::fabric::{Carries, Part, Place, Topology};
use crate::features::{Features, SHORTLY_NS};
use crate::incident::State;
use crate::kinds::{Accuses, Class, Fact};
use std::collections::{BTreeMap, BTreeSet};

/// Of what a host claims to cost its job, the part that must be left unexplained for the host to be accused. The claim and
/// the job's slowing are two measurements of one thing, each good to some tenths where few iterations have passed.
const LEFT_OVER: f64 = 0.5;

/// How much slower the job became is read off the first moments of the lateness, half as long as what they are compared
/// with: the speed just before needs to be seen over several stretches of the same length.
const FIRST_NS: i64 = SHORTLY_NS / 2;

/// A failing part, and the moment it was first seen well again.
#[derive(Clone, Debug)]
struct Trouble {
    subject: &'static str,
    place: Place,
    /// The jobs that it was seen to delay, wherever it lies: another job's host fills a queue of theirs.
    jobs: Vec<String>,
    since_ns: i64,
    over_ns: Option<i64>,
    at_most: f64,
}

/// Leaves out hosts whose lateness known troubles explain. `quiet`: facts that are told as maintenance, and explain as any others.
pub fn leave_out_victims(
    features: &Features,
    open: &Open,
    cases: &Cases,
    ended: &[Case],
    quiet: &[Fact],
    facts: &mut Vec<Fact>,
) {
    let troubles = troubles(&features.topology, cases, ended, || facts.iter().chain(quiet));
    facts.retain(|fact| match fact.kind().class().accuses {
        Accuses::Outright => true,
        Accuses::ThroughJob { aftermath_iterations } => {
            let aftermath_ns = fact.payload.iteration_ns() * aftermath_iterations;
            !is_explained(features, open, &troubles, fact, aftermath_ns)
        }
    });
}

fn is_explained(features: &Features, open: &Open, troubles: &[Trouble], fact: &Fact, aftermath_ns: i64) -> bool {
    let Some(job) = fact.job.as_deref().and_then(|name| features.topology.find_job(name)) else { return false };
    let asked: Vec<&Trouble> = troubles
        .iter()
        .filter(|trouble| trouble.subject != fact.kind().class().subject)
        .filter(|trouble| !is_past(features, trouble, fact, aftermath_ns))
        .filter(|trouble| {
            // A host that fills a queue of another job delays nobody by where it stands.
            let is_elsewhere = matches!(trouble.place, Place::Device(_)) && !trouble.jobs.is_empty();
            let is_seen = fact.job.as_ref().is_some_and(|job| trouble.jobs.contains(job));
            let is_inside_another = is_inside_another(&features.topology, trouble, &fact.part);
            is_seen
                || (!is_elsewhere
                    && !is_inside_another
                    && features.topology.carries_at(job, trouble.place) != Carries::No)
        })
        .collect();
    if asked.is_empty() {
        return false;
    }
    let together = asked.iter().filter(|trouble| trouble.since_ns > fact.since_ns - SHORTLY_NS);
    let explained: f64 = together.map(|trouble| trouble.at_most).sum();
    let until_ns = fact.until_ns.unwrap_or(features.now_ns).min(fact.since_ns + FIRST_NS);
    let undisturbed = Default::default();
    let disturbed = fact.job.as_ref().and_then(|job| open.disturbed.get(job)).unwrap_or(&undisturbed);
    let slower = features.jobs[job].slowed(fact.since_ns, until_ns, disturbed);
    let claimed = fact.payload.lost().unwrap_or_else(|| fact.payload.at_most());
    slower.is_none_or(|slower| slower - explained < claimed * LEFT_OVER)
}

/// What is wrong inside a node, with a GPU or a link between GPUs, makes that node late and no other: those wait for it.
fn is_inside_another(topology: &Topology, trouble: &Trouble, late: &Part) -> bool {
    let device = match trouble.place {
        Place::Inside(part) => topology.inside(part).device,
        Place::Device(device) if trouble.subject == Class::INSIDE.subject => device,
        _ => return false,
    };
    let own = &topology.devices[device].name;
    late.devices().all(|device| device != own)
}

/// It was over before the host began to be late, or so long ago that nothing late now is a late consequence of it.
fn is_past(features: &Features, trouble: &Trouble, fact: &Fact, aftermath_ns: i64) -> bool {
    trouble.over_ns.is_some_and(|over_ns| match aftermath_ns {
        0 => over_ns <= fact.since_ns,
        _ => features.now_ns >= over_ns + aftermath_ns,
    })
}

/// Those that are live, that have ended of late, and that are said for the first time in this tick.
fn troubles<'a, F: Iterator<Item = &'a Fact>>(
    topology: &Topology,
    cases: &Cases,
    ended: &[Case],
    facts: impl Fn() -> F,
) -> Vec<Trouble> {
    let trouble = |Key { subject, part }: Key, jobs: Vec<String>, since_ns: i64, over_ns: Option<i64>, at_most: f64| {
        Some(Trouble { subject, place: topology.place(&part)?, jobs, since_ns, over_ns, at_most })
    };
    let through = |fact: &Fact| fact.job.clone().into_iter().collect::<Vec<_>>();
    let said = facts().filter(|fact| fact.kind().class().delays_jobs);
    let said: BTreeMap<Key, &Fact> = said.map(|fact| (Key::of(fact), fact)).collect();
    let live = cases.iter().filter(|case| case.state != State::Resolved && case.class().delays_jobs);
    let known: BTreeSet<Key> = live.clone().map(Case::key).collect();
    let live = live.filter_map(|case| {
        let over_ns = case.clear_since_ns.filter(|_| !said.contains_key(&case.key()));
        let at_most = case.facts.values().map(|fact| fact.payload.at_most()).fold(0.0, f64::max);
        let jobs = case.facts.values().flat_map(through).collect();
        trouble(case.key(), jobs, case.onset_ns, over_ns, at_most)
    });
    let past = ended.iter().filter(|past| past.kind.class().delays_jobs);
    let past = past.filter_map(|past| {
        trouble(past.key(), past.jobs.keys().cloned().collect(), past.onset_ns, Some(past.over_ns()), 1.0)
    });
    let new = said.iter().filter(|(key, _)| !known.contains(key));
    let new =
        new.filter_map(|(key, fact)| trouble(key.clone(), through(fact), fact.since_ns, None, fact.payload.at_most()));
    live.chain(past).chain(new).collect()
}

#[cfg(test)]
mod tests;

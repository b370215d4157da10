//! All cases that are live, by what they are about.

use super::case::{Candidate, Case, Cost};
use crate::detect::{Claim, Open};
use crate::fabric::Part;
use crate::features::Disturbed;
use crate::incident::{Kind, State};
use crate::kinds::{Fact, FactKind};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The trouble of one subject at one part is one case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    pub subject: &'static str,
    pub part: Part,
}

impl Key {
    pub fn of(fact: &Fact) -> Key {
        Key { subject: fact.kind().class().subject, part: fact.part.clone() }
    }
}

impl Case {
    pub fn key(&self) -> Key {
        Key { subject: self.class().subject, part: self.part.clone() }
    }

    /// The kinds of fact that must be absent for the case to end: those it rests on.
    pub fn lives_on(&self) -> impl Iterator<Item = FactKind> + '_ {
        self.facts.keys().map(|kind| kind.class().absent_with.unwrap_or(*kind))
    }
}

/// A trouble that has ended. It is remembered for a while, because what it delayed recovers later than it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ended {
    pub part: Part,
    pub kind: FactKind,
    pub onset_ns: i64,
    /// When it was first seen well again.
    pub over_ns: i64,
    /// The end of what is counted as its damage, and the jobs that had it.
    pub shown_ns: i64,
    pub jobs: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Vec<Case>", into = "Vec<Case>")]
pub struct Cases {
    by_key: BTreeMap<Key, Case>,
}

impl From<Vec<Case>> for Cases {
    fn from(cases: Vec<Case>) -> Cases {
        Cases { by_key: cases.into_iter().map(|case| (case.key(), case)).collect() }
    }
}

impl From<Cases> for Vec<Case> {
    fn from(cases: Cases) -> Vec<Case> {
        cases.by_key.into_values().collect()
    }
}

impl Cases {
    pub fn get(&self, key: &Key) -> Option<&Case> {
        self.by_key.get(key)
    }

    pub fn of(&self, fact: &Fact) -> Option<&Case> {
        self.by_key.get(&Key::of(fact))
    }

    pub fn get_mut(&mut self, key: &Key) -> Option<&mut Case> {
        self.by_key.get_mut(key)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Case> + Clone {
        self.by_key.values()
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&Key, &mut Case)> {
        self.by_key.iter_mut()
    }

    pub fn begin(&mut self, fact: &Fact) {
        self.by_key.entry(Key::of(fact)).or_insert_with(|| Case::new(fact));
    }

    pub fn set_candidates(&mut self, candidates: Vec<(Key, Vec<Candidate>)>) {
        for (key, candidates) in candidates {
            if let Some(case) = self.by_key.get_mut(&key) {
                case.candidates = candidates;
            }
        }
    }

    pub fn set_costs(&mut self, costs: Vec<(Key, BTreeMap<String, Cost>)>) {
        for (key, jobs) in costs {
            if let Some(case) = self.by_key.get_mut(&key) {
                case.jobs = jobs;
            }
        }
    }

    pub fn retain(&mut self, is_kept: impl Fn(&Case) -> bool) {
        self.by_key.retain(|_, case| is_kept(case));
    }

    /// Takes out the resolved ones.
    pub fn take_resolved(&mut self) -> Vec<Case> {
        let (resolved, live) =
            std::mem::take(&mut self.by_key).into_iter().partition(|(_, c)| c.state == State::Resolved);
        self.by_key = live;
        let resolved: BTreeMap<Key, Case> = resolved;
        resolved.into_values().collect()
    }
}

/// What a job needs to run as before once a trouble is over, and longer than the end of the trouble is in doubt.
const RECOVERY_NS: i64 = 5_000_000_000;

/// What detectors are handed in the next tick: the claims of live cases, since when ended ones are over, and when jobs lost
/// time to either.
pub fn open(cases: &Cases, ended: &[Ended]) -> Open {
    let mut open = Open::default();
    for case in cases.iter() {
        for (kind, fact) in case.lives_on().zip(case.facts.values()) {
            let claim = Claim { amount: fact.payload.amount(), shown_ns: case.shown_ns(), since_ns: fact.since_ns };
            open.claims.entry(kind).or_default().insert(case.part.clone(), claim);
        }
        let span = (case.onset_ns, case.shown_ns() + RECOVERY_NS);
        case.jobs.keys().filter(|_| costs_time(case.kind)).for_each(|job| disturb(&mut open.disturbed, job, span));
    }
    for past in ended {
        let over_ns = open.over.entry(past.kind).or_default().entry(past.part.clone()).or_default();
        *over_ns = past.over_ns.max(*over_ns);
        let span = (past.onset_ns, past.shown_ns + RECOVERY_NS);
        past.jobs.iter().filter(|_| costs_time(past.kind)).for_each(|job| disturb(&mut open.disturbed, job, span));
    }
    open
}

/// Trouble of a part takes time from jobs. That a job is slow takes none: it is what is seen of that.
fn costs_time(kind: FactKind) -> bool {
    kind.class().kind == Kind::Hardware
}

fn disturb(disturbed: &mut BTreeMap<String, Disturbed>, job: &str, span: (i64, i64)) {
    disturbed.entry(job.to_owned()).or_default().spans.push(span);
}

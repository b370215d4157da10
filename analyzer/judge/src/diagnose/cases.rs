//! All cases that are live, by what they are about.

use super::TOGETHER_NS;
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

    /// A case begins with its first fact, or goes on where it has ended and was not over. False where the fact is but a residue of
    /// what is over, and no case begins.
    pub fn begin(&mut self, fact: &Fact, ended: &mut Vec<Case>, tick_ns: i64) -> bool {
        let key = Key::of(fact);
        if self.by_key.contains_key(&key) {
            return true;
        }
        let case = match reached_by(fact, ended, tick_ns) {
            None => Case::new(fact),
            Some(at) if ended[at].has_residue(fact) => return false,
            Some(at) => ended.remove(at).going_on(fact.ts_ns),
        };
        self.by_key.insert(key, case);
        true
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

/// Where among the cases that ended the one is that a fact has been there in since well before its end. A detector that took a link for
/// sound too early, and says again that the link has been slow all the time, tells of one incident and not of two. What begins
/// about when the other ended is another trouble.
fn reached_by(fact: &Fact, ended: &[Case], tick_ns: i64) -> Option<usize> {
    let (key, apart_ns) = (Key::of(fact), TOGETHER_NS.max(2 * tick_ns));
    let is_it = |case: &Case| case.key() == key && case.has_faded() && fact.since_ns < case.over_ns() - apart_ns;
    ended.iter().rposition(is_it)
}

/// What a job needs to run as before once a trouble is over, and longer than the end of the trouble is in doubt.
const RECOVERY_NS: i64 = 5_000_000_000;

/// What detectors are handed in the next tick: the claims of live cases, since when ended ones are over, and when jobs lost
/// time to either.
pub fn open(cases: &Cases, ended: &[Case]) -> Open {
    let mut open = Open::default();
    for case in cases.iter() {
        for (kind, fact) in case.lives_on().zip(case.facts.values()) {
            let (amount, shown_ns) = (fact.payload.amount(), case.shown_ns());
            let claim = Claim { amount, shown_ns, since_ns: fact.since_ns, onset_ns: case.onset_ns };
            open.claims.entry(kind).or_default().insert(case.part.clone(), claim);
        }
        let span = (case.onset_ns, case.shown_ns() + RECOVERY_NS);
        case.jobs.keys().filter(|_| costs_time(case.kind)).for_each(|job| disturb(&mut open.disturbed, job, span));
    }
    for past in ended {
        let over_ns = open.over.entry(past.kind).or_default().entry(past.part.clone()).or_default();
        *over_ns = past.over_ns().max(*over_ns);
        let span = (past.onset_ns, past.shown_ns() + RECOVERY_NS);
        past.jobs.keys().filter(|_| costs_time(past.kind)).for_each(|job| disturb(&mut open.disturbed, job, span));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fabric::PortRef;
    use crate::kinds::LowServiceRate;

    const S: i64 = 1_000_000_000;

    fn slow_since(since_s: i64, now_s: i64) -> Fact {
        let [host, leaf] = ["h1", "leaf"].map(|device| PortRef::new(device, "p"));
        Fact {
            ts_ns: now_s * S,
            part: Part::cable(host, leaf),
            shown_at: None,
            since_ns: since_s * S,
            until_ns: None,
            one_sided: false,
            strength: 1.0,
            job: None,
            payload: LowServiceRate { bps: 5e10, planned_bps: 1e11 }.into(),
        }
    }

    /// A link was slow from second 10 on, an incident from 12 on, and taken for sound from 40 on.
    fn ended() -> Vec<Case> {
        let fact = slow_since(10, 12);
        let mut case = Case::new(&fact);
        case.opened_ns = Some(12 * S);
        case.facts.insert(fact.kind(), fact);
        case.clear_since_ns = Some(40 * S);
        case.resolve(48 * S, "absent".into());
        vec![case]
    }

    #[test]
    fn an_incident_goes_on_that_is_shown_by_what_was_there_before_it_seemed_over() {
        for (since_s, tick_s, goes_on) in
            [(10, 1, true), (36, 1, true), (37, 1, false), (60, 1, false), (36, 10, false)]
        {
            let (mut cases, mut ended) = (Cases::default(), ended());
            let fact = slow_since(since_s, 60);
            assert!(cases.begin(&fact, &mut ended, tick_s * S));
            let case = cases.of(&fact).unwrap();
            let expected =
                if goes_on { (State::Open, Some(12 * S), 10 * S) } else { (State::Suspected, None, since_s * S) };
            assert_eq!((case.state, case.opened_ns, case.onset_ns), expected, "since {since_s}, ticks of {tick_s} s");
            assert_eq!((case.resolved_ns, case.clear_since_ns, ended.is_empty()), (None, None, goes_on));
        }
    }

    #[test]
    fn what_is_left_of_evidence_from_before_the_end_begins_nothing() {
        for (bps, since_s, begins) in [(9e10, 10, false), (9e10, 60, true), (7e10, 10, true)] {
            let (mut cases, mut ended) = (Cases::default(), ended());
            let payload = LowServiceRate { bps, planned_bps: 1e11 }.into();
            let fact = Fact { payload, ..slow_since(since_s, 60) };
            assert_eq!(cases.begin(&fact, &mut ended, S), begins, "{bps} since {since_s}");
            assert_eq!(cases.of(&fact).is_some(), begins);
        }
    }
}

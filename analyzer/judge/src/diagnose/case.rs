//! The life of one incident, as a pure state machine: time is an argument.
//!
//! ```text
//!            present, few ticks            present long enough      present, and since before it was over
//! (nothing) ────────────────► suspected ───────────────────────► open ◄───────────────────────────────┐
//!                                 │ absent                         │ absent for `resolves_after`,     │
//!                                 ▼                                ▼ or somebody's doing              │
//!                             (forgotten)                       resolved ─────────────────────────────┘
//! ```
//! A tick in which the data says nothing moves nothing: missing data neither opens nor closes.

use crate::fabric::{Part, PortRef};
use crate::incident::{Severity, State, Transition};
use crate::kinds::{Class, Fact, FactKind};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A fact that rests on evidence from before the end of a case, and has less than this part of the amount that the case showed last,
/// is a residue of that evidence: the middle between all of the amount and nothing.
const RESIDUE: f64 = 0.5;

/// One trouble of one part, for as long as it lasts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Case {
    pub part: Part,
    /// The kind of fact that names the incident: of all its evidence the one of the highest rank.
    pub kind: FactKind,
    pub state: State,
    /// The highest severity it has had: one that fell with every figure would ring again with every one.
    pub severity: Severity,
    pub onset_ns: i64,
    pub opened_ns: Option<i64>,
    pub resolved_ns: Option<i64>,
    /// The end of a cable that is accused: the one that alone shows trouble when it opens, else none of the two. Of a node the GPU
    /// that it was opened by, if any.
    pub end: Option<PortRef>,
    /// The last fact of every kind that belongs to it.
    pub facts: BTreeMap<FactKind, Fact>,
    /// Hosts that are late together with it, by as much.
    pub alike: Vec<Part>,
    pub candidates: Vec<Candidate>,
    pub transitions: Vec<Transition>,
    /// Ticks in which its own fact was present.
    pub ticks: u32,
    /// Since when it has been positively absent.
    pub clear_since_ns: Option<i64>,
    /// What it costs, by job.
    pub jobs: BTreeMap<String, Cost>,
}

/// A part that would show the same as the one accused.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    pub part: Part,
    /// Why it is not ruled out, to follow the part's name.
    pub reason: String,
    /// How likely it is the part, 0 to 1, where the evidence says so. It lies within the one accused, or beside it.
    pub share: Option<f64>,
}

/// What a case costs one job; `None` where that cannot be known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cost {
    /// The part of the job's step time that this case takes, 0 to 1.
    pub lost: Option<f64>,
    /// Of all that the job loses meanwhile, the part that this case explains, 0 to 1.
    pub explained: Option<f64>,
}

/// What a tick said of a case.
#[derive(Clone, Debug, Default)]
pub struct Update {
    pub facts: Vec<Fact>,
    /// Hosts late by as much, where this tick's evidence is of a kind that cannot tell hosts apart.
    pub alike: Option<Vec<Part>>,
    /// Every kind of fact that the case lives on was looked for and not found.
    pub is_absent: bool,
    /// It is over at once, for this reason.
    pub over: Option<String>,
    /// It may turn out to be a part of a larger trouble in a moment: it does not open yet.
    pub is_held: bool,
}

impl Case {
    pub fn new(fact: &Fact) -> Case {
        Case {
            part: fact.part.clone(),
            kind: fact.kind(),
            state: State::Suspected,
            severity: Severity::Info,
            onset_ns: fact.since_ns,
            opened_ns: None,
            resolved_ns: None,
            end: None,
            facts: BTreeMap::new(),
            alike: Vec::new(),
            candidates: Vec::new(),
            transitions: Vec::new(),
            ticks: 0,
            clear_since_ns: None,
            jobs: BTreeMap::new(),
        }
    }

    pub fn class(&self) -> &'static Class {
        self.kind.class()
    }

    /// Nothing but reasons: it costs no job, and accuses nobody.
    pub fn is_finding(&self) -> bool {
        !self.facts.is_empty() && self.facts.keys().all(|kind| kind.class().is_reason)
    }

    /// Takes in one tick; true when the state or the class changed.
    pub fn step(&mut self, update: Update, now_ns: i64) -> bool {
        if update.facts.is_empty() {
            return (update.is_absent || update.over.is_some()) && self.step_absent(now_ns, update.over);
        }
        self.clear_since_ns = None;
        self.ticks = self.ticks.saturating_add(1);
        let is_first = self.transitions.is_empty();
        let mut changed = is_first && !update.is_held;
        if is_first {
            self.note(self.onset_ns, State::Suspected, format!("{} first seen", update.facts[0].kind().name()));
        }
        if let Some(alike) = update.alike {
            self.alike = alike;
        }
        for fact in update.facts {
            changed |= self.take(fact, now_ns);
        }
        if self.state == State::Suspected && self.ticks >= self.class().opens_after_ticks && !update.is_held {
            self.opened_ns = Some(now_ns);
            self.note(now_ns, State::Open, format!("{} present for {} ticks", self.kind.name(), self.ticks));
            changed = true;
        }
        changed
    }

    /// True when the fact renames the incident.
    fn take(&mut self, mut fact: Fact, now_ns: i64) -> bool {
        let kind = fact.kind();
        let renamed = self.rename(kind, now_ns);
        // Pagers know an alert by its port: once said, it stays.
        if self.state == State::Suspected && kind.class().name == self.class().name {
            let goes_by_it = kind.class().is_reason || matches!(fact.part, Part::Cable(..));
            self.end = fact.shown_at.clone().filter(|_| fact.one_sided && goes_by_it);
        }
        fact.until_ns.get_or_insert(now_ns);
        self.facts.insert(kind, fact);
        renamed
    }

    /// The last moment that its facts show, and the end of what is counted as its damage.
    pub fn shown_ns(&self) -> i64 {
        self.facts.values().filter_map(|fact| fact.until_ns).fold(self.onset_ns, i64::max)
    }

    /// The fact that names the incident.
    pub fn main_fact(&self) -> Option<&Fact> {
        self.facts.get(&self.kind).or_else(|| self.facts.values().next())
    }

    /// For how long it must be absent.
    fn resolves_after_ns(&self) -> i64 {
        self.main_fact().map_or(self.class().resolves_after_ns, |fact| fact.payload.resolves_after_ns())
    }

    /// Evidence of a higher rank renames the incident: it stays the same one.
    fn rename(&mut self, kind: FactKind, now_ns: i64) -> bool {
        let (was, class) = (self.class(), kind.class());
        let may = self.state != State::Open || class.renames_open || class.name == was.name;
        if class.rank <= was.rank || !may {
            return false;
        }
        self.kind = kind;
        if was.name != class.name && self.state == State::Open {
            self.note(now_ns, State::Open, format!("was {}: {} shows more", was.name, kind.name()));
        }
        was.name != class.name
    }

    fn step_absent(&mut self, now_ns: i64, over: Option<String>) -> bool {
        let since_ns = *self.clear_since_ns.get_or_insert(now_ns);
        if self.state == State::Suspected {
            self.state = State::Resolved; // never opened: forgotten without a word
            return true;
        }
        let after_ns = self.resolves_after_ns();
        if over.is_none() && now_ns - since_ns < after_ns {
            return false;
        }
        let absent = || format!("{} absent for {} s", self.kind.name(), after_ns / 1_000_000_000);
        self.resolve(now_ns, over.unwrap_or_else(absent));
        true
    }

    pub fn resolve(&mut self, now_ns: i64, reason: String) {
        self.resolved_ns = Some(now_ns);
        self.note(now_ns, State::Resolved, reason);
    }

    /// Of one that has ended: when it was first seen well again.
    pub fn over_ns(&self) -> i64 {
        self.clear_since_ns.or(self.resolved_ns).unwrap_or(i64::MAX)
    }

    /// After an end that was none: what shows it now was there before it seemed to be over.
    pub fn going_on(mut self, now_ns: i64) -> Case {
        (self.resolved_ns, self.clear_since_ns) = (None, None);
        self.note(now_ns, State::Open, format!("was not over: {} since before the end", self.kind.name()));
        self
    }

    /// Whether a fact shows so little of it that evidence from before its end explains the fact. Example: a link at a fifth of its
    /// rate is sound again; what was counted before that still speaks for a link at nine tenths.
    pub fn has_residue(&self, fact: &Fact) -> bool {
        self.facts.get(&fact.kind()).is_some_and(|before| fact.payload.amount() < before.payload.amount() * RESIDUE)
    }

    /// It ended because nothing showed it any more, and not because it is told elsewhere or somebody did something.
    pub fn has_faded(&self) -> bool {
        let absent_ns = self.resolved_ns.zip(self.clear_since_ns).map(|(resolved_ns, clear_ns)| resolved_ns - clear_ns);
        absent_ns.is_some_and(|absent_ns| absent_ns >= self.resolves_after_ns())
    }

    fn note(&mut self, ts_ns: i64, state: State, reason: String) {
        self.state = state;
        self.transitions.push(Transition { ts_ns, state, reason });
    }
}

#[cfg(test)]
mod tests;

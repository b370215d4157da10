//! The life of one incident, as a pure state machine: time is an argument.
//!
//! ```text
//!            present, few ticks            present long enough
//! (nothing) ────────────────► suspected ───────────────────────► open
//!                                 │ clear                          │ clear for `resolve_after`, or somebody's doing
//!                                 ▼                                ▼
//!                             (forgotten)                       resolved ──► (forgotten)
//! ```
//! A tick in which the data says nothing moves nothing: absence of data neither opens nor closes.

use super::candidates::Candidate;
use crate::detect::{FactKind, Place, Presence};
use crate::fabric::PortId;
use crate::incident::{Severity, State, Transition};
use crate::kinds::{Class, class_of};
use std::collections::BTreeMap;

#[derive(Clone, Debug)]
pub struct Case {
    pub place: Place,
    pub class: &'static Class,
    pub state: State,
    /// The highest it has had: one that fell with every figure would ring again with every one.
    pub severity: Severity,
    pub onset_ns: i64,
    pub opened_ns: Option<i64>,
    pub resolved_ns: Option<i64>,
    /// The end of a cable that is accused: the one that alone shows trouble when it opens, else none of the two.
    pub end: Option<PortId>,
    /// The last presence of every kind of fact that belongs to it.
    pub facts: BTreeMap<FactKind, Presence>,
    /// Hosts that are late together with it, by as much.
    pub alike: Vec<Place>,
    pub candidates: Vec<Candidate>,
    pub transitions: Vec<Transition>,
    /// Ticks in which its own fact was present.
    pub ticks: u32,
    /// Since when it has been positively absent.
    pub clear_since_ns: Option<i64>,
    pub jobs: Vec<(usize, Option<f64>)>,
}

/// What a tick said of a case.
#[derive(Clone, Debug, Default)]
pub struct Told {
    pub present: Vec<(FactKind, Presence)>,
    pub alike: Vec<Place>,
    /// Every kind of fact the case lives on was looked for and not found.
    pub clear: bool,
    /// It is over at once, for this reason: somebody did something there.
    pub over: Option<String>,
}

impl Case {
    pub fn new(place: Place, kind: FactKind, presence: &Presence) -> Case {
        Case {
            place,
            class: class_of(kind),
            state: State::Suspected,
            severity: Severity::Info,
            onset_ns: presence.since_ns,
            opened_ns: None,
            resolved_ns: None,
            end: None,
            facts: BTreeMap::new(),
            alike: Vec::new(),
            candidates: Vec::new(),
            transitions: Vec::new(),
            ticks: 0,
            clear_since_ns: None,
            jobs: Vec::new(),
        }
    }

    /// Takes in one tick; true when the state or the class changed.
    pub fn step(&mut self, told: Told, now_ns: i64) -> bool {
        if told.present.is_empty() {
            return told.clear && self.step_clear(now_ns, told.over);
        }
        self.clear_since_ns = None;
        self.ticks = self.ticks.saturating_add(1);
        let mut changed = self.transitions.is_empty();
        if changed {
            self.note(self.onset_ns, State::Suspected, format!("{} first seen", told.present[0].0.name()));
        }
        if told.present.iter().any(|(kind, _)| *kind == FactKind::LateOnset) {
            self.alike = told.alike;
        }
        for (kind, mut presence) in told.present {
            changed |= self.rename(class_of(kind), now_ns);
            // Pagers know an alert by its port: once said, it stays.
            if self.state == State::Suspected && class_of(kind).name == self.class.name {
                self.end = presence.port.filter(|_| presence.one_sided);
            }
            presence.until_ns.get_or_insert(now_ns);
            self.facts.insert(kind, presence);
        }
        if self.state == State::Suspected && self.ticks >= self.class.open_after {
            let reason = format!("{} present for {} ticks", self.class.fact.name(), self.ticks);
            self.opened_ns = Some(now_ns);
            self.note(now_ns, State::Open, reason);
            changed = true;
        }
        changed
    }

    /// The last moment that its facts show, and the end of what is counted as its damage.
    pub fn shown_ns(&self) -> i64 {
        self.facts.values().filter_map(|p| p.until_ns).fold(self.onset_ns, i64::max)
    }

    /// Evidence of a higher rank renames the incident: it stays the same one.
    fn rename(&mut self, class: &'static Class, now_ns: i64) -> bool {
        let renames = class.rank > self.class.rank
            && (self.state != State::Open || class.rank >= 4 || class.name == self.class.name);
        if !renames {
            return false;
        }
        let was = std::mem::replace(&mut self.class, class);
        if was.name != class.name && self.state == State::Open {
            self.note(now_ns, State::Open, format!("was {}: {} shows more", was.name, class.fact.name()));
        }
        was.name != class.name
    }

    fn step_clear(&mut self, now_ns: i64, over: Option<String>) -> bool {
        let since = *self.clear_since_ns.get_or_insert(now_ns);
        if self.state == State::Suspected {
            self.state = State::Resolved; // never opened: forgotten without a word
            return true;
        }
        if over.is_none() && now_ns - since < self.class.resolve_after_ns {
            return false;
        }
        let seconds = self.class.resolve_after_ns / 1_000_000_000;
        let absent = || format!("{} absent for {seconds} s", self.class.fact.name());
        let reason = over.unwrap_or_else(absent);
        self.resolved_ns = Some(now_ns);
        self.note(now_ns, State::Resolved, reason);
        true
    }

    pub fn abandon(&mut self, now_ns: i64, reason: &str) {
        self.resolved_ns = Some(now_ns);
        self.note(now_ns, State::Resolved, reason.to_owned());
    }

    fn note(&mut self, ts_ns: i64, state: State, reason: String) {
        self.state = state;
        self.transitions.push(Transition { ts_ns, state, reason });
    }
}

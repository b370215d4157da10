//! Diagnosis: facts of a tick → cases → incidents. One cause, one incident.
//!
//! ```text
//! facts ─► gather (many links of one device) ─► explain away (victims) ─► alike (hosts not to be told apart)
//!       ─► cases (state machine) ─► candidates (what is left open) ─► loss ─► incidents
//! ```

mod alike;
mod candidates;
mod case;
mod claim;

mod explain;
mod gather;
mod loss;
mod render;
mod severity;
#[cfg(test)]
mod tests;

use crate::detect::{Claim, FactKind, Place, Presence, Sink, Watched, why_over};
use crate::engine::guard::guarded;
use crate::features::Features;
use crate::incident::{Incident, State};
use crate::kinds::Fact;
use crate::kinds::class_of;
use case::{Case, Told};
use std::collections::{BTreeMap, BTreeSet};

/// A family's trouble at one place is one case; the kinds of data fault are apart.
type Key = (&'static str, Place);
type Cases = BTreeMap<Key, Case>;

/// Troubles that begin within this time of each other may have one cause.
const TOGETHER_NS: i64 = 3_000_000_000;

#[derive(Debug, Default)]
pub struct Diagnosis {
    cases: Cases,
    /// When a case that disturbed its surroundings ended, by key: its victims recover for a while.
    ended_ns: BTreeMap<Key, i64>,
}

impl Diagnosis {
    /// What detectors should report the absence of.
    pub fn watched(&self) -> Watched {
        let of = |c: &Case| kinds_of(c).map(|(kind, claim)| ((kind, c.place), claim)).collect::<Vec<_>>();
        self.cases.values().flat_map(of).collect()
    }

    /// Incidents new or changed by this tick.
    pub fn step(&mut self, features: &mut Features, mut sink: Sink<'_>) -> Vec<Incident> {
        gather::gather(features, &mut sink);
        let Sink { clear, mut present, .. } = sink;
        explain::explain_away(features, &self.cases, &self.ended_ns, &mut present);
        let mut alike = alike::fold(features, &self.cases, &mut present);
        let mut told: BTreeMap<Key, Told> = BTreeMap::new();
        for (kind, place, presence) in present {
            let key = key(kind, place);
            self.cases.entry(key).or_insert_with(|| Case::new(place, kind, &presence));
            let told = told.entry(key).or_default();
            if kind == FactKind::LateOnset {
                told.alike = alike.remove(&place).unwrap_or_default();
            }
            told.present.push((kind, presence));
        }
        let mut changed = Vec::new();
        for (key, case) in &mut self.cases {
            let mut told = told.remove(key).unwrap_or_default();
            told.clear = is_clear(case, &clear);
            told.over = if told.clear { why_over(features, case.place) } else { None };
            if case.step(told, features.now_ns) {
                changed.push(*key);
            }
        }
        candidates::settle(features, &mut self.cases);
        loss::measure(features, self.cases.values_mut());
        self.cases.values_mut().for_each(|case| severity::raise(features, case));
        let incidents = self.report(features, &changed);
        self.forget(features.now_ns);
        incidents
    }

    /// Changed incidents, and every few ticks the open ones with their loss brought up to date.
    fn report(&self, features: &Features, changed: &[Key]) -> Vec<Incident> {
        const REFRESH_TICKS: i64 = 2;
        let refresh = features.tick % REFRESH_TICKS == 0;
        let said = |key: &Key, case: &Case| changed.contains(key) || (refresh && case.state == State::Open);
        let told = self.cases.iter().filter(|(key, case)| !case.transitions.is_empty() && said(key, case));
        told.filter(|(_, c)| c.state != State::Resolved || c.opened_ns.is_some())
            .map(|(_, c)| render::incident(features, c))
            .collect()
    }

    fn forget(&mut self, now_ns: i64) {
        const REMEMBER_NS: i64 = 180_000_000_000;
        for (key, case) in self.cases.iter().filter(|(_, c)| c.state == State::Resolved && c.opened_ns.is_some()) {
            self.ended_ns.insert(*key, case.clear_since_ns.unwrap_or(now_ns));
        }
        self.ended_ns.retain(|_, ended| *ended > now_ns - REMEMBER_NS);
        self.cases.retain(|_, c| c.state != State::Resolved);
    }

    /// Forgets all cases: what they rest on is gone. The open ones are told as resolved, with the reason.
    pub fn abandon(&mut self, features: &Features, reason: &str) -> Vec<Incident> {
        let Diagnosis { cases, .. } = std::mem::take(self);
        let open = cases.into_values().filter(|case| case.state == State::Open);
        // One that cannot be told must not keep the others from being told.
        let told = |mut case: Case| {
            guarded(|| {
                case.abandon(features.now_ns, reason);
                render::incident(features, &case)
            })
        };
        open.filter_map(|case| told(case).ok()).collect()
    }

    /// The incident a fact would open now; nothing is remembered.
    pub fn preview(&self, features: &Features, kind: FactKind, place: Place, presence: Presence) -> Option<Incident> {
        let known = self.cases.get(&key(kind, place));
        if known.is_some_and(|c| c.state == State::Open && c.class.rank >= class_of(kind).rank) {
            return None;
        }
        let now_ns = presence.since_ns;
        let mut case = known.cloned().unwrap_or_else(|| Case::new(place, kind, &presence));
        case.step(Told { present: vec![(kind, presence)], ..Told::default() }, now_ns);
        severity::raise(features, &mut case);
        (case.state == State::Open).then(|| render::incident(features, &case))
    }
}

fn key(kind: FactKind, place: Place) -> Key {
    let class = class_of(kind);
    (if class.family == "data" { class.name } else { class.family }, place)
}

/// The kinds of fact whose absence resolves a case: those it was opened on.
fn kinds_of(case: &Case) -> impl Iterator<Item = (FactKind, Claim)> + '_ {
    // A flap is over when the link stays up.
    let kind = |kind: FactKind| if kind == FactKind::LinkFlap { FactKind::LinkDown } else { kind };
    let claim = |presence: &Presence| Claim { value: presence.evidence.value, shown_ns: case.shown_ns() };
    case.facts.iter().map(move |(&k, presence)| (kind(k), claim(presence)))
}

fn is_clear(case: &Case, clear: &BTreeSet<(FactKind, Place)>) -> bool {
    let mut kinds = kinds_of(case).peekable();
    kinds.peek().is_some() && kinds.all(|(kind, _)| clear.contains(&(kind, case.place)))
}

/// Facts as they are written down.
pub fn facts(features: &Features, present: &[(FactKind, Place, Presence)]) -> Vec<Fact> {
    let fact = |(kind, place, presence): &(FactKind, Place, Presence)| Fact {
        ts_ns: features.now_ns,
        kind: kind.name(),
        at: render::at(features, *place, presence.port),
        since_ns: presence.since_ns,
        strength: presence.strength,
        evidence: presence.evidence.clone(),
    };
    present.iter().map(fact).collect()
}

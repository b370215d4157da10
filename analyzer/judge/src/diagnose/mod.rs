//! Diagnosis: facts of a tick ─► cases ─► incidents. One cause, one incident.
//!
//! ```text
//! facts ─► quiet (what somebody works at) ─► wholes (a device explains its links) ─► attribute (a failing link explains late hosts) ─► outliers
//!       ─► reasons (a GPU that throttles is why its host is late)
//!       ─► alike (hosts not to be told apart) ─► cases (state machine) ─► candidates (what is left open) ─► loss
//!       ─► severity ─► incidents, and what is open for the detectors of the next tick
//! ```
//! No step names a kind of fact: all that they ask of one stands in its file in `kinds/`.

mod alike;
mod attribute;
mod candidates;
mod case;
mod cases;
mod loss;
mod outliers;
mod quiet;
mod reasons;
mod render;
mod restored;
mod sentence;
mod severity;
#[cfg(test)]
mod tests;
mod unexplained;
mod wholes;

pub use render::WriteQuery;

use crate::detect::{Open, Said};
use crate::fabric::{Part, Topology};
use crate::features::Features;
use crate::guard::guarded;
use crate::incident::{Incident, State};
use crate::kinds::{Absence, Fact, FactKind};
use case::{Case, Update};
use cases::{Cases, Key};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Troubles that begin within this time of each other may have one cause: readings of one second reach the judge a second
/// or two apart, and what one cause breaks breaks within another.
const TOGETHER_NS: i64 = 3_000_000_000;
/// A trouble that has ended is remembered for this long: the progress of jobs is kept for as many ticks of one second.
const REMEMBER_NS: i64 = 180_000_000_000;
/// Open incidents are told again with their losses brought up to date every so many ticks.
const REFRESH_TICKS: i64 = 2;

/// All that diagnosis remembers from tick to tick.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Diagnosis {
    cases: Cases,
    /// What has ended of late: its victims recover for a while, and one that turns out not to be over goes on.
    ended: Vec<Case>,
}

impl Diagnosis {
    /// What detectors are handed: what is open, frozen.
    pub fn open(&self) -> Open {
        cases::open(&self.cases, &self.ended)
    }

    /// Takes in what was said of one tick; incidents that are new or changed by it.
    pub fn step(&mut self, features: &Features, open: &Open, said: Said, write: WriteQuery) -> Vec<Incident> {
        let Said { facts: mut all, absences } = said;
        let quiet = quiet::hush(features, &self.cases, &mut all);
        let mut absorbed = wholes::absorbed(&self.cases, &all);
        absorbed.extend(quiet.over);
        let mut facts = all.clone();
        wholes::leave_out_parts(&features.topology, &self.cases, &mut facts);
        attribute::leave_out_victims(features, open, &self.cases, &self.ended, &quiet.facts, &mut facts);
        absorbed.extend(unexplained::leave_out_explained(&self.cases, &self.ended, &mut facts));
        outliers::keep(&features.topology, &mut facts);
        absorbed.extend(reasons::settle(&features.topology, &self.cases, &mut facts));
        let alike = alike::fold(&self.cases, &mut facts);
        let updates = self.updates(features, &all, facts, alike);
        let changed = self.advance(updates, &absences, absorbed, features.now_ns);
        candidates::settle(&mut self.cases);
        loss::measure(features, open, &mut self.cases);
        self.cases.iter_mut().for_each(|(_, case)| severity::raise(features, case));
        let incidents = self.report(features, &changed, write);
        self.forget(features.now_ns);
        incidents
    }

    /// Every case takes its tick: what was said of it, what was said to be absent, and why it may be over. Those whose state
    /// or class changed.
    fn advance(
        &mut self,
        mut updates: BTreeMap<Key, Update>,
        absences: &[Absence],
        mut absorbed: BTreeMap<Key, String>,
        now_ns: i64,
    ) -> BTreeSet<Key> {
        let absent: BTreeSet<(FactKind, &Part)> =
            absences.iter().map(|absence| (absence.kind, &absence.part)).collect();
        let over = absences.iter().filter_map(|absence| Some((&absence.part, absence.over.as_ref()?)));
        let over: BTreeMap<&Part, &String> = over.collect();
        let mut changed = BTreeSet::new();
        for (key, case) in self.cases.iter_mut() {
            let mut update = updates.remove(key).unwrap_or_default();
            let is_absent = |kind: FactKind| absent.contains(&(kind, &case.part));
            update.is_absent = !case.facts.is_empty() && case.lives_on().all(is_absent);
            let somebodys_doing = over.get(&case.part).filter(|_| update.is_absent).map(|reason| (*reason).clone());
            update.over = absorbed.remove(key).or(somebodys_doing);
            if case.step(update, now_ns) {
                changed.insert(key.clone());
            }
        }
        changed
    }

    /// What is left of the facts, by the case that each belongs to; cases begin with their first fact.
    fn updates(
        &mut self,
        features: &Features,
        all: &[Fact],
        facts: Vec<Fact>,
        mut alike: BTreeMap<Part, Vec<Part>>,
    ) -> BTreeMap<Key, Update> {
        let fresh = wholes::Fresh::new(all);
        let mut updates: BTreeMap<Key, Update> = BTreeMap::new();
        for fact in facts {
            if !self.cases.begin(&fact, &mut self.ended, features.tick_ns) {
                continue;
            }
            let update = updates.entry(Key::of(&fact)).or_default();
            update.is_held |= fresh.may_be_the_device(&features.topology, &fact, features.now_ns);
            if fact.payload.is_like(&fact.payload) {
                update.alike = Some(alike.remove(&fact.part).unwrap_or_default());
            }
            update.facts.push(fact);
        }
        updates
    }

    /// Changed incidents, and every few ticks the open ones with their loss brought up to date.
    fn report(&self, features: &Features, changed: &BTreeSet<Key>, write: WriteQuery) -> Vec<Incident> {
        let refresh = features.tick % REFRESH_TICKS == 0;
        let is_news = |case: &&Case| changed.contains(&case.key()) || (refresh && case.state == State::Open);
        let told = self.cases.iter().filter(|case| !case.transitions.is_empty()).filter(is_news);
        let told = told.filter(|case| case.state != State::Resolved || case.opened_ns.is_some());
        told.map(|case| render::incident(features, case, write)).collect()
    }

    fn forget(&mut self, now_ns: i64) {
        let resolved = self.cases.take_resolved();
        self.ended.extend(resolved.into_iter().filter(|case| case.opened_ns.is_some()));
        self.ended.retain(|past| past.over_ns() > now_ns - REMEMBER_NS);
    }

    /// Forgets all cases: what they rest on is gone. The open ones are told as resolved, with the reason.
    pub fn abandon(&mut self, features: &Features, reason: &str, write: WriteQuery) -> Vec<Incident> {
        let cases: Vec<Case> = std::mem::take(self).cases.into();
        let open = cases.into_iter().filter(|case| case.state == State::Open).collect();
        told_as_over(features, open, reason, write)
    }

    /// Goes on in another fabric: incidents about parts that it does not have are over, told as in the fabric of before.
    pub fn move_to(&mut self, before: &Features, now: &Topology, write: WriteQuery) -> Vec<Incident> {
        let (known, gone) = std::mem::take(self).moved_to(now);
        *self = known;
        told_as_over(before, gone, "plan and neighbours have this part otherwise now", write)
    }

    /// The incidents that these facts would open or rename now; nothing is remembered.
    pub fn preview(&self, features: &Features, said: Said, write: WriteQuery) -> Vec<Incident> {
        let mut facts = said.facts;
        quiet::hush(features, &self.cases, &mut facts);
        wholes::leave_out_parts(&features.topology, &self.cases, &mut facts);
        let mut updates: BTreeMap<Key, Vec<Fact>> = BTreeMap::new();
        facts.into_iter().for_each(|fact| updates.entry(Key::of(&fact)).or_default().push(fact));
        updates.into_iter().filter_map(|(key, facts)| self.preview_of(features, &key, facts, write)).collect()
    }

    fn preview_of(&self, features: &Features, key: &Key, facts: Vec<Fact>, write: WriteQuery) -> Option<Incident> {
        let known = self.cases.get(key);
        let rank = facts.iter().map(|fact| fact.kind().class().rank).max()?;
        if known.is_some_and(|case| case.state == State::Open && case.class().rank >= rank) {
            return None;
        }
        let now_ns = facts.first()?.ts_ns;
        let mut case = known.cloned().unwrap_or_else(|| Case::new(&facts[0]));
        case.step(Update { facts, ..Update::default() }, now_ns);
        severity::raise(features, &mut case);
        (case.state == State::Open).then(|| render::incident(features, &case, write))
    }
}

fn told_as_over(features: &Features, open: Vec<Case>, reason: &str, write: WriteQuery) -> Vec<Incident> {
    // One that cannot be told must not keep the others from being told.
    let told = |mut case: Case| {
        guarded(|| {
            case.resolve(features.now_ns, reason.to_owned());
            render::incident(features, &case, write)
        })
    };
    open.into_iter().filter_map(|case| told(case).ok()).collect()
}

//! One incident over a restart.
//!
//! After a restart the minutes before it are read again. With a snapshot of the judge, the ticks since that snapshot are
//! judged a second time, and say under the same ids what the earlier run said. Without one all of these ticks are judged, and
//! the engine sees an old fault begin where they do: the same fault, under another onset and so another id. Here it gets its
//! old identity back. While the past is rebuilt nothing is told; an old incident that the rebuilt past does not show is
//! closed, with the reason, once the present has been seen for a while.

use std::collections::HashMap;
use weft_judge::incident::{Incident, State, Transition};

/// Ticks after the rebuilt past before an incident that did not come back is closed.
const PATIENCE_TICKS: i64 = 60;

#[derive(Debug)]
pub struct Continuity {
    /// Unresolved ones of the earlier run that the engine has not shown again.
    orphans: Vec<Incident>,
    /// Resolved ones, by id, so that a rebuilt past changes nothing.
    closed: HashMap<String, Incident>,
    /// The engine's id → the incident as it was.
    adopted: HashMap<String, Incident>,
    /// Last tick the earlier run had judged.
    judged: Option<i64>,
    /// The last tick of this run.
    newest: Option<i64>,
}

impl Continuity {
    pub fn new(incidents: Vec<Incident>, judged: Option<i64>) -> Continuity {
        let (closed, orphans): (Vec<_>, Vec<_>) = incidents.into_iter().partition(|i| i.state == State::Resolved);
        let closed = closed.into_iter().map(|i| (i.id.clone(), i)).collect();
        Continuity { orphans, closed, adopted: HashMap::new(), judged, newest: None }
    }

    /// Whether the earlier run had judged this tick.
    pub fn is_rebuilt(&self, tick: i64) -> bool {
        self.judged.is_some_and(|judged| tick <= judged)
    }

    /// The incident under the identity it had; `None` when there is nothing to tell.
    pub fn recognise(&mut self, incident: Incident, tick: i64) -> Option<Incident> {
        if let Some(at) = self.orphans.iter().position(|old| is_same(old, &incident)) {
            let old = self.orphans.swap_remove(at);
            self.adopted.insert(incident.id.clone(), old);
        }
        let is_rebuilt = self.is_rebuilt(tick);
        let known = match self.adopted.get(&incident.id) {
            Some(old) => joined(old, incident),
            None if is_rebuilt => return None,
            None => incident,
        };
        (!is_rebuilt && !self.closed.contains_key(&known.id)).then_some(known)
    }

    /// Old incidents that are over, as far as the present shows.
    pub fn forsaken(&mut self, tick: i64, now_ns: i64) -> Vec<Incident> {
        if self.newest.replace(tick).is_some_and(|newest| tick < newest) && self.is_rebuilt(tick) {
            self.judged = Some(tick); // the data's clock was set back: what comes is not the past
        }
        if self.judged.is_none_or(|judged| tick <= judged.saturating_add(PATIENCE_TICKS)) {
            return Vec::new();
        }
        self.closed.clear();
        let over = |mut old: Incident| {
            let reason = "The evidence has not come back since the analyzer was restarted.".to_owned();
            old.transitions.push(Transition { ts_ns: now_ns, state: State::Resolved, reason });
            (old.state, old.resolved_ns) = (State::Resolved, Some(now_ns));
            old
        };
        self.orphans.drain(..).map(over).collect()
    }
}

/// The same part in the same way.
fn is_same(old: &Incident, new: &Incident) -> bool {
    let part = |i: &Incident| {
        let first = i.culprits.first()?;
        let mut ends =
            [(first.device.clone(), first.port.clone()), (first.peer_device.clone(), first.peer_port.clone())];
        ends.sort();
        Some(ends)
    };
    old.id == new.id || (old.family == new.family && part(old).is_some() && part(old) == part(new))
}

/// The engine's present with the past it cannot know.
fn joined(old: &Incident, mut new: Incident) -> Incident {
    if old.id == new.id {
        return new;
    }
    new.id.clone_from(&old.id);
    new.onset_ns = new.onset_ns.min(old.onset_ns);
    new.opened_ns = old.opened_ns.or(new.opened_ns);
    new.severity = new.severity.max(old.severity);
    let last_ns = old.transitions.last().map_or(i64::MIN, |t| t.ts_ns);
    let later = new.transitions.into_iter().filter(|t| t.ts_ns > last_ns && t.state == State::Resolved);
    new.transitions = old.transitions.iter().cloned().chain(later).collect();
    new
}

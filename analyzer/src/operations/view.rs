//! Maintenance as readers see it: what was announced, and what events of traces and collectors tell beside it.

use super::announced::{Announced, AnnouncedPart};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use weft_judge::features::maintenance::{Maintenance, Span, Work};

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MaintenanceView {
    /// `planned`, `in_force` or `over`.
    pub state: String,
    /// Its source is `event` too: a row of a trace or of a collector.
    #[serde(flatten)]
    pub told: Announced,
}

/// What is in force first, then what is to come, then what is over, each by its beginning. `now_ns`: event time.
pub fn views(announced: Vec<Announced>, known: &Maintenance, now_ns: i64) -> Vec<MaintenanceView> {
    let ids: BTreeSet<String> = announced.iter().map(|told| told.id.clone()).collect();
    let by_events = known.works().filter(|work| !ids.contains(&work.id)).map(by_event);
    let mut all: Vec<MaintenanceView> = announced.into_iter().chain(by_events).map(|told| view(told, now_ns)).collect();
    let order = |view: &MaintenanceView| ["in_force", "planned", "over"].iter().position(|state| view.state == *state);
    all.sort_by(|a, b| (order(a), a.told.from_ns, &a.told.id).cmp(&(order(b), b.told.from_ns, &b.told.id)));
    all
}

fn by_event(work: &Work) -> Announced {
    let part =
        |span: &Span| AnnouncedPart { device: span.at.device.clone(), port: span.at.port.clone(), rack: String::new() };
    Announced {
        id: work.id.clone(),
        parts: work.spans.iter().map(part).collect(),
        from_ns: work.spans.iter().map(|span| span.from_ns).min().unwrap_or(0),
        until_ns: work.until_ns(),
        who: work.who.clone(),
        reason: work.reason.clone(),
        source: "event".into(),
    }
}

fn view(told: Announced, now_ns: i64) -> MaintenanceView {
    let state = match told.is_over(now_ns) {
        true => "over",
        false if told.from_ns > now_ns => "planned",
        false => "in_force",
    };
    MaintenanceView { state: state.to_owned(), told }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_force_stands_first() {
        let told = |id: &str, from_ns: i64, until_ns: Option<i64>| Announced {
            id: id.into(),
            from_ns,
            until_ns,
            ..Announced::default()
        };
        let all = vec![told("a", 1, Some(5)), told("b", 9, None), told("c", 2, Some(6)), told("d", 1, None)];
        let views = views(all, &Maintenance::default(), 5);
        let found: Vec<_> = views.iter().map(|view| (&*view.told.id, &*view.state)).collect();
        assert_eq!(found, [("d", "in_force"), ("c", "in_force"), ("b", "planned"), ("a", "over")]);
    }
}

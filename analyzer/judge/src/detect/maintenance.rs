//! Announced maintenance that is in force. Whether there is anything to tell of it diagnosis decides: work at which nothing is
//! seen is no incident (`diagnose/quiet.rs`).

use super::armed::{Row, Tally, View};
use super::{Detector, Shows, Sink, Spot, remembers_nothing};
use crate::fabric::{Place, PortRef};
use crate::features::Features;
use crate::features::maintenance::{Span, Work};
use crate::kinds::{FactKind, Maintenance};
use std::collections::BTreeSet;

pub const DETECTOR: Detector = Detector {
    name: "maintenance",
    reads: &[],
    detect,
    forget: remembers_nothing,
    armed: &[Row { detector: "maintenance", facts: &[FactKind::Maintenance], look: armed }],
};

fn detect(features: &Features, out: &mut Sink<'_>) {
    let mut in_force: BTreeSet<Place> = BTreeSet::new();
    for work in features.maintenance.works() {
        let Some(place) = features.topology.find_announced(&work.id).map(Place::Maintenance) else { continue };
        out.look_at(Spot::Place(place), work.spans.len());
        let spans: Vec<&Span> = work.spans.iter().filter(|span| span.is_in_force(features.now_ns)).collect();
        if let Some(from_ns) = spans.iter().map(|span| span.from_ns).min() {
            in_force.insert(place);
            let shows = Shows { since_ns: from_ns, strength: 1.0, ..Shows::default() };
            out.present(place, shows, told(work, &spans));
        }
    }
    let over: Vec<Place> = out.watched(FactKind::Maintenance).filter(|place| !in_force.contains(place)).collect();
    over.into_iter().for_each(|place| out.over(FactKind::Maintenance, place, "the announced work is over"));
}

fn told(work: &Work, spans: &[&Span]) -> Maintenance {
    let name = |PortRef { device, port }: &PortRef| {
        if port.is_empty() { device.clone() } else { format!("{device} {port}") }
    };
    Maintenance {
        id: work.id.clone(),
        parts: spans.iter().take(Maintenance::NAMED).map(|span| name(&span.at)).collect(),
        of: spans.len() as u32,
        until_ns: work.until_ns(),
        who: work.who.clone(),
        reason: work.reason.clone(),
        seen: Vec::new(),
    }
}

/// It needs no readings: of every port that is heard maintenance can be announced.
fn armed(view: &View<'_>, tally: &mut Tally) {
    view.each_port(tally, |_| None);
}

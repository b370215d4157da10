//! Link down and flap: carrier events, the link state, and the cumulative count of downs.
//!
//! Positive evidence only: a link that was never seen up is no fault. Classes 2 and `link_down` of the fault table; a
//! second down within six hours is a flap.

use super::{FactKind, Place, Presence, Sink, place_of};
use crate::fact::Evidence;
use crate::model::{FLAP_MEMORY_NS, Link, Model, PortId};

pub fn detect(model: &Model, out: &mut Sink<'_>) {
    for cable in &model.topology.cables {
        look(model, &[cable.a, cable.b], out);
    }
    for port in 0..model.ports.len() {
        if model.topology.ports[port].cable.is_none() {
            look(model, &[port], out);
        }
    }
}

/// One link, by the ends that are watched.
fn look(model: &Model, ends: &[PortId], out: &mut Sink<'_>) {
    let place = place_of(model, ends[0]);
    let down = ends.iter().copied().filter(|&p| went_down(model, p)).min_by_key(|&p| (down_since(model, p), p));
    if let Some(port) = down {
        let since_ns = down_since(model, port);
        out.present(FactKind::LinkDown, place, presence(port, since_ns, down_evidence()));
    } else if ends.iter().any(|&p| model.ports[p].link.up == Some(true)) {
        out.clear(FactKind::LinkDown, place);
    }
    flap(model, ends, place, out);
}

fn flap(model: &Model, ends: &[PortId], place: Place, out: &mut Sink<'_>) {
    let recent = |p: PortId| model.ports[p].link.downs.iter().filter(|&&t| t > model.now_ns - FLAP_MEMORY_NS).count();
    let Some(port) = ends.iter().copied().max_by_key(|&p| (recent(p), std::cmp::Reverse(p))) else { return };
    let last = model.ports[port].link.downs.back().copied();
    let Some(since_ns) = last.filter(|&t| recent(port) >= 2 && t >= model.now_ns - model.tick_ns) else { return };
    out.present(FactKind::LinkFlap, place, presence(port, since_ns, flap_evidence(recent(port))));
}

/// Down now after having been up, or down and up again within this tick.
fn went_down(model: &Model, port: PortId) -> bool {
    let link = &model.ports[port].link;
    match link.up {
        Some(false) => !link.downs.is_empty(),
        _ => link.downs.back().is_some_and(|&t| t >= model.now_ns - model.tick_ns),
    }
}

fn down_since(model: &Model, port: PortId) -> i64 {
    let Link { up, since_ns, downs, .. } = &model.ports[port].link;
    if *up == Some(false) { *since_ns } else { downs.back().copied().unwrap_or(*since_ns) }
}

fn presence(port: PortId, since_ns: i64, evidence: Evidence) -> Presence {
    Presence { since_ns, until_ns: None, port: Some(port), one_sided: false, strength: 1.0, evidence, job: None }
}

/// Of a link that is down, and was up.
pub fn down_evidence() -> Evidence {
    evidence("link_up", 0.0, "state")
}

/// Of a link that went down so many times in six hours.
pub fn flap_evidence(downs: usize) -> Evidence {
    evidence("link_down_events", downs as f64, "downs in 6 h")
}

fn evidence(counter: &str, value: f64, unit: &str) -> Evidence {
    Evidence { counter: counter.into(), value, unit: unit.into(), reference: 1.0, reference_of: "itself before".into() }
}

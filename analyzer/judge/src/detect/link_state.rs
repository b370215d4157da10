//! Link down and flap: carrier events, the link state, and the cumulative count of downs.
//!
//! Positive evidence only: a link that was never seen up is no fault. Classes 2 and `link_down` of the fault table; a
//! second down within six hours is a flap.
//!
//! What somebody does to an interface is an event and no fault, and ends what was open on it:
//!
//! | told of one end | of the other | the link |
//! |---|---|---|
//! | carrier lost, interface up | anything | down |
//! | set down | carrier lost | no fault: the far end's loss is explained |
//! | moved, renamed, removed | carrier lost | down: who moves a port does not mean to break its cable |
//! | moved, renamed | carrier, or nothing | no fault |
//! | removed, in the plan | carrier, or nothing | down: the plan wants it, and drivers that crash remove it |
//! | removed, in no plan | | no fault: a container ended |

use super::{FactKind, Place, Presence, Sink, Spot, place_of};
use crate::fabric::PortId;
use crate::features::{FLAP_MEMORY_NS, Features};
use crate::kinds::Evidence;
use weft_wire::PortChange;

pub fn detect(features: &Features, out: &mut Sink<'_>) {
    for cable in &features.topology.cables {
        look(features, &[cable.a, cable.b], out);
    }
    for port in 0..features.ports.len() {
        if features.topology.ports[port].cable.is_none() {
            look(features, &[port], out);
        }
    }
}

pub fn forget(features: &mut Features, spot: Option<Spot>) {
    Spot::ports(spot, features).into_iter().for_each(|port| features.ports[port].link = Default::default());
}

/// One link, by the ends that are watched.
fn look(features: &Features, ends: &[PortId], out: &mut Sink<'_>) {
    let place = place_of(features, ends[0]);
    out.look_at(Spot::Place(place), 1 + ends.iter().map(|&p| features.ports[p].link.downs.moments()).sum::<usize>());
    let set_down = ends.iter().any(|&p| features.ports[p].link.is_admin_down());
    let went_down = |p: &PortId| !set_down && went_down(features, *p);
    let down = ends.iter().copied().filter(went_down).min_by_key(|&p| (down_since(features, p), p));
    if let Some(port) = down {
        let since_ns = down_since(features, port);
        out.present(FactKind::LinkDown, place, presence(port, since_ns, down_evidence()));
    } else if ends.iter().any(|&p| features.ports[p].link.off.is_some()) {
        clear_all(ends, place, out);
    } else if ends.iter().any(|&p| features.ports[p].link.up == Some(true)) {
        out.clear(FactKind::LinkDown, place);
    }
    if !set_down {
        flap(features, ends, place, out);
    }
}

/// Nothing stays open on an interface that is no more, whatever it was opened on: no reading of it will come.
fn clear_all(ends: &[PortId], place: Place, out: &mut Sink<'_>) {
    let places = ends.iter().map(|&port| Place::Port(port)).chain([place]);
    for place in places {
        FactKind::ALL.into_iter().for_each(|kind| out.clear(kind, place));
    }
}

/// Why what was open at a place is over at once: what somebody did there. `None` where nobody did anything.
pub fn why_over(features: &Features, place: Place) -> Option<String> {
    let ends = match place {
        Place::Cable(cable) => [Some(features.topology.cables[cable].a), Some(features.topology.cables[cable].b)],
        Place::Port(port) => [Some(port), None],
        Place::Device(_) => [None, None],
    };
    let off = ends.into_iter().flatten().find_map(|port| features.ports[port].link.off.map(|off| (port, off)));
    off.map(|(port, off)| {
        let at = features.topology.name(port);
        format!("{} {} was {}", at.device, at.port, off.change.phrase())
    })
}

fn flap(features: &Features, ends: &[PortId], place: Place, out: &mut Sink<'_>) {
    let recent = |p: PortId| features.ports[p].link.downs_within(FLAP_MEMORY_NS, features.now_ns);
    let Some(port) = ends.iter().copied().max_by_key(|&p| (recent(p), std::cmp::Reverse(p))) else { return };
    let last = features.ports[port].link.downs.last_ns();
    let Some(since_ns) = last.filter(|&t| recent(port) >= 2 && t >= features.now_ns - features.tick_ns) else { return };
    out.present(FactKind::LinkFlap, place, presence(port, since_ns, flap_evidence(recent(port))));
}

/// Down now after having been up, or down and up again within this tick, or gone though the plan wants it.
fn went_down(features: &Features, port: PortId) -> bool {
    let link = &features.ports[port].link;
    match (link.up, link.off) {
        (_, Some(off)) => off.change == PortChange::Removed && off.was_up && is_planned(features, port),
        (Some(false), None) => link.is_down(features.now_ns),
        _ => link.downs.last_ns().is_some_and(|t| t >= features.now_ns - features.tick_ns),
    }
}

fn is_planned(features: &Features, port: PortId) -> bool {
    let port = &features.topology.ports[port];
    port.planned || port.cable.is_some()
}

fn down_since(features: &Features, port: PortId) -> i64 {
    let link = &features.ports[port].link;
    let is_now = link.up == Some(false) || link.off.is_some();
    link.downs.last_ns().filter(|_| !is_now).unwrap_or(link.since_ns)
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

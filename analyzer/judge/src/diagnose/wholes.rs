//! The trouble of a whole explains the same trouble of its parts: a switch that reboots is one incident, and not one a
//! link; a cable that dies takes the interfaces that share its port with it.
//!
//! ```text
//! leaf0 is down since 12:00:01 ──► its link swp3 is down since 12:00:02    explained
//!                                  its link swp9 is down since 11:20:00    a trouble of its own
//! ```

use super::TOGETHER_NS;
use super::cases::{Cases, Key};
use crate::fabric::{Part, Place, Topology};
use crate::incident::State;
use crate::kinds::Fact;
use std::collections::BTreeMap;

/// Links of a device with fewer cables than this are never the device's own trouble, see `detect/device_down.rs`.
const MIN_LINKS: usize = 3;

/// A trouble that other parts may be caught in.
struct Whole {
    part: Part,
    subject: &'static str,
    since_ns: i64,
}

/// Leaves out what a larger trouble explains, whether that is said in this tick or open already.
pub fn leave_out_parts(topology: &Topology, cases: &Cases, facts: &mut Vec<Fact>) {
    let wholes = wholes(cases, facts);
    facts.retain(|fact| !wholes.iter().any(|whole| explains(topology, whole, fact)));
}

fn wholes(cases: &Cases, facts: &[Fact]) -> Vec<Whole> {
    let said = facts.iter().filter(|fact| fact.kind().class().is_down).map(|fact| {
        let subject = fact.kind().class().subject;
        Whole { part: fact.part.clone(), subject, since_ns: fact.since_ns }
    });
    let live = cases.iter().filter(|case| case.state != State::Resolved && case.class().is_down);
    let open = live.map(|case| {
        let subject = case.class().subject;
        Whole { part: case.part.clone(), subject, since_ns: case.onset_ns }
    });
    let mut wholes: Vec<Whole> = said.chain(open).collect();
    // The earliest beginning known of a part explains most.
    wholes.sort_by(|a, b| (&a.part, a.since_ns).cmp(&(&b.part, b.since_ns)));
    wholes.dedup_by(|later, first| later.part == first.part && later.subject == first.subject);
    wholes
}

fn explains(topology: &Topology, whole: &Whole, fact: &Fact) -> bool {
    let class = fact.kind().class();
    if class.subject != whole.subject || fact.part == whole.part {
        return false;
    }
    match (&whole.part, &fact.part) {
        (Part::Device(device), part) => {
            part.devices().any(|d| d == device) && fact.since_ns >= whole.since_ns - TOGETHER_NS
        }
        (Part::Cable(a, b), Part::Port(port)) => {
            let shares_a_device = [a, b].iter().any(|end| end.device == port.device);
            shares_a_device && is_unplanned(topology, &fact.part) && together(whole.since_ns, fact.since_ns)
        }
        _ => false,
    }
}

/// The plan says what the ports of this device are, and this interface is none of them: it lives on one of them.
fn is_unplanned(topology: &Topology, part: &Part) -> bool {
    let Some(Place::Port(port)) = topology.place(part) else { return false };
    !topology.ports[port].planned
}

fn together(one_ns: i64, other_ns: i64) -> bool {
    (one_ns - other_ns).abs() <= TOGETHER_NS
}

/// Cases of parts that turn out to be caught in a larger trouble, each with the reason why it is told there from now on.
pub fn absorbed(cases: &Cases, facts: &[Fact]) -> BTreeMap<Key, String> {
    let mut absorbed = BTreeMap::new();
    for whole in facts.iter().filter(|fact| fact.kind().class().holds_its_parts) {
        let Part::Device(device) = &whole.part else { continue };
        let subject = whole.kind().class().subject;
        let is_caught = |key: &Key, onset_ns: i64| {
            key.subject == subject
                && key.part != whole.part
                && key.part.devices().any(|d| d == device)
                && onset_ns >= whole.since_ns - TOGETHER_NS
        };
        for case in cases.iter().filter(|case| is_caught(&case.key(), case.onset_ns)) {
            absorbed.insert(case.key(), format!("{device} is down as a whole, and is told as one incident"));
        }
    }
    absorbed
}

/// Whether a link's fact is so fresh, and so little alone at one of its devices, that the device itself may be going down.
/// A switch that loses its power takes its ports down one after the other; a pager must not hear of the first ones.
pub fn may_be_the_device(topology: &Topology, facts: &[Fact], fact: &Fact, now_ns: i64) -> bool {
    let class = fact.kind().class();
    if !class.is_down || !matches!(fact.part, Part::Cable(..)) || now_ns - fact.since_ns >= TOGETHER_NS {
        return false;
    }
    fact.part.devices().any(|device| {
        let is_sibling = |other: &&Fact| {
            other.part != fact.part
                && other.kind().class().is_down
                && matches!(other.part, Part::Cable(..))
                && other.part.devices().any(|d| d == device)
                && together(other.since_ns, fact.since_ns)
        };
        cables(topology, device) >= MIN_LINKS && facts.iter().any(|other| is_sibling(&other))
    })
}

fn cables(topology: &Topology, device: &str) -> usize {
    let Some(device) = topology.find_device(device) else { return 0 };
    topology.devices[device].ports.iter().filter(|&&port| topology.ports[port].cable.is_some()).count()
}

#[cfg(test)]
mod tests;

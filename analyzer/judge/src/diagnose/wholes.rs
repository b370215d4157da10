//! The trouble of a whole explains the same trouble of its parts: a switch that reboots is one incident, and not one a
//! link; a cable that dies takes the interfaces that share its port with it.
//!
//! ```text
//! leaf0 is down since 12:00:01 ──► its link swp3 is down since 12:00:02    explained
//!                                  its link swp9 is down since 11:20:00    a trouble of its own
//! ```

use super::TOGETHER_NS;
use super::cases::{Cases, Key};
use crate::fabric::{LEAST_LINKS, Part, Place, PortRef, Topology};
use crate::incident::State;
use crate::kinds::{Class, Fact};
use std::collections::BTreeMap;

/// What one trouble is about, and one of the devices that it is at.
type At = (&'static str, String);

/// The troubles that others may be caught in, said in this tick or open already.
#[derive(Default)]
struct Wholes {
    /// Since when a device is down as a whole.
    devices: BTreeMap<At, i64>,
    /// Since when cables of a device are down.
    cables: BTreeMap<At, Vec<i64>>,
    /// Since when a GPU is lost, by its own name: its links are lost with it.
    gpus: BTreeMap<(&'static str, PortRef), i64>,
}

impl Wholes {
    fn new(cases: &Cases, facts: &[Fact]) -> Wholes {
        let mut wholes = Wholes::default();
        for fact in facts {
            wholes.add(fact.kind().class(), &fact.part, fact.since_ns);
        }
        for case in cases.iter().filter(|case| case.state != State::Resolved) {
            wholes.add(case.class(), &case.part, case.onset_ns);
        }
        wholes
    }

    fn add(&mut self, class: &Class, part: &Part, since_ns: i64) {
        let at = |device: &str| (class.subject, device.to_owned());
        match part {
            Part::Device(device) if class.holds_its_parts => {
                let since = self.devices.entry(at(device)).or_insert(since_ns);
                *since = since_ns.min(*since);
            }
            Part::Port(port) if class.holds_its_parts => {
                let since = self.gpus.entry((class.subject, port.clone())).or_insert(since_ns);
                *since = since_ns.min(*since);
            }
            Part::Cable(..) if class.is_down => {
                part.devices().for_each(|device| self.cables.entry(at(device)).or_default().push(since_ns));
            }
            _ => {}
        }
    }

    fn explain(&self, topology: &Topology, fact: &Fact) -> bool {
        let subject = fact.kind().class().subject;
        let at = |device: &str| (subject, device.to_owned());
        let is_part_of = |device: &str| {
            let since = self.devices.get(&at(device));
            !matches!(fact.part, Part::Device(_)) && since.is_some_and(|since| fact.since_ns >= since - TOGETHER_NS)
        };
        let lives_on_a_cable_of = |device: &str| {
            let mut downs = self.cables.get(&at(device)).into_iter().flatten();
            is_unplanned(topology, &fact.part) && downs.any(|&since_ns| together(since_ns, fact.since_ns))
        };
        let is_of_a_lost_gpu = || {
            let Part::Port(PortRef { device, port }) = &fact.part else { return false };
            let gpu = port.split_once('/').map(|(gpu, _)| (subject, PortRef::new(device, gpu)));
            gpu.and_then(|gpu| self.gpus.get(&gpu)).is_some_and(|since| fact.since_ns >= since - TOGETHER_NS)
        };
        is_of_a_lost_gpu() || fact.part.devices().any(|device| is_part_of(device) || lives_on_a_cable_of(device))
    }
}

/// Leaves out what a larger trouble explains.
pub fn leave_out_parts(topology: &Topology, cases: &Cases, facts: &mut Vec<Fact>) {
    let wholes = Wholes::new(cases, facts);
    facts.retain(|fact| !wholes.explain(topology, fact));
}

/// A port without a cable, on a device whose ports the plan knows, and none of these: the interface lives on one of them.
fn is_unplanned(topology: &Topology, part: &Part) -> bool {
    let Some(Place::Port(port)) = topology.place(part) else { return false };
    matches!(part, Part::Port(_)) && !topology.ports[port].planned
}

fn together(one_ns: i64, other_ns: i64) -> bool {
    (one_ns - other_ns).abs() <= TOGETHER_NS
}

/// Cases of parts that turn out to be caught in a larger trouble, each with the reason why it is told there from now on.
pub fn absorbed(cases: &Cases, facts: &[Fact]) -> BTreeMap<Key, String> {
    let whole = |fact: &Fact| match &fact.part {
        Part::Device(device) if fact.kind().class().holds_its_parts => {
            Some(((fact.kind().class().subject, device.clone()), fact.since_ns))
        }
        _ => None,
    };
    let wholes: BTreeMap<At, i64> = facts.iter().filter_map(whole).collect();
    if wholes.is_empty() {
        return BTreeMap::new();
    }
    let caught = cases.iter().filter(|case| !matches!(case.part, Part::Device(_))).filter_map(|case| {
        let is_in = |device: &&str| {
            let since = wholes.get(&(case.class().subject, (*device).to_owned()));
            since.is_some_and(|since| case.onset_ns >= since - TOGETHER_NS)
        };
        let device = case.part.devices().find(is_in)?;
        Some((case.key(), format!("{device} is down as a whole, and is told as one incident")))
    });
    caught.collect()
}

/// Links that went down, by the devices at their ends: where several went at one moment, the device may be going down. A
/// switch that loses its power takes its ports down one after the other, and a pager must not hear of the first ones.
pub struct Fresh {
    by_device: BTreeMap<String, Vec<i64>>,
}

impl Fresh {
    pub fn new(facts: &[Fact]) -> Fresh {
        let mut by_device: BTreeMap<String, Vec<i64>> = BTreeMap::new();
        for fact in facts.iter().filter(|fact| is_a_link_down(fact)) {
            for device in fact.part.devices() {
                by_device.entry(device.to_owned()).or_default().push(fact.since_ns);
            }
        }
        Fresh { by_device }
    }

    /// Whether the fact is that fresh, and not alone at one of its devices that has links enough.
    pub fn may_be_the_device(&self, topology: &Topology, fact: &Fact, now_ns: i64) -> bool {
        if !is_a_link_down(fact) || now_ns - fact.since_ns >= TOGETHER_NS {
            return false;
        }
        let with_it = |device: &str| {
            let downs = self.by_device.get(device).into_iter().flatten();
            downs.filter(|&&since_ns| together(since_ns, fact.since_ns)).count()
        };
        fact.part.devices().any(|device| with_it(device) > 1 && cables(topology, device) >= LEAST_LINKS)
    }
}

fn is_a_link_down(fact: &Fact) -> bool {
    fact.kind().class().is_down && matches!(fact.part, Part::Cable(..))
}

fn cables(topology: &Topology, device: &str) -> usize {
    let Some(device) = topology.find_device(device) else { return 0 };
    topology.devices[device].ports.iter().filter(|&&port| topology.ports[port].cable.is_some()).count()
}

#[cfg(test)]
mod tests;

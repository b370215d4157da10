//! What the evidence leaves open: parts that would show the same as the one accused.
//!
//! Evidence that cannot tell parts apart gives each an equal share of the verdict's confidence. A fact that says how
//! likely each part is (a switch that loses packets, and its cables) gives each its own share, and takes none from the
//! part that is accused.

use super::TOGETHER_NS;
use super::case::{Candidate, Case};
use super::cases::{Cases, Key};
use crate::fabric::Part;
use crate::incident::State;
use std::collections::BTreeMap;

/// One row a way in which evidence can be ambiguous.
const RULES: [fn(&Around, &Case) -> Vec<Candidate>; 4] = [late_alike, silent_device, shared_device, suspects];

/// What a case is seen against.
#[derive(Default)]
struct Around {
    /// Open troubles of devices that say something of links there: when they began, and what they say.
    beside_links: BTreeMap<String, Vec<(i64, &'static str)>>,
    /// When the open troubles of a class began at the cables of a device.
    onsets: BTreeMap<(&'static str, String), Vec<i64>>,
}

/// Settles anew what is left open, for every case that is not passing.
pub fn settle(cases: &mut Cases) {
    let mut around = Around::default();
    for case in cases.iter().filter(|case| case.state == State::Open) {
        if let Part::Device(device) = &case.part {
            let says = case.facts.values().filter_map(|fact| fact.payload.beside_links());
            let says = says.map(|says| (case.onset_ns, says));
            around.beside_links.entry(device.clone()).or_default().extend(says);
        }
        for device in ends(case) {
            around.onsets.entry((case.class().name, device.to_owned())).or_default().push(case.onset_ns);
        }
    }
    let live = cases.iter().filter(|case| case.state != State::Resolved && case.clear_since_ns.is_none());
    let left: Vec<(Key, Vec<Candidate>)> = live.map(|case| (case.key(), left_open(&around, case))).collect();
    cases.set_candidates(left);
}

fn left_open(around: &Around, case: &Case) -> Vec<Candidate> {
    let mut candidates: Vec<Candidate> = Vec::new();
    for candidate in RULES.iter().flat_map(|rule| rule(around, case)) {
        if candidate.part != case.part && candidates.iter().all(|known| known.part != candidate.part) {
            candidates.push(candidate);
        }
    }
    candidates
}

/// Bytes alone cannot tell the host that is late from one that waits for it; its marks and its own stalls can.
fn late_alike(_: &Around, case: &Case) -> Vec<Candidate> {
    let is_told_apart = case.facts.keys().any(|kind| kind.class().tells_hosts_apart);
    let alike = case.alike.iter().filter(|_| !is_told_apart);
    alike
        .map(|part| Candidate {
            part: part.clone(),
            reason: "began to be late with it, by as much".into(),
            share: None,
        })
        .collect()
}

/// A link that goes down while the device at its end falls silent: that device may have died.
fn silent_device(around: &Around, case: &Case) -> Vec<Candidate> {
    let beside = |device: &str| {
        let said = around.beside_links.get(device)?;
        said.iter().find(|(onset_ns, _)| together(*onset_ns, case)).map(|(_, says)| *says)
    };
    let ends = ends(case).filter(|_| case.class().is_down);
    let candidate = |device: &str| {
        let reason = beside(device)?.to_owned();
        Some(Candidate { part: Part::Device(device.to_owned()), reason, share: None })
    };
    ends.filter_map(candidate).collect()
}

/// Several links of one device with the same trouble at one time: the device may have it, not each of them.
fn shared_device(around: &Around, case: &Case) -> Vec<Candidate> {
    let onsets = |device: &str| around.onsets.get(&(case.class().name, device.to_owned())).into_iter().flatten();
    let links = |device: &str| onsets(device).filter(|&&onset_ns| together(onset_ns, case)).count();
    let devices = ends(case).filter(|_| !case.class().is_of_cable);
    let shared = devices.map(|device| (device, links(device))).filter(|(_, links)| *links > 1);
    let reason = |links: usize| format!("{links} of its links show the same since the same time");
    shared
        .map(|(device, links)| Candidate { part: Part::Device(device.to_owned()), reason: reason(links), share: None })
        .collect()
}

/// Parts that the fact names as where the trouble may sit. Once said they stay, where later facts can no longer tell.
fn suspects(_: &Around, case: &Case) -> Vec<Candidate> {
    let reason = |share: f64| format!("holds what is lost with a probability of {:.0} %", share * 100.0);
    let said = case.facts.values().flat_map(|fact| {
        let alike = fact.payload.suspects_alike();
        fact.payload.suspects().iter().map(move |suspect| Candidate {
            part: suspect.part.clone(),
            reason: alike.map_or_else(|| reason(suspect.share), str::to_owned),
            share: Some(suspect.share).filter(|_| alike.is_none()),
        })
    });
    let said: Vec<Candidate> = said.collect();
    if said.is_empty() { case.candidates.iter().filter(|known| known.share.is_some()).cloned().collect() } else { said }
}

fn together(onset_ns: i64, case: &Case) -> bool {
    (onset_ns - case.onset_ns).abs() <= TOGETHER_NS
}

/// The devices at the ends of the case's cable.
fn ends(case: &Case) -> impl Iterator<Item = &str> {
    case.part.devices().filter(|_| matches!(case.part, Part::Cable(..)))
}

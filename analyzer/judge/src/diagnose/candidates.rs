//! What the evidence leaves open: parts that would show the same as the one accused.
//!
//! Evidence that cannot tell parts apart gives each an equal share of the verdict's confidence.

use super::case::Case;
use super::{Cases, TOGETHER_NS};
use crate::detect::{FactKind, Place};
use crate::fabric::DeviceId;
use crate::features::Features;
use crate::incident::State;
use std::collections::BTreeMap;

#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    pub place: Place,
    /// Why it is not ruled out.
    pub reason: String,
}

/// One row a way in which evidence can be ambiguous.
const RULES: [fn(&Around<'_>, &Case) -> Vec<Candidate>; 3] = [late_alike, silent_device, shared_device];

/// What a case is seen against.
struct Around<'a> {
    features: &'a Features,
    cases: &'a Cases,
    /// When the open troubles of a class began at the cables of a device.
    onsets: BTreeMap<(&'static str, DeviceId), Vec<i64>>,
}

/// Settles anew what is left open, for every case that is not passing.
pub fn settle(features: &Features, cases: &mut Cases) {
    let mut around = Around { features, cases, onsets: BTreeMap::new() };
    for case in cases.values().filter(|c| c.state == State::Open) {
        for device in ends(features, case) {
            around.onsets.entry((case.class.name, device)).or_default().push(case.onset_ns);
        }
    }
    let told = cases.iter().filter(|(_, c)| c.state != State::Resolved && c.clear_since_ns.is_none());
    let left: Vec<_> = told.map(|(key, case)| (*key, left_open(&around, case))).collect();
    for (key, candidates) in left {
        if let Some(case) = cases.get_mut(&key) {
            case.candidates = candidates;
        }
    }
}

fn left_open(around: &Around<'_>, case: &Case) -> Vec<Candidate> {
    let mut candidates: Vec<Candidate> = Vec::new();
    for candidate in RULES.iter().flat_map(|rule| rule(around, case)) {
        if candidate.place != case.place && candidates.iter().all(|c| c.place != candidate.place) {
            candidates.push(candidate);
        }
    }
    candidates
}

/// Bytes alone cannot tell the host that is late from one that waits for it; its marks and its own stalls can.
fn late_alike(_: &Around<'_>, case: &Case) -> Vec<Candidate> {
    let told_by_host = [FactKind::LongCompute, FactKind::HostStalls].iter().any(|kind| case.facts.contains_key(kind));
    let alike = case.alike.iter().filter(|_| !told_by_host);
    alike.map(|&place| Candidate { place, reason: "began to be late with it, by as much".into() }).collect()
}

/// A link that goes down while the device at its end falls silent: that device may have died.
fn silent_device(around: &Around<'_>, case: &Case) -> Vec<Candidate> {
    let went_down = case.facts.contains_key(&FactKind::LinkDown);
    let silent = |device: &DeviceId| {
        let dropout = around.cases.get(&("sensor_dropout", Place::Device(*device)));
        dropout.is_some_and(|c| c.state == State::Open && together(c.onset_ns, case))
    };
    let ends = ends(around.features, case).into_iter().filter(|d| went_down && silent(d));
    ends.map(|d| Candidate { place: Place::Device(d), reason: "fell silent when the link went down".into() }).collect()
}

/// Several links of one device with the same trouble at one time: the device may have it, not each of them.
fn shared_device(around: &Around<'_>, case: &Case) -> Vec<Candidate> {
    let onsets = |device: DeviceId| around.onsets.get(&(case.class.name, device)).into_iter().flatten();
    let links = |device: DeviceId| onsets(device).filter(|&&onset_ns| together(onset_ns, case)).count();
    let shared = ends(around.features, case).into_iter().map(|d| (d, links(d))).filter(|(_, n)| *n > 1);
    let reason = |n: usize| format!("{n} of its links show the same since the same time");
    shared.map(|(d, n)| Candidate { place: Place::Device(d), reason: reason(n) }).collect()
}

fn together(onset_ns: i64, case: &Case) -> bool {
    (onset_ns - case.onset_ns).abs() <= TOGETHER_NS
}

/// The devices at the ends of the case's cable.
fn ends(features: &Features, case: &Case) -> Vec<DeviceId> {
    match case.place {
        Place::Cable(_) => super::loss::devices(features, case.place),
        Place::Port(_) | Place::Device(_) => Vec::new(),
    }
}

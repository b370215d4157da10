//! Explaining away: what a known cause already accounts for is a victim, not a second culprit.

use super::{Cases, Key};
use crate::detect::{FactKind, Place, Presence};
use crate::incident::State;
use crate::model::Model;
use std::collections::{BTreeMap, BTreeSet};

type Told = (FactKind, Place, Presence);

/// Above this part of a job's devices late at once, the workload changed; nobody straggles.
const MANY: f64 = 0.1;
/// As long as a job's rate is measured: so long its stalls may still be told of a slowness that a link has caused.
const AFTERMATH_NS: i64 = 8_000_000_000;
/// Iterations after a link is well again whose onsets may still tell of it.
const AFTERMATH_ITERATIONS: i64 = 3;

pub fn explain_away(model: &Model, cases: &Cases, ended_ns: &BTreeMap<Key, i64>, present: &mut Vec<Told>) {
    // Bytes alone cannot tell late computing from late data while the job's own links are failing; marks can.
    let troubled = troubled_links(cases, ended_ns, present);
    present.retain(|(kind, _, presence)| {
        let aftermath_ns = match kind {
            FactKind::LateOnset => (presence.evidence.reference * 1e9) as i64 * AFTERMATH_ITERATIONS,
            FactKind::HostStalls => AFTERMATH_NS,
            _ => return true,
        };
        let Some(job) = presence.job else { return true };
        let recent = |over_ns: Option<i64>| over_ns.is_none_or(|t| model.now_ns < t + aftermath_ns);
        !troubled.iter().any(|(place, over_ns)| recent(*over_ns) && touches(model, *place, job))
    });
    keep_outliers(model, present);
}

/// Links in trouble, with the moment they were first seen well again.
fn troubled_links(cases: &Cases, ended_ns: &BTreeMap<Key, i64>, present: &[Told]) -> Vec<(Place, Option<i64>)> {
    const LINK: &str = "failing_link";
    let told: BTreeSet<Place> = present.iter().filter(|t| super::class_of(t.0).family == LINK).map(|t| t.1).collect();
    let active = cases.iter().filter(|(k, c)| k.0 == LINK && c.state != State::Resolved);
    let active = active.filter(|(k, _)| !told.contains(&k.1)).map(|(k, c)| (k.1, c.clear_since_ns));
    let ended = ended_ns.iter().filter(|(k, _)| k.0 == LINK).map(|(k, t)| (k.1, Some(*t)));
    active.chain(ended).chain(told.iter().map(|place| (*place, None))).collect()
}

/// Whether trouble at a place can delay a job: it runs on a device there, or the place is between switches.
fn touches(model: &Model, place: Place, job: usize) -> bool {
    let runs = |device: usize| model.topology.jobs[job].devices.binary_search(&device).is_ok();
    let is_switch = |device: usize| model.topology.devices[device].is_switch;
    match place {
        Place::Device(device) => runs(device) || is_switch(device),
        Place::Port(port) => runs(model.topology.ports[port].device) || is_switch(model.topology.ports[port].device),
        Place::Cable(cable) => {
            let ends = model.topology.cables[cable];
            let [a, b] = [ends.a, ends.b].map(|p| model.topology.ports[p].device);
            runs(a) || runs(b) || (is_switch(a) && is_switch(b))
        }
    }
}

/// Of the late devices of a job only those half as late as the latest are accused, and none when they are many.
fn keep_outliers(model: &Model, present: &mut Vec<Told>) {
    let late = |kind: FactKind| matches!(kind, FactKind::LateOnset | FactKind::LongCompute | FactKind::HostStalls);
    let mut worst: BTreeMap<(FactKind, usize), (f64, usize)> = BTreeMap::new();
    for (kind, _, presence) in present.iter().filter(|t| late(t.0)) {
        if let Some(job) = presence.job {
            let entry = worst.entry((*kind, job)).or_default();
            entry.0 = entry.0.max(presence.evidence.value);
        }
    }
    for (kind, _, presence) in present.iter().filter(|t| late(t.0)) {
        if let Some(entry) = presence.job.and_then(|job| worst.get_mut(&(*kind, job))) {
            entry.1 += usize::from(presence.evidence.value * 2.0 >= entry.0);
        }
    }
    present.retain(|(kind, _, presence)| {
        let Some((most, count)) = presence.job.and_then(|job| worst.get(&(*kind, job))) else { return true };
        let devices = presence.job.map_or(0, |job| model.topology.jobs[job].devices.len());
        presence.evidence.value * 2.0 >= *most && *count as f64 <= (devices as f64 * MANY).max(1.0)
    });
}

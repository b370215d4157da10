//! Explaining away: what a known cause already accounts for is a victim, not a second culprit.

use super::Key;
use super::case::Case;
use crate::detect::{FactKind, Place, Presence};
use crate::incident::State;
use crate::model::{BINS, Model};
use std::collections::BTreeMap;

type Told = (FactKind, Place, Presence);

/// Above this part of a job's devices late at once, the workload changed; nobody straggles.
const MANY: f64 = 0.1;

pub fn explain_away(
    model: &Model,
    cases: &BTreeMap<Key, Case>,
    ended_ns: &BTreeMap<Key, i64>,
    present: &mut Vec<Told>,
) {
    let window_ns = BINS as i64 * model.bin_ns;
    let link = |key: &Key| key.0 == "failing_link";
    let active = cases.iter().filter(|(k, c)| link(k) && c.state != State::Resolved).map(|(k, _)| k.1);
    let recent = ended_ns.iter().filter(|(k, t)| link(k) && **t > model.now_ns - window_ns).map(|(k, _)| k.1);
    let told = present.iter().filter(|t| super::class_of(t.0).family == "failing_link").map(|t| t.1);
    let links: Vec<Place> = active.chain(recent).chain(told).collect();
    // Bytes alone cannot tell late computing from late data while the job's own links are failing; marks can.
    present.retain(|(kind, _, presence)| {
        let through_job = (*kind == FactKind::LateOnset).then_some(presence.job).flatten();
        !through_job.is_some_and(|job| links.iter().any(|place| touches(model, *place, job)))
    });
    keep_outliers(model, present);
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
    let late = |kind: FactKind| matches!(kind, FactKind::LateOnset | FactKind::LongCompute);
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

//! Explaining away: what a known cause already accounts for is a victim, not a second culprit.

use super::{Cases, Key};
use crate::detect::{FactKind, Place, Presence};
use crate::features::{Features, SHORTLY_NS};
use crate::incident::State;
use std::collections::BTreeMap;

type Told = (FactKind, Place, Presence);

/// Above this part of a job's devices late at once, the workload changed; nobody straggles.
const MANY: f64 = 0.1;
/// Iterations after a link is well again whose onsets may still tell of it.
const AFTERMATH_ITERATIONS: i64 = 3;

pub fn explain_away(features: &Features, cases: &Cases, ended_ns: &BTreeMap<Key, i64>, present: &mut Vec<Told>) {
    let troubles = troubles(cases, ended_ns, present);
    present.retain(|(kind, _, presence)| {
        let explains: &dyn Fn(&Trouble) -> bool = match kind {
            FactKind::LateOnset => &|trouble| hides_onsets(features, trouble, presence),
            FactKind::HostStalls => &|trouble| slows_at_the_time(trouble, presence),
            _ => return true,
        };
        let Some(job) = presence.job else { return true };
        !troubles.iter().any(|trouble| explains(trouble) && touches(features, trouble.place, job))
    });
    keep_outliers(features, present);
}

/// A link in trouble, and the moment it was first seen well again.
struct Trouble {
    place: Place,
    since_ns: i64,
    over_ns: Option<i64>,
}

/// Bytes alone cannot tell late computing from late data while the job's own links are failing; marks can.
fn hides_onsets(features: &Features, trouble: &Trouble, late: &Presence) -> bool {
    let aftermath_ns = (late.evidence.reference * 1e9) as i64 * AFTERMATH_ITERATIONS;
    trouble.over_ns.is_none_or(|over_ns| features.now_ns < over_ns + aftermath_ns)
}

/// The job became slower when the host began to stall, or when the link began to fail. One that has failed for longer is
/// in what the job's speed is compared with.
fn slows_at_the_time(trouble: &Trouble, stall: &Presence) -> bool {
    trouble.since_ns > stall.since_ns - SHORTLY_NS && trouble.over_ns.is_none_or(|over_ns| over_ns > stall.since_ns)
}

fn troubles(cases: &Cases, ended_ns: &BTreeMap<Key, i64>, present: &[Told]) -> Vec<Trouble> {
    const LINK: &str = "failing_link";
    let told = present.iter().filter(|t| crate::kinds::class_of(t.0).family == LINK);
    let told: BTreeMap<Place, i64> = told.map(|t| (t.1, t.2.since_ns)).collect();
    let active = cases.iter().filter(|(k, c)| k.0 == LINK && c.state != State::Resolved);
    let active = active.map(|((_, place), c)| Trouble {
        place: *place,
        since_ns: c.onset_ns,
        over_ns: c.clear_since_ns.filter(|_| !told.contains_key(place)),
    });
    let ended = ended_ns.iter().filter(|(k, _)| k.0 == LINK);
    // When it began is forgotten: it explains what began before it ended.
    let ended = ended.map(|((_, place), t)| Trouble { place: *place, since_ns: *t, over_ns: Some(*t) });
    let new = told.iter().filter(|(place, _)| !cases.contains_key(&(LINK, **place)));
    let new = new.map(|(place, since_ns)| Trouble { place: *place, since_ns: *since_ns, over_ns: None });
    active.chain(ended).chain(new).collect()
}

/// Whether trouble at a place can delay a job: it runs on a device there, or the place is between switches.
fn touches(features: &Features, place: Place, job: usize) -> bool {
    let runs = |device: usize| features.topology.jobs[job].devices.binary_search(&device).is_ok();
    let is_switch = |device: usize| features.topology.devices[device].is_switch;
    match place {
        Place::Device(device) => runs(device) || is_switch(device),
        Place::Port(port) => {
            runs(features.topology.ports[port].device) || is_switch(features.topology.ports[port].device)
        }
        Place::Cable(cable) => {
            let ends = features.topology.cables[cable];
            let [a, b] = [ends.a, ends.b].map(|p| features.topology.ports[p].device);
            runs(a) || runs(b) || (is_switch(a) && is_switch(b))
        }
    }
}

/// Of the late devices of a job only those half as late as the latest are accused, and none when they are many.
fn keep_outliers(features: &Features, present: &mut Vec<Told>) {
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
        let devices = presence.job.map_or(0, |job| features.topology.jobs[job].devices.len());
        presence.evidence.value * 2.0 >= *most && *count as f64 <= (devices as f64 * MANY).max(1.0)
    });
}

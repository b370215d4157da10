//! Host straggler by bytes: one host of a job begins to send later than its peers, iteration after iteration, because it
//! computes for longer than they do.
//!
//! In every iteration of synchronous training the ports of a job are quiet while the hosts compute, and then all of them
//! send. A host that computes for longer is quiet for longer and begins to send later; its peers send their first data and
//! then wait for its own:
//!
//! ```text
//! peer       ▇▇▇▇______________▇▇·····▇▇▇▇▇▇▇______________▇▇·····▇▇▇     ▇ sends   _ quiet: it computes
//! straggler  ▇▇▇▇___________________▇▇▇▇▇▇▇___________________▇▇▇▇▇▇▇     · quiet: it waits for the straggler
//!                ├── compute ──┤                                          nearly all ports are quiet: the compute phase
//!                              ├onset┤                                    how much later the straggler begins to send
//!                ├── its own quiet ──┤                                    longer: by how much this exceeds the peers' quiet
//!
//! lateness of a port in one iteration  =  min(onset, longer),   both against the medians of its peers
//! ```
//! Both are needed. A port whose last transfer ended late, because its network is slow, begins late after a quiet of the
//! usual length: its onset is late and its quiet is not longer. A host that waits for another one begins on time and stands
//! still afterwards: its onset is not late. When a transfer ends says nothing, because a collective ends for all at once.
//!
//! A host that waits for bytes of others before it begins, as a parent in a tree does, begins late by what it is, and is neither judged
//! nor a peer (`features/pace/need.rs`).
//!
//! The search, job by job:
//!
//! 1. `features/bins.rs` keeps the bytes that each port sent in its last 240 bins. A bin is the time between two readings:
//!    at 10 Hz 100 ms, so that 240 bins are 24 s.
//! 2. `quiet.rs` finds the quiets of each port, their edges to a fraction of a bin, and the compute phases of the job. The
//!    median distance from one compute phase to the next is the length of an iteration.
//! 3. `lateness.rs` measures each port's lateness around each of the last 16 compute phases, and decides whether the port is
//!    late by habit: one late iteration is a hiccup, the more iterations are late the smaller the lateness may be.
//! 4. This file takes the latest port of each device for the device, and says so. Lateness of a single iteration is said
//!    only where the device's own stalls explain it (`stalls.rs`).
//!
//! Example: bins of 100 ms, iterations of 20 bins (2 s), and onsets that differ by 0.1 bins without any fault. Three
//! iterations in a row must be late by 8 % of the iteration, which is 1.6 bins. A host that begins 3 bins (300 ms) late in
//! three iterations is accused; one that begins 1.1 bins late is accused too, but only by the mean of five iterations, for
//! which 5 % of the iteration, 1 bin, is enough.

mod armed;
mod edges;
mod lateness;
mod quiet;

use super::{Detector, Shows, Sink, Spot, stalls, strength};
use crate::fabric::{DeviceId, Job, Place, PortId};
use crate::features::{BINS, Features, Grid};
use crate::kinds::{FactKind, LateOnset};
use lateness::{Late, Lateness};
use quiet::PortQuiet;
use std::cell::LazyCell;
use std::collections::BTreeMap;

/// Ports of a job, and of a role group within it, that are compared with each other at least. The median of three ports is
/// a sound port's value where one of the three is late; of two ports nobody can tell which one is odd.
pub(super) const MIN_PORTS: usize = 3;
/// Bins that must be new before a job is searched again: 1 s at 10 Hz, about the length of the shortest iterations, so that
/// a search after fewer bins would mostly see the same iterations once more. Searching each second at every rate was the
/// most costly part of a tick (journal of 2026-11-25, measured).
const NEW_BINS: i64 = 10;

pub const DETECTOR: Detector = Detector {
    name: "onset",
    reads: &[],
    detect,
    forget,
    armed: &[super::armed::Row {
        detector: "straggler by traffic",
        facts: &[FactKind::LateOnset],
        look: armed::look,
    }],
};

pub fn detect(features: &Features, out: &mut Sink<'_>) {
    for (job, plan) in features.topology.jobs.iter().enumerate() {
        let every = (NEW_BINS * features.bin_ns / features.tick_ns).max(1);
        let runs = plan.runs_at(features.now_ns);
        if !runs || !is_due(job, every, features.tick_before, features.tick) {
            continue;
        }
        out.look_at(Spot::Job(job), 1);
        // Iterations that are too long for the fine grid are looked for on the coarse one.
        let _found = [Grid::Fine, Grid::Coarse].into_iter().any(|grid| look(features, job, plan, grid, out));
    }
}

pub fn forget(features: &mut Features, spot: Option<Spot>) {
    for port in Spot::ports(spot, features) {
        features.ports[port].sent.iter_mut().for_each(|sent| sent.clear());
    }
}

/// Whether the job's turn came since the tick before. A job has one turn in each `every` ticks, and two jobs have theirs in
/// different ticks, so that the work is spread over the ticks. A turn that falls on a missing tick is taken at the next one.
fn is_due(job: usize, every: i64, before: i64, now: i64) -> bool {
    let turns = |tick: i64| tick.saturating_add(job as i64).div_euclid(every);
    turns(now) != turns(before)
}

/// Searches one job on one grid of bins; true when the job's iterations show there.
fn look(features: &Features, job: usize, plan: &Job, grid: Grid, out: &mut Sink<'_>) -> bool {
    let waiting = features.jobs[job].pace.waiting_hosts();
    let begins_by_itself = |port: &PortId| !waiting.contains(&features.topology.ports[*port].device);
    let ports = features.topology.job_ports(plan).filter(begins_by_itself);
    let ports: Vec<PortQuiet> = ports.filter_map(|port| PortQuiet::read(features, port, grid)).collect();
    if ports.len() < MIN_PORTS {
        return false;
    }
    out.spend(ports.len() * BINS);
    let phases = quiet::compute_phases(&ports);
    let Some(period) = quiet::period(&phases) else { return false };
    let groups = role_groups(features, plan, &ports);
    out.spend(ports.len() * phases.len() * lateness::LAST);
    let bins_per_s = 1e9 / grid.bin_ns(features.bin_ns) as f64;
    let late = lateness::judge(&ports, &groups, &phases, lateness::Scale::new(period, bins_per_s));
    say(features, job, &ports, &late, Scale { period, grid }, out);
    true
}

/// The role group of each port's device. Only hosts of one group do the same work and can be compared. `None` where a group
/// has too few ports to be compared within.
fn role_groups(features: &Features, plan: &Job, ports: &[PortQuiet]) -> Vec<Option<u32>> {
    const UNGROUPED: u32 = u32::MAX;
    let group = |port: &PortQuiet| {
        let device = features.topology.ports[port.port].device;
        plan.groups.get(&device).copied().unwrap_or(UNGROUPED)
    };
    let groups: Vec<u32> = ports.iter().map(group).collect();
    let mut sizes: BTreeMap<u32, usize> = BTreeMap::new();
    groups.iter().for_each(|g| *sizes.entry(*g).or_default() += 1);
    groups.into_iter().map(|g| (sizes[&g] >= MIN_PORTS).then_some(g)).collect()
}

/// The length of the job's iteration in bins, and the grid whose bins these are.
#[derive(Clone, Copy)]
struct Scale {
    period: f64,
    grid: Grid,
}

/// The verdict on each device of the job: a device is as late as its latest port.
fn say(features: &Features, job: usize, ports: &[PortQuiet], late: &[Lateness], scale: Scale, out: &mut Sink<'_>) {
    let plan = &features.topology.jobs[job];
    let mut devices: BTreeMap<DeviceId, (Lateness, PortId)> = BTreeMap::new();
    for (port, &late) in ports.iter().zip(late) {
        let worst = devices.entry(features.topology.ports[port.port].device).or_insert((late, port.port));
        if late.weight() > worst.0.weight() {
            *worst = (late, port.port);
        }
    }
    let bin_ns = scale.grid.bin_ns(features.bin_ns);
    let first_bin = features.now_ns.div_euclid(bin_ns) - BINS as i64;
    let bin_s = bin_ns as f64 / 1e9;
    // Computed only if some device was late once.
    let stalls = LazyCell::new(|| stalls::of(features, plan));
    for (device, (late, port)) in devices {
        let place = Place::Device(device);
        let Late { bins, threshold, since, until } = match late {
            Lateness::OnTime => {
                out.absent(FactKind::LateOnset, place);
                continue;
            }
            Lateness::Unsure => continue,
            Lateness::Once(late) if !stalls::explain(features, &stalls, device, late.bins * bin_s) => continue,
            Lateness::Once(late) | Lateness::Late(late) => late,
        };
        if bins * bin_s <= features.stamps_apart_s(port) {
            continue; // stamps alone can make it seem so late
        }
        let [since_ns, until_ns] = [since, until].map(|bin| (first_bin + bin as i64) * bin_ns);
        let until_ns = Some(until_ns.min(features.now_ns));
        let shows = Shows {
            since_ns,
            until_ns,
            port: Some(port),
            one_sided: true,
            strength: strength(bins, threshold),
            job: Some(job),
        };
        let [lateness_s, iteration_s] = [bins, scale.period].map(|bins| bins * bin_s);
        let resolution_s = features.bin_ns as f64 / 1e9;
        out.present(place, shows, LateOnset { lateness_s, iteration_s, resolution_s });
    }
}

#[cfg(test)]
mod tests {
    use super::is_due;

    #[test]
    fn every_job_has_its_turn_however_many_ticks_are_missing() {
        for job in 0..12 {
            let turns = (0..100).filter(|&tick| is_due(job, 10, tick - 1, tick));
            assert_eq!(turns.count(), 10);
            let with_gaps = (0..100).filter(|tick| tick % 7 == 0).filter(|&tick| is_due(job, 10, tick - 7, tick));
            assert!(with_gaps.count() >= 9, "a turn that falls on a missing tick is taken at the next");
        }
    }
}

//! Host straggler by bytes: one port begins to send late, iteration after iteration, after a quiet as much longer.
//!
//! ```text
//! peers      ████________█·····████        compute, first chunk, waiting, the rest
//! straggler  ████_____________█████        one longer quiet
//!                 ├── core ──┤             bins in which nearly all are quiet
//! ```
//! One late iteration is a hiccup, two are a habit; one is enough where the node's own stalls explain it.
//! Late onset *and* a longer quiet: a port that only finished late (its network was slow) starts late after a normal
//! quiet; a victim starts on time and stalls. Completion says nothing: a collective ends together.

mod habit;
mod quiet;

use super::{Detector, Shows, Sink, Spot, armed, stalls, strength};
use crate::fabric::{DeviceId, Job, Place, PortId};
use crate::features::{BINS, Features, Grid};
use crate::kinds::{FactKind, LateOnset};
use habit::{Late, Lateness};
use quiet::Row;
use std::cell::LazyCell;
use std::collections::BTreeMap;

pub(super) const MIN_PORTS: usize = 3;
/// A job is looked at again when so many bins have come: fewer show nothing new of iterations that are longer.
const NEW_BINS: i64 = 10;

pub const DETECTOR: Detector = Detector {
    name: "onset",
    reads: &[],
    detect,
    forget,
    armed: &[armed::Row {
        detector: "straggler by traffic",
        facts: &[FactKind::LateOnset],
        look: armed::late_onset::look,
    }],
};

pub fn detect(features: &Features, out: &mut Sink<'_>) {
    for (job, plan) in features.topology.jobs.iter().enumerate() {
        let every = (NEW_BINS * features.bin_ns / features.tick_ns).max(1);
        let runs = plan.start_ns <= features.now_ns && features.now_ns <= plan.end_ns;
        if !runs || !is_due(job, every, features.tick_before, features.tick) {
            continue;
        }
        out.look_at(Spot::Job(job), 1);
        // Iterations too long for the fine grid are looked for on the coarse one.
        let _found = [Grid::Fine, Grid::Coarse].into_iter().any(|grid| look(features, job, plan, grid, out));
    }
}

pub fn forget(features: &mut Features, spot: Option<Spot>) {
    for port in Spot::ports(spot, features) {
        features.ports[port].sent.iter_mut().for_each(|sent| sent.clear());
    }
}

/// Whether a job's turn came since the tick before, of which each `every` ticks hold one. Jobs take turns, not all at once.
fn is_due(job: usize, every: i64, before: i64, now: i64) -> bool {
    let turns = |tick: i64| tick.saturating_add(job as i64).div_euclid(every);
    turns(now) != turns(before)
}

/// True when the job's iterations show on this grid.
fn look(features: &Features, job: usize, plan: &Job, grid: Grid, out: &mut Sink<'_>) -> bool {
    let rows: Vec<Row> = features.topology.job_ports(plan).filter_map(|p| Row::read(features, p, grid)).collect();
    if rows.len() < MIN_PORTS {
        return false;
    }
    out.spend(rows.len() * BINS);
    let cores = quiet::cores(&rows);
    let Some(period) = quiet::period(&cores) else { return false };
    let peers = peers(features, plan, &rows);
    out.spend(rows.len() * cores.len() * habit::LAST);
    let second = 1e9 / grid.bin_ns(features.bin_ns) as f64;
    let late = habit::judge(&rows, &peers, &cores, habit::Scale::new(period, second));
    say(features, job, &rows, &late, Scale { period, grid }, out);
    true
}

/// The role group of each row. `None`: its group is too small to be compared within, and others do other work.
fn peers(features: &Features, plan: &Job, rows: &[Row]) -> Vec<Option<u32>> {
    const UNGROUPED: u32 = u32::MAX;
    let group = |row: &Row| plan.groups.get(&features.topology.ports[row.port].device).copied().unwrap_or(UNGROUPED);
    let groups: Vec<u32> = rows.iter().map(group).collect();
    let mut sizes: BTreeMap<u32, usize> = BTreeMap::new();
    groups.iter().for_each(|g| *sizes.entry(*g).or_default() += 1);
    groups.into_iter().map(|g| (sizes[&g] >= MIN_PORTS).then_some(g)).collect()
}

#[derive(Clone, Copy)]
struct Scale {
    period: f64,
    grid: Grid,
}

/// A device is as late as its latest port.
fn say(features: &Features, job: usize, rows: &[Row], late: &[Lateness], scale: Scale, out: &mut Sink<'_>) {
    let plan = &features.topology.jobs[job];
    let mut devices: BTreeMap<DeviceId, (Lateness, PortId)> = BTreeMap::new();
    for (row, &late) in rows.iter().zip(late) {
        let worst = devices.entry(features.topology.ports[row.port].device).or_insert((late, row.port));
        if late.weight() > worst.0.weight() {
            *worst = (late, row.port);
        }
    }
    let bin_ns = scale.grid.bin_ns(features.bin_ns);
    let first_bin = features.now_ns.div_euclid(bin_ns) - BINS as i64;
    let bin_s = bin_ns as f64 / 1e9;
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
            let seldom = (0..100).filter(|tick| tick % 7 == 0).filter(|&tick| is_due(job, 10, tick - 7, tick));
            assert!(seldom.count() >= 9, "a turn that falls on a missing tick is taken at the next");
        }
    }
}

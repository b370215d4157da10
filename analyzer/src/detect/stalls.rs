//! Host straggler by the host's own stalls: its tasks wait for CPU, memory or disk, or its GPUs idle, more than its peers'
//! and more than before; and since then its job is slower, by no more than that.
//!
//! Rows of 1 Hz are enough, where bytes tell onsets at 10 Hz only. A checkpoint stalls all nodes alike, or stops the job
//! for longer than a node's stalls explain.

use super::{FactKind, Place, Presence, Sink, strength};
use crate::fact::Evidence;
use crate::model::stalls::{PRESSURE, UTILIZATION};
use crate::model::{DeviceId, Job, Model};

/// Ticks whose mean is compared, and how many of them must have been told.
const RECENT: i64 = 6;
const TOLD: usize = 4;
const MIN_DEVICES: usize = 2;
/// Ticks from before, for more than its peers may be a node's habit.
const MIN_BEFORE: usize = 10;
/// Below this loss ordinary jitter dominates.
const MIN_LOST: f64 = 0.05;
const MIN_TICKS: i64 = 5;

pub fn detect(model: &Model, out: &mut Sink<'_>) {
    for (job, plan) in model.topology.jobs.iter().enumerate() {
        if plan.start_ns <= model.now_ns && model.now_ns <= plan.end_ns {
            look(model, job, plan, out);
        }
    }
}

fn look(model: &Model, job: usize, plan: &Job, out: &mut Sink<'_>) {
    let recent = |d: DeviceId| Some((d, model.devices[d].stalls()?.after(model.tick - RECENT, TOLD)));
    let told = plan.devices.iter().filter_map(|&d| recent(d));
    let shares: Vec<_> = told.filter(|(_, s)| s.iter().any(|v| !v.is_nan())).collect();
    if shares.len() < MIN_DEVICES {
        return;
    }
    let usual: [f64; PRESSURE.len() + 1] =
        std::array::from_fn(|kind| lower_median(shares.iter().map(|(_, s)| s[kind]).filter(|v| !v.is_nan()).collect()));
    for (device, shares) in shares {
        let excess = shares.iter().zip(usual).map(|(share, usual)| share - usual).enumerate();
        let most = excess.filter(|(_, e)| !e.is_nan()).max_by(|a, b| a.1.total_cmp(&b.1));
        let stall = most.map(|(kind, excess)| Stall { kind, excess, usual: usual[kind] });
        let place = Place::Device(device);
        let watched = out.watches(FactKind::HostStalls, place);
        match stall.filter(|s| s.excess >= MIN_LOST) {
            Some(_) if watched && is_over(model, job) => out.clear(FactKind::HostStalls, place),
            Some(stall) => {
                if let Some((since_ns, lost)) = judge(model, job, device, stall, watched) {
                    say(job, place, stall, since_ns, lost, out);
                }
            }
            None => out.clear(FactKind::HostStalls, place),
        }
    }
}

/// Of two nodes, the one that stalls less.
fn lower_median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len().saturating_sub(1) / 2).copied().unwrap_or(f64::NAN)
}

/// What a node stands still beyond its peers, by the kind that shows it most.
#[derive(Clone, Copy, Debug)]
struct Stall {
    kind: usize,
    excess: f64,
    usual: f64,
}

/// Since when it stalls, and what its job has lost from there on, if the one can be the cause of the other. Once that is
/// said it holds while the node stalls: what came before it is forgotten in time.
fn judge(model: &Model, job: usize, device: DeviceId, stall: Stall, watched: bool) -> Option<(i64, f64)> {
    let (since, before) = model.devices[device].stalls()?.since(stall.kind, stall.usual + stall.excess / 2.0)?;
    let (since_ns, ticks) = (since * model.tick_ns, model.tick - since + 1);
    if watched {
        return Some((since_ns, stall.excess));
    }
    let lost = model.jobs[job].slowed(since_ns, model.now_ns)?;
    let is_cause = (MIN_LOST..=stall.excess).contains(&lost);
    (is_cause && before >= MIN_BEFORE && ticks >= MIN_TICKS).then_some((since_ns, lost))
}

/// The job runs as before: whatever stalls there costs it nothing.
fn is_over(model: &Model, job: usize) -> bool {
    let recent_ns = model.now_ns - MIN_TICKS * model.tick_ns;
    model.jobs[job].lost(recent_ns, model.now_ns).is_some_and(|lost| lost < MIN_LOST / 2.0)
}

fn say(job: usize, place: Place, stall: Stall, since_ns: i64, lost: f64, out: &mut Sink<'_>) {
    let (counter, unit, value, reference) = match PRESSURE.get(stall.kind) {
        Some(counter) => (*counter, "of the time stood still", stall.usual + stall.excess, stall.usual),
        None => (UTILIZATION, "%", 100.0 * (1.0 - stall.usual - stall.excess), 100.0 * (1.0 - stall.usual)),
    };
    let evidence =
        Evidence { counter: counter.into(), value, unit: unit.into(), reference, reference_of: "peers".into() };
    let strength = strength(lost, MIN_LOST);
    let presence =
        Presence { since_ns, until_ns: None, port: None, one_sided: true, strength, evidence, job: Some(job) };
    out.present(FactKind::HostStalls, place, presence);
}

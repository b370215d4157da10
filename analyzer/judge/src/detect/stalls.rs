//! Host straggler by the host's own stalls: its tasks wait for CPU, memory or disk, or its GPUs idle, more than its peers'
//! and more than before; and since then its job is slower, by no more than that.
//!
//! Rows of 1 Hz are enough, where bytes tell onsets at 10 Hz only. A checkpoint stalls all nodes alike, or stops the job
//! for longer than a node's stalls explain.

use super::{Detector, Shows, Sink, Spot, armed, strength};
use crate::fabric::{DeviceId, Job, Place};
use crate::features::stalls::{PRESSURE, UTILIZATION};
use crate::features::{Disturbed, Features};
use crate::kinds::{FactKind, HostStalls, Stalled};
use crate::statistics::lower_median;

/// Ticks whose mean is compared, and how many of them must have been told.
pub(super) const RECENT: i64 = 6;
const TOLD: usize = 4;
pub(super) const MIN_DEVICES: usize = 2;
/// Ticks from before, for more than its peers may be a node's habit.
const MIN_BEFORE: usize = 10;
/// Below this loss ordinary jitter dominates.
const MIN_LOST: f64 = 0.05;
const MIN_TICKS: i64 = 5;
/// Beside another witness.
const BEGUN_TICKS: i64 = 3;
/// Readings of a node, and of its job's progress, that are looked at.
const READINGS: usize = 512;

pub const DETECTOR: Detector = Detector {
    name: "stalls",
    reads: &[],
    detect,
    forget,
    armed: &[armed::Row { detector: "straggler by stalls", facts: &[FactKind::HostStalls], look: armed::stalls::look }],
};

pub fn detect(features: &Features, out: &mut Sink<'_>) {
    for (job, plan) in features.topology.jobs.iter().enumerate() {
        if plan.start_ns <= features.now_ns && features.now_ns <= plan.end_ns {
            out.look_at(Spot::Job(job), plan.devices.len() * READINGS);
            look(features, job, plan, out);
        }
    }
}

pub fn forget(features: &mut Features, spot: Option<Spot>) {
    Spot::devices(spot, features).into_iter().for_each(|device| features.devices[device].forget_stalls());
}

/// What each of a job's nodes stands still beyond its peers, of late, in order of device; `None` where nothing of a node is
/// told.
pub fn of(features: &Features, plan: &Job) -> Vec<(DeviceId, Option<Stall>)> {
    let recent = |d: DeviceId| Some((d, features.devices[d].stalls()?.after(features.tick - RECENT, TOLD)));
    let told = plan.devices.iter().filter_map(|&d| recent(d));
    let shares: Vec<_> = told.filter(|(_, s)| s.iter().any(|v| !v.is_nan())).collect();
    if shares.len() < MIN_DEVICES {
        return Vec::new();
    }
    let told = |kind: usize| shares.iter().map(move |(_, s)| s[kind]).filter(|v| !v.is_nan());
    // Of two nodes, the one that stalls less is the usual one.
    let usual: [f64; PRESSURE.len() + 1] =
        std::array::from_fn(|kind| lower_median(&mut told(kind).collect::<Vec<_>>()));
    let most = |shares: [f64; PRESSURE.len() + 1]| {
        let excess = shares.iter().zip(usual).map(|(share, usual)| share - usual).enumerate();
        let (kind, excess) = excess.filter(|(_, e)| !e.is_nan()).max_by(|a, b| a.1.total_cmp(&b.1))?;
        Some(Stall { kind, excess, usual: usual[kind] })
    };
    shares.into_iter().map(|(device, shares)| (device, most(shares))).collect()
}

/// A node that has begun to stall, and of late stood still for at least half of the time by which it was late.
/// `stalls`: those of its job.
pub fn explain(features: &Features, stalls: &[(DeviceId, Option<Stall>)], device: DeviceId, late_s: f64) -> bool {
    let own = stalls.binary_search_by_key(&device, |(d, _)| *d).ok().and_then(|at| stalls[at].1);
    let stood_s = |stall: &Stall| stall.excess * (RECENT * features.tick_ns) as f64 / 1e9;
    let Some(stall) = own.filter(|s| s.excess >= MIN_LOST && stood_s(s) >= late_s / 2.0) else { return false };
    stall
        .since(features, device)
        .is_some_and(|(since, before)| before >= MIN_BEFORE && features.tick - since + 1 >= BEGUN_TICKS)
}

fn look(features: &Features, job: usize, plan: &Job, out: &mut Sink<'_>) {
    for (device, stall) in of(features, plan) {
        let place = Place::Device(device);
        let watched = out.watches(FactKind::HostStalls, place);
        match stall.filter(|s| s.excess >= MIN_LOST) {
            Some(_) if watched && is_over(features, job, out.disturbed(job)) => out.absent(FactKind::HostStalls, place),
            Some(stall) => {
                if let Some((since_ns, lost)) = judge(features, job, device, stall, watched, out.disturbed(job)) {
                    say(job, place, stall, since_ns, lost, out);
                }
            }
            None => out.absent(FactKind::HostStalls, place),
        }
    }
}

/// What a node stands still beyond its peers, by the kind that shows it most.
#[derive(Clone, Copy, Debug)]
pub struct Stall {
    kind: usize,
    excess: f64,
    usual: f64,
}

impl Stall {
    /// The tick since which the node stalls so, and how many are known from before.
    fn since(&self, features: &Features, device: DeviceId) -> Option<(i64, usize)> {
        features.devices[device].stalls()?.since(self.kind, self.usual + self.excess / 2.0)
    }
}

/// Since when it stalls, and what its job has lost from there on, if the one can be the cause of the other. Once that is
/// said it holds while the node stalls: what came before it is forgotten in time.
fn judge(
    features: &Features,
    job: usize,
    device: DeviceId,
    stall: Stall,
    watched: bool,
    disturbed: &Disturbed,
) -> Option<(i64, f64)> {
    let (since, before) = stall.since(features, device)?;
    let (since_ns, ticks) = (since * features.tick_ns, features.tick - since + 1);
    if watched {
        return Some((since_ns, stall.excess));
    }
    let lost = features.jobs[job].slowed(since_ns, features.now_ns, disturbed)?;
    let is_cause = (MIN_LOST..=stall.excess).contains(&lost);
    (is_cause && before >= MIN_BEFORE && ticks >= MIN_TICKS).then_some((since_ns, lost))
}

/// The job runs as before: whatever stalls there costs it nothing.
fn is_over(features: &Features, job: usize, disturbed: &Disturbed) -> bool {
    let recent_ns = features.now_ns - MIN_TICKS * features.tick_ns;
    features.jobs[job].lost(recent_ns, features.now_ns, disturbed).is_some_and(|lost| lost < MIN_LOST / 2.0)
}

fn say(job: usize, place: Place, stall: Stall, since_ns: i64, lost: f64, out: &mut Sink<'_>) {
    let of = match PRESSURE.get(stall.kind) {
        Some(counter) => Stalled::Tasks { counter: (*counter).to_owned() },
        None => Stalled::Gpus { counter: UTILIZATION.to_owned() },
    };
    let strength = strength(lost, MIN_LOST);
    let shows = Shows { since_ns, one_sided: true, strength, job: Some(job), ..Shows::default() };
    out.present(place, shows, HostStalls { of, share: stall.usual + stall.excess, usual: stall.usual });
}

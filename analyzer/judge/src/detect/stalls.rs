//! Host straggler by the host's own stalls: its tasks wait for a CPU, for memory or for a disk, or its GPUs idle, more than
//! its peers' and more than before, and since then its job is slower.
//!
//! ```text
//! share of the time that stood still     ▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▆▆▆▆▆▆▆▆▆▆    h3: 0.45, mean of the last six ticks
//!                                        ▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁    its peers' median: 0.05
//! bytes a second of the job              ▇▇▇▇▇▇▇▇▇▇▇▇▇▇▇▅▅▅▅▅▅▅▅▅▅    lost since then: 0.25
//!                                                       │ the share has been above (0.05 + 0.45) / 2 since
//! excess = 0.45 − 0.05 = 0.40        accused, if  0.05 ≤ lost ≤ excess
//! ```
//! Stalls alone are no evidence, for a host may have time to spare. A job that became slower at that moment, by no more than
//! the stalls can take from it, is. A job that lost more than that is slow for another reason. A checkpoint stalls all nodes
//! alike, so that no node exceeds its peers, or stops the job for longer than a node's stalls explain.
//!
//! Readings at 1 Hz are enough, where bytes show late onsets at 10 Hz only.

use super::{Detector, Shows, Sink, Spot, strength};
use super::armed::{Reason, Row, Tally, View};
use crate::fabric::{DeviceId, Job, Place};
use crate::features::stalls::{PRESSURE, UTILIZATION};
use crate::features::{Disturbed, Features};
use crate::kinds::{FactKind, HostStalls, Stalled};
use crate::statistics::lower_median;

/// Ticks whose mean share is compared: the five for which a node must have stalled ([`MIN_TICKS`]), and the one in which the
/// stalls began. Of these as many must have been told: a reading that is lost takes one tick, and where 3 in 100 are lost
/// (docs/scoring.md), more than two of six are once in 2,000 times.
pub(super) const RECENT: i64 = 6;
const TOLD: usize = 4;
/// Nodes of a job that are compared at least. The lower median takes the one that stalls less as the usual one of two.
pub(super) const MIN_DEVICES: usize = 2;
/// Ticks that must be known from before a node began to stall: as many as stretches of its job's progress are asked for
/// (`features/job.rs`). To stall more than its peers may be how this node always was.
const MIN_BEFORE: usize = 10;
/// The excess of a node, and the part of its step time that its job has lost, must be at least this: below 4 to 5 % ordinary
/// jitter dominates (reference/faults.md, lateness, 7).
const MIN_LOST: f64 = 0.05;
/// Of that, what the job loses at most when it runs as before.
const HARDLY: f64 = 0.5;
/// Ticks for which a node must have stalled: at 1 s a tick they hold one iteration of most jobs, and more than the three
/// ticks that make a rate (`features/job.rs`).
const MIN_TICKS: i64 = 5;
/// The same where a late iteration shows it too. Calibrated on a demo whose straggler was named after 9.4 s without this
/// and after 5.4 s with it (journal of 2026-11-28, clocks).
const BEGUN_TICKS: i64 = 3;
/// Of the time by which a host is late, the part for which its stalls must account to explain it: the share of pressure
/// tells that some task waited, and not that all did (journal of 2026-11-28, clocks).
const EXPLAINS: f64 = 0.5;
/// A node has stalled since its share rose above the middle between its peers' share and its own.
const MIDDLE: f64 = 0.5;
/// Readings of a node, and of its job's progress, that are looked at: at most 40 ticks of four shares and 180 ticks of
/// progress, twice. It only counts towards the budget of the detector.
const READINGS: usize = 512;

const FEW_NODES: Reason =
    ("fewer than 2 of its nodes tell pressure or GPU use", "kernels with PSI (psi=1) on its nodes, or GPU readings");

pub const DETECTOR: Detector = Detector {
    name: "stalls",
    reads: &[],
    detect,
    forget,
    armed: &[Row { detector: "straggler by stalls", facts: &[FactKind::HostStalls], look: armed }],
};

pub fn detect(features: &Features, out: &mut Sink<'_>) {
    for (job, plan) in features.topology.jobs.iter().enumerate() {
        if plan.runs_at(features.now_ns) {
            out.look_at(Spot::Job(job), plan.devices.len() * READINGS);
            look(features, job, plan, out);
        }
    }
}

pub fn forget(features: &mut Features, spot: Option<Spot>) {
    Spot::devices(spot, features).into_iter().for_each(|device| features.devices[device].forget_stalls());
}

/// By how much each node of a job has stalled more than its peers in the recent ticks, in order of device; `None` where
/// nothing is known of a node.
pub fn of(features: &Features, plan: &Job) -> Vec<(DeviceId, Option<Stall>)> {
    let recent = |d: DeviceId| Some((d, features.devices[d].stalls()?.after(features.tick - RECENT, TOLD)));
    let all = plan.devices.iter().filter_map(|&d| recent(d));
    let shares: Vec<_> = all.filter(|(_, s)| s.iter().any(|v| !v.is_nan())).collect();
    if shares.len() < MIN_DEVICES {
        return Vec::new();
    }
    let of_kind = |kind: usize| shares.iter().map(move |(_, s)| s[kind]).filter(|v| !v.is_nan());
    let usual: [f64; PRESSURE.len() + 1] =
        std::array::from_fn(|kind| lower_median(&mut of_kind(kind).collect::<Vec<_>>()));
    let most = |shares: [f64; PRESSURE.len() + 1]| {
        let excess = shares.iter().zip(usual).map(|(share, usual)| share - usual).enumerate();
        let (kind, excess) = excess.filter(|(_, e)| !e.is_nan()).max_by(|a, b| a.1.total_cmp(&b.1))?;
        Some(Stall { kind, excess, usual: usual[kind] })
    };
    shares.into_iter().map(|(device, shares)| (device, most(shares))).collect()
}

/// Whether a node's stalls explain that it was late by so many seconds: it began to stall not long ago, and stood still for
/// at least half as long in the recent ticks. `stalls`: those of its job's nodes, see [`of`].
pub fn explain(features: &Features, stalls: &[(DeviceId, Option<Stall>)], device: DeviceId, late_s: f64) -> bool {
    let own = stalls.binary_search_by_key(&device, |(d, _)| *d).ok().and_then(|at| stalls[at].1);
    let stood_s = |stall: &Stall| stall.excess * (RECENT * features.tick_ns) as f64 / 1e9;
    let Some(stall) = own.filter(|s| s.excess >= MIN_LOST && stood_s(s) >= late_s * EXPLAINS) else { return false };
    stall
        .since(features, device)
        .is_some_and(|(since, before)| before >= MIN_BEFORE && features.tick - since + 1 >= BEGUN_TICKS)
}

/// The verdict on each node of a job.
fn look(features: &Features, job: usize, plan: &Job, out: &mut Sink<'_>) {
    for (device, stall) in of(features, plan) {
        let place = Place::Device(device);
        let watched = out.watches(FactKind::HostStalls, place);
        match stall.filter(|s| s.excess >= MIN_LOST) {
            Some(_) if watched && is_over(features, job, begun(place, out), out.disturbed(job)) => {
                out.absent(FactKind::HostStalls, place);
            }
            Some(stall) => {
                if let Some((since_ns, lost)) = judge(features, job, device, stall, watched, out.disturbed(job)) {
                    say(job, place, stall, since_ns, lost, out);
                }
            }
            None => out.absent(FactKind::HostStalls, place),
        }
    }
}

/// By how much a node stalls more than its peers, of the kind of stall that shows it most.
#[derive(Clone, Copy, Debug)]
pub struct Stall {
    /// Its place among the shares of `features/stalls.rs`.
    kind: usize,
    /// The part of the time that it stood still beyond its peers.
    excess: f64,
    /// The part of the time that its peers stood still, by their median.
    usual: f64,
}

impl Stall {
    /// The tick since which the node stalls, and how many ticks are known from before.
    fn since(&self, features: &Features, device: DeviceId) -> Option<(i64, usize)> {
        features.devices[device].stalls()?.since(self.kind, self.usual + self.excess * MIDDLE)
    }
}

/// Since when the node stalls, and what its job has lost since then, where the stalls can be the cause of the loss. A case
/// that is open (`watched`) goes on while the node stalls: after a while nothing is known any more of the time before.
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

/// When the open case of the node began.
fn begun(place: Place, out: &Sink<'_>) -> Option<i64> {
    out.claimed(FactKind::HostStalls, place).map(|claim| claim.onset_ns)
}

/// The job runs as it did before the node stalled: the stalls cost it nothing.
fn is_over(features: &Features, job: usize, begun_ns: Option<i64>, disturbed: &Disturbed) -> bool {
    let (state, now_ns) = (&features.jobs[job], features.now_ns);
    let recent_ns = now_ns - MIN_TICKS * features.tick_ns;
    let before_ns = begun_ns.map_or(recent_ns, |begun_ns| begun_ns.min(recent_ns));
    state.lost_against(before_ns, recent_ns, now_ns, disturbed).is_some_and(|lost| lost < MIN_LOST * HARDLY)
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

/// Stragglers by what holds their node up: of jobs whose nodes tell pressure, or their GPUs' use.
fn armed(view: &View<'_>, tally: &mut Tally) {
    let features = view.features;
    view.each_job(tally, |job, _| {
        let tells = |device: usize| {
            let shares = features.devices[device].stalls().map(|stalls| stalls.after(features.tick - RECENT, 1));
            shares.is_some_and(|shares| shares.iter().any(|share| !share.is_nan()))
        };
        let told = job.devices.iter().filter(|&&device| tells(device)).take(MIN_DEVICES).count();
        (view.stands_still || told < MIN_DEVICES).then_some(FEW_NODES)
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::Progress;
    use crate::testkit::{SECOND, star};
    use weft_wire::plan::{Plan, PlanJob};

    /// Whether, after 100 s, the stalls of a node cost its job nothing any more: the job sends 100 bytes a second until `slow_s`, and
    /// `now` since.
    fn costs_nothing(slow_s: i64, now: f64, begun_ns: Option<i64>) -> bool {
        let job = PlanJob { job: "j".into(), device: "h0".into(), ..PlanJob::default() };
        let mut features = Features::new(&Plan { jobs: vec![job], ..star(2) }, SECOND);
        features.now_ns = 100 * SECOND;
        for second in 0..100 {
            let bytes = if second < slow_s { 100.0 } else { now };
            let progress = Progress { start_ns: second * SECOND, length_ns: SECOND, bytes, coverage: 1.0 };
            features.jobs[0].add_progress(progress);
        }
        is_over(&features, 0, begun_ns, &Disturbed::default())
    }

    #[test]
    fn a_job_that_has_long_been_slow_is_compared_with_what_it_was_before_the_stalls() {
        let begun_ns = Some(30 * SECOND);
        assert!(!costs_nothing(30, 90.0, begun_ns), "a tenth is lost, as it was for most of the time that is remembered");
        assert!(costs_nothing(30, 99.0, begun_ns), "a hundredth is not worth a word");
        assert!(costs_nothing(30, 90.0, None), "nobody knows that the job was ever faster");
    }
}

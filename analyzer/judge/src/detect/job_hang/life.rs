//! What the hosts of a job that stands still do meanwhile: whether those that wait live, and whether one that has not begun does
//! something else.
//!
//! ```text
//!                 has begun, by median   has not begun
//! GPUs busy              97 %                 2 %           it hangs on the host, or its process has died
//!                        97 %                97 %           nobody can tell: it may have begun, and its link be dead
//!                         0 %                 0 %           nothing lives: the job was ended
//! ```
//! A node tells how busy it is as a whole, by all its GPUs. Where another job runs beside this one, that says nothing of this one.

use super::{LEAST_TICKS, Stand};
use crate::fabric::DeviceId;
use crate::features::Features;
use crate::features::stalls::PRESSURE;
use crate::statistics::median;
use std::collections::BTreeMap;

/// The middle between doing nothing and doing all that one can: above it a host lives, and two that differ by it do different things.
const HALF: f64 = 0.5;
/// Who lived and is busy for less than this part of the time has ended: half of what makes a host live, so that a host in between is
/// not said to live and to have ended in turns.
const GONE: f64 = HALF / 2.0;
/// By so much more of the time than the others a host waits for a disk that writes a checkpoint alone: far above what logs take.
const WRITES: f64 = 0.1;
const IO: &str = "io_pressure_us";

/// How busy each host has been since its job stands still, 0 to 1.
pub struct Lives {
    shares: BTreeMap<DeviceId, f64>,
    /// Of those that have begun, by their median; `None` where fewer than half of them tell.
    peers: Option<f64>,
    by_gpus: bool,
    /// Of those that have not begun, by how much more of the time they wait for a disk than the others.
    waits: BTreeMap<DeviceId, f64>,
}

impl Lives {
    pub fn of(features: &Features, job: usize, stand: &Stand) -> Lives {
        let tick = stand.since_ns.div_euclid(features.tick_ns);
        let is_alone = |host: DeviceId| features.topology.jobs_on(host, features.now_ns).all(|other| other == job);
        let life = |&host: &DeviceId| Some((host, features.life(host, tick, LEAST_TICKS as usize).filter(|_| is_alone(host))?));
        let all: Vec<_> = stand.begun.iter().chain(&stand.not_begun).filter_map(life).collect();
        // The two ways to tell life are not compared with each other.
        let by_gpus = all.iter().any(|(_, life)| life.by_gpus);
        let shares: BTreeMap<DeviceId, f64> =
            all.into_iter().filter(|(_, life)| life.by_gpus == by_gpus).map(|(host, life)| (host, life.share)).collect();
        let mut peers: Vec<f64> = stand.begun.iter().filter_map(|host| shares.get(host).copied()).collect();
        let peers = (!peers.is_empty() && 2 * peers.len() >= stand.begun.len()).then(|| median(&mut peers));
        let io = PRESSURE.iter().position(|counter| *counter == IO).unwrap_or_default();
        let waits = |host: &DeviceId| Some(features.devices[*host].stalls()?.after(tick, 1)[io]).filter(|share| !share.is_nan());
        let mut others: Vec<f64> = stand.begun.iter().filter_map(waits).collect();
        let usual = if others.is_empty() { 0.0 } else { median(&mut others) };
        let waits = stand.not_begun.iter().filter_map(|host| Some((*host, waits(host)? - usual))).collect();
        Lives { shares, peers, by_gpus, waits }
    }

    /// Those that have begun, and wait, live.
    pub fn others_live(&self) -> bool {
        self.peers.is_some_and(|peers| peers >= HALF)
    }

    /// Those that had begun do nothing any more, most of the time since the job stands still.
    pub fn others_are_gone(&self) -> bool {
        self.peers.is_some_and(|peers| peers < GONE)
    }

    /// The others live, and this host does something else.
    pub fn is_elsewhere(&self, host: DeviceId) -> bool {
        let differs = |peers: f64| self.shares.get(&host).is_some_and(|own| (own - peers).abs() >= HALF);
        self.others_live() && self.peers.is_some_and(differs)
    }

    pub fn waits_for_disk(&self, host: DeviceId) -> bool {
        self.waits.get(&host).is_some_and(|more| *more >= WRITES)
    }

    /// How busy a host is, and those that have begun; `None` where either is not told.
    pub fn against_peers(&self, host: DeviceId) -> Option<(f64, f64)> {
        Some((*self.shares.get(&host)?, self.peers?))
    }

    pub fn by_gpus(&self) -> bool {
        self.by_gpus
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::{Extra, Interval, PortCounters, SECOND, Scene, star};
    use weft_wire::plan::PlanJob;

    /// Of four hosts whose job stands still since second 1,001 on, and whose GPUs tell so many times: whether those live that have begun, and
    /// whether h3 does something else. `beside`: hosts that another job runs on too.
    fn lives(ticks: usize, beside: &[&str]) -> [bool; 2] {
        let mut plan = star(4);
        plan.jobs.extend(beside.iter().map(|host| PlanJob { job: "other".into(), device: (*host).into(), ..PlanJob::default() }));
        let mut scene = Scene::new(plan);
        const BUSY: [PortCounters; 4] = [
            ("h0", "gpu0", &[("utilization_percent", 97.0)]),
            ("h1", "gpu0", &[("utilization_percent", 97.0)]),
            ("h2", "gpu0", &[("utilization_percent", 97.0)]),
            ("h3", "gpu0", &[("utilization_percent", 2.0)]),
        ];
        for _ in 0..=ticks {
            scene.second(|_, _| Interval::default(), Extra { told: BUSY.to_vec(), ..Extra::default() });
        }
        let features = scene.engine.features();
        let host = |name: &str| features.topology.find_device(name).expect("planned");
        let begun = ["h0", "h1", "h2"].map(host).to_vec();
        let stand = Stand { since_ns: 1_000 * SECOND + 1, begun, not_begun: vec![host("h3")], ..Stand::default() };
        let train = features.topology.jobs.iter().position(|job| job.name == "train").expect("planned");
        let lives = Lives::of(features, train, &stand);
        [lives.others_live(), lives.is_elsewhere(host("h3"))]
    }

    #[test]
    fn three_ticks_tell_who_lives_and_hosts_of_two_jobs_tell_nothing() {
        assert_eq!(lives(2, &[]), [false, false], "two ticks");
        assert_eq!(lives(3, &[]), [true, true]);
        assert_eq!(lives(3, &["h3"]), [true, false], "its GPUs are those of another job too");
        assert_eq!(lives(3, &["h0", "h1"]), [false, false], "so are those of most that have begun");
    }
}

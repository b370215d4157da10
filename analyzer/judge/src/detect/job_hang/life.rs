//! What the hosts of a job that stands still do meanwhile: whether those that wait live, and whether one that has not begun does
//! something else.
//!
//! ```text
//!                 has begun, by median   has not begun
//! GPUs busy              97 %                 2 %           it hangs on the host, or its process has died
//!                        97 %                97 %           nobody can tell: it may have begun, and its link be dead
//!                         0 %                 0 %           nothing lives: the job was ended
//! ```

use super::Stand;
use crate::fabric::DeviceId;
use crate::features::Features;
use crate::features::stalls::PRESSURE;
use crate::statistics::median;
use std::collections::BTreeMap;

/// The middle between doing nothing and doing all that one can: above it a host lives, and two that differ by it do different things.
const HALF: f64 = 0.5;
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
    pub fn of(features: &Features, stand: &Stand) -> Lives {
        let tick = stand.since_ns.div_euclid(features.tick_ns);
        let life = |&host: &DeviceId| Some((host, features.life(host, tick)?));
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

    /// The others live, and this host does something else.
    pub fn is_elsewhere(&self, host: DeviceId) -> bool {
        let differs = |peers: f64| self.shares.get(&host).is_some_and(|own| (own - peers).abs() >= HALF);
        self.others_live() && self.peers.is_some_and(differs)
    }

    pub fn waits_for_disk(&self, host: DeviceId) -> bool {
        self.waits.get(&host).is_some_and(|more| *more >= WRITES)
    }

    pub fn share(&self, host: DeviceId) -> f64 {
        self.shares.get(&host).copied().unwrap_or_default()
    }

    pub fn peers(&self) -> f64 {
        self.peers.unwrap_or_default()
    }

    pub fn by_gpus(&self) -> bool {
        self.by_gpus
    }
}

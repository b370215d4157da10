//! Whether the processes of a node live: by how busy its GPUs are, or, where it tells of none, its CPUs.
//!
//! A rank that waits in a collective keeps its GPU busy, for the kernel of the collective looks for the others' bytes all the time,
//! and threads of the library keep CPUs busy. Of a job that was ended nothing of the kind is left.
//!
//! ```text
//! GPUs   busy for this part of the time, mean over the node's GPUs                 97 % while it waits, 0 % when it was ended
//! CPUs   busy now / busy before, at most 1                                         21 % before, 20 % now: 0.95
//! ```

use super::Features;
use super::readings::Read;
use super::stalls::{IDLE, Stalls};
use crate::fabric::DeviceId;
use arraydeque::{ArrayDeque, behavior::Wrapping};
use serde::{Deserialize, Serialize};
use weft_wire::Table;

pub const READ: Read = (Table::Host, "cpu_busy_percent");
/// Ticks kept: as many as of a node's stalls, with which they are asked for.
const TICKS: usize = 40;

/// How busy the CPUs of a node were, tick by tick, in percent.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Busy {
    #[serde(with = "super::packed::ring")]
    ring: ArrayDeque<(i64, f32), TICKS, Wrapping>,
    /// The last tick in which a job of the node moved, and the mean up to it. A job may stand still for longer than the ring reaches back.
    before: Option<(i64, f32)>,
}

/// How much of a node lives, 0 to 1, and by what that is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Life {
    pub share: f64,
    pub by_gpus: bool,
}

impl Busy {
    fn mean(&self, is_wanted: impl Fn(i64) -> bool) -> Option<f64> {
        let told = self.ring.iter().filter(|(tick, _)| is_wanted(*tick)).map(|(_, busy)| f64::from(*busy));
        let (sum, n) = told.fold((0.0, 0), |(sum, n), busy| (sum + busy, n + 1));
        (n > 0).then(|| sum / f64::from(n))
    }

    /// A job of the node moved in this tick, and has not since.
    fn moved(&mut self, tick: i64) {
        if self.before.is_none_or(|(before, _)| before < tick)
            && let Some(mean) = self.mean(|told| told <= tick)
        {
            self.before = Some((tick, mean as f32));
        }
    }

    /// Since after a tick against up to the last one in which a job moved; `None` where fewer than `least` ticks tell of now.
    fn kept(&self, tick: i64, least: usize) -> Option<f64> {
        if self.ring.iter().filter(|(told, _)| *told > tick).count() < least {
            return None;
        }
        let before = self.before.map(|(_, mean)| f64::from(mean)).or_else(|| self.mean(|told| told <= tick))?;
        let now = self.mean(|told| told > tick)?;
        (before > 0.0).then(|| (now / before).min(1.0))
    }
}

impl Features {
    /// How much of a node lives in the ticks after one; `None` where fewer than `least` of them tell it.
    pub fn life(&self, device: DeviceId, after_tick: i64, least: usize) -> Option<Life> {
        let state = self.devices.get(device)?;
        let idle = state.stalls().map_or(f64::NAN, |stalls| stalls.after(after_tick, least)[IDLE]);
        if !idle.is_nan() {
            return Some(Life { share: 1.0 - idle, by_gpus: true });
        }
        Some(Life { share: state.busy.as_ref()?.kept(after_tick, least)?, by_gpus: false })
    }

    /// How busy the node is, is told at all.
    pub fn tells_life(&self, device: DeviceId) -> bool {
        self.devices
            .get(device)
            .is_some_and(|state| state.busy.is_some() || state.stalls().is_some_and(Stalls::tells_gpus))
    }

    pub(super) fn update_life(&mut self) {
        for (device, state) in self.topology.devices.iter().zip(&mut self.devices) {
            let told = self.readings.of_device(&device.name, READ).find(|(_, reading)| reading.is_told());
            if let Some((_, reading)) = told {
                state.busy.get_or_insert_default().ring.push_back((self.tick, reading.value as f32));
            }
        }
        for (job, state) in self.topology.jobs.iter().zip(&self.jobs) {
            let Some(moved_ns) = state.moved_ns() else { continue };
            for &device in &job.devices {
                if let Some(busy) = &mut self.devices[device].busy {
                    busy.moved(moved_ns.div_euclid(self.tick_ns));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpus_live_by_what_they_did_before() {
        let busy = |before: f32, now: f32| {
            let mut busy = Busy::default();
            (0..10).for_each(|tick| _ = busy.ring.push_back((tick, if tick <= 5 { before } else { now })));
            busy.kept(5, 3)
        };
        assert_eq!([busy(20.0, 5.0), busy(20.0, 90.0), busy(0.0, 5.0)], [Some(0.25), Some(1.0), None]);
        assert_eq!(Busy::default().kept(5, 1), None);
    }

    #[test]
    fn what_they_did_before_a_stand_is_known_as_long_as_it_lasts() {
        let mut features = Features::new(&crate::testkit::star(4), 1_000_000_000);
        let host = features.topology.jobs[0].devices[0];
        for tick in 0..200 {
            features.jobs[0].marked_ns = tick.min(20) * 1_000_000_000;
            let busy = if tick <= 20 { 20.0 } else { 5.0 };
            features.devices[host].busy.get_or_insert_default().ring.push_back((tick, busy));
            features.update_life();
            let expected = (tick >= 23).then_some(Life { share: 0.25, by_gpus: false });
            assert_eq!(features.life(host, 20, 3), expected, "tick {tick}");
        }
    }
}

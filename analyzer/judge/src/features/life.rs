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
use super::stalls::IDLE;
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

    /// Since after a tick against up to it.
    fn kept(&self, tick: i64) -> Option<f64> {
        let (now, before) = (self.mean(|told| told > tick)?, self.mean(|told| told <= tick)?);
        (before > 0.0).then(|| (now / before).min(1.0))
    }
}

impl Features {
    /// How much of a node lives in the ticks after one; `None` where it does not tell.
    pub fn life(&self, device: DeviceId, after_tick: i64) -> Option<Life> {
        let state = self.devices.get(device)?;
        let idle = state.stalls().map_or(f64::NAN, |stalls| stalls.after(after_tick, 1)[IDLE]);
        if !idle.is_nan() {
            return Some(Life { share: 1.0 - idle, by_gpus: true });
        }
        Some(Life { share: state.busy.as_ref()?.kept(after_tick)?, by_gpus: false })
    }

    pub(super) fn update_life(&mut self) {
        for (device, state) in self.topology.devices.iter().zip(&mut self.devices) {
            let told = self.readings.of_device(&device.name, READ).find(|(_, reading)| reading.is_told());
            if let Some((_, reading)) = told {
                state.busy.get_or_insert_default().ring.push_back((self.tick, reading.value as f32));
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
            busy.kept(5)
        };
        assert_eq!([busy(20.0, 5.0), busy(20.0, 90.0), busy(0.0, 5.0)], [Some(0.25), Some(1.0), None]);
        assert_eq!(Busy::default().kept(5), None);
    }
}

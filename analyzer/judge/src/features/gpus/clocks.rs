//! Clocks that are held down, and why, from what a GPU says of itself (NVML: `nvmlDeviceGetCurrentClocksEventReasons`).
//!
//! ```text
//! bit     reason                                     taken for
//! 0x01    idle                                       nothing: an idle GPU lowers its clock
//! 0x04    power limit (software)                     power, if it is slower than its peers: under full load most GPUs are capped
//! 0x08    slow-down (hardware), half the clock       heat, unless 0x80 says that it is power
//! 0x20    thermal (software)                         heat
//! 0x40    thermal (hardware)                         heat
//! 0x80    power brake (hardware, from outside)       power
//! others  chosen clocks, boost groups, displays      nothing: somebody set them
//! ```
//! A clock counts as held down that is at least a tenth below what it is compared with (reference/faults.md, 15): the GPU's highest
//! clock, of a power limit the median of all GPUs that are at work and have the same highest clock.

use crate::statistics::median;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

const IDLE: u32 = 0x01;
const POWER_LIMIT: u32 = 0x04;
const SLOW_DOWN: u32 = 0x08;
const POWER_BRAKE: u32 = 0x80;
const HEAT: u32 = SLOW_DOWN | 0x20 | 0x40;
/// The published threshold: a reason and a tenth of the clock.
const HELD: f64 = 0.9;
/// GPUs at work whose clocks are compared, the one itself among them.
const PEERS: usize = 3;

/// What holds a clock down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Why {
    Heat,
    Power,
}

/// A clock that is held down now.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Held {
    pub why: Why,
    pub since_ns: i64,
    /// The bits that the GPU says.
    pub reasons: u32,
    pub mhz: f64,
    /// What it was compared with: the GPU's highest clock, or that of its peers.
    pub of_mhz: f64,
    pub by_peers: bool,
}

/// What a GPU says of its clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Clock {
    pub ts_ns: i64,
    pub reasons: u32,
    pub mhz: f64,
    /// The highest that it can have, or had; 0 unknown.
    pub most_mhz: f64,
}

impl Clock {
    fn is_at_work(&self) -> bool {
        self.reasons & IDLE == 0 && self.mhz > 0.0
    }

    /// `usual`: the median clock of its peers, where there are enough of them.
    pub fn held(&self, before: Option<Held>, usual: Option<f64>) -> Option<Held> {
        let own = match self.reasons {
            _ if !self.is_at_work() => None,
            bits if bits & POWER_BRAKE != 0 && bits & HEAT & !SLOW_DOWN == 0 => {
                Some((Why::Power, self.most_mhz, false))
            }
            bits if bits & HEAT != 0 => Some((Why::Heat, self.most_mhz, false)),
            bits if bits & POWER_LIMIT != 0 => usual.map(|usual| (Why::Power, usual, true)),
            _ => None,
        };
        let (why, of_mhz, by_peers) = own.filter(|(_, of_mhz, _)| self.mhz <= of_mhz * HELD)?;
        let since_ns = before.filter(|before| before.why == why).map_or(self.ts_ns, |before| before.since_ns);
        Some(Held { why, since_ns, reasons: self.reasons, mhz: self.mhz, of_mhz, by_peers })
    }
}

/// The median clock of GPUs at work, by their highest clock.
pub fn usual(clocks: impl Iterator<Item = Clock>) -> BTreeMap<u32, f64> {
    let mut by_most: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
    for clock in clocks.filter(Clock::is_at_work) {
        by_most.entry(kind(clock)).or_default().push(clock.mhz);
    }
    let enough = by_most.into_iter().filter(|(_, clocks)| clocks.len() >= PEERS);
    enough.map(|(most, mut clocks)| (most, median(&mut clocks))).collect()
}

/// GPUs of the same highest clock are of one kind.
pub fn kind(clock: Clock) -> u32 {
    clock.most_mhz as u32
}

/// A power limit is a reason only beside peers.
pub fn asks_peers(clock: Clock) -> bool {
    clock.reasons & POWER_LIMIT != 0 && clock.is_at_work()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_and_a_tenth_of_the_clock() {
        for (reasons, mhz, usual, expected) in [
            (0x00, 900.0, None, None),
            (0x40, 900.0, None, Some(Why::Heat)),
            (0x20, 1_782.0, None, Some(Why::Heat)),
            (0x20, 1_790.0, None, None),
            (0x41, 210.0, None, None),
            (0x08, 900.0, None, Some(Why::Heat)),
            (0x88, 900.0, None, Some(Why::Power)),
            (0xc8, 900.0, None, Some(Why::Heat)),
            (0x02, 900.0, Some(1_900.0), None),
            (0x04, 1_400.0, Some(1_410.0), None),
            (0x04, 1_200.0, Some(1_410.0), Some(Why::Power)),
            (0x04, 1_200.0, None, None),
        ] {
            let clock = Clock { ts_ns: 7, reasons, mhz, most_mhz: 1_980.0 };
            assert_eq!(clock.held(None, usual).map(|held| held.why), expected, "{reasons:#x} {mhz} {usual:?}");
        }
        let clock = Clock { ts_ns: 7, reasons: 0x40, mhz: 900.0, most_mhz: 1_980.0 };
        let since = |why: Why| Held { why, since_ns: 3, ..clock.held(None, None).unwrap() };
        let held = |before: Held| clock.held(Some(before), None).unwrap().since_ns;
        assert_eq!((held(since(Why::Heat)), held(since(Why::Power))), (3, 7));
    }

    #[test]
    fn peers_are_those_of_one_kind_that_work() {
        let clock = |reasons: u32, mhz: f64, most_mhz: f64| Clock { ts_ns: 0, reasons, mhz, most_mhz };
        let all = [(4, 1_400.0, 1_980.0), (0, 1_500.0, 1_980.0), (1, 210.0, 1_980.0), (4, 1_000.0, 1_980.0)];
        let others = [(0, 1_000.0, 1_410.0), (0, 1_000.0, 1_410.0)];
        let all = all.into_iter().chain(others).map(|(reasons, mhz, most)| clock(reasons, mhz, most));
        assert_eq!(usual(all), BTreeMap::from([(1_980, 1_400.0)]));
    }
}

//! Bytes that a port of a switch received and sent, tick by tick, for the last 128 ticks: what is asked where a switch
//! loses packets, to see over which of its cables they are sent again (`detect/inner_loss`).
//!
//! A tick is kept in 16 bits a way, as a small floating-point number with ten bits behind the point: good to one part
//! in 2,000, and no more than half a kilobyte a port.

use super::PortState;
use super::packed;
use super::sample::{Sample, rise};
use arraydeque::{ArrayDeque, behavior::Wrapping};
use serde::{Deserialize, Serialize};
use std::f64::consts::PI;

/// Ticks kept: 40 ticks of a loss, and twice as many of before to compare with.
pub const TRAIL: usize = 128;
/// Bits that a number of 32 bits loses when it is kept.
const SHIFT: u32 = 13;
/// The bits of 1.0, less one: a code of 0 is left for nothing.
const ONE: u32 = (1_f32.to_bits() >> SHIFT) - 1;
/// Not told.
const UNKNOWN: u16 = u16::MAX;

/// A way of a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    Received,
    Sent,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Trail {
    /// By way. Of ticks without readings nothing is told.
    #[serde(with = "packed::ring")]
    ticks: ArrayDeque<[u16; 2], TRAIL, Wrapping>,
    newest: i64,
}

impl Trail {
    /// Takes in a tick: the last reading before it, and its last one.
    pub fn add(&mut self, tick: i64, before: &Sample, last: &Sample) {
        let skipped = if self.ticks.is_empty() { 0 } else { tick - self.newest - 1 };
        (0..skipped.clamp(0, TRAIL as i64)).for_each(|_| _ = self.ticks.push_back([UNKNOWN; 2]));
        let code = |bytes: Option<i64>| bytes.filter(|&bytes| bytes >= 0).map_or(UNKNOWN, |bytes| encode(bytes as f32));
        let ways = [rise(before.rx_bytes, last.rx_bytes), rise(before.tx_bytes, last.tx_bytes)];
        self.ticks.push_back(ways.map(code));
        self.newest = tick;
    }

    /// The first tick that is kept.
    pub fn oldest(&self) -> i64 {
        self.newest + 1 - self.ticks.len() as i64
    }

    /// Mean bytes a tick from one tick up to another, that one not among them; weighted by half a wave (J. von Hann's
    /// window), so that the edges of the time, which lie anywhere in an iteration of a job, count for little. What is
    /// told after a pause was sent in all the ticks since. `None` where less than half is known.
    pub fn mean(&self, way: Way, from: i64, until: i64) -> Option<f64> {
        let (oldest, length) = (self.oldest(), (until - from) as f64);
        let (mut bytes, mut weight, mut pause, mut known) = (0.0, 0.0, 1.0, 0.0);
        for tick in from.max(oldest)..until.min(self.newest + 1) {
            match self.ticks[(tick - oldest) as usize][way as usize] {
                UNKNOWN => pause += 1.0,
                code => {
                    let share = (PI * ((tick - from) as f64 + 0.5) / length).sin().powi(2);
                    bytes += share * f64::from(decode(code));
                    weight += share * pause;
                    known += pause;
                    pause = 1.0;
                }
            }
        }
        (weight > 0.0 && known * 2.0 >= length).then(|| bytes / weight)
    }
}

impl PortState {
    /// Takes in the traffic of a tick: its readings, which have gone through [`PortState::update_traffic`].
    pub fn leave_trail(&mut self, tick: i64) {
        if let Some((before, last)) = self.moved(tick) {
            self.trail.get_or_insert_default().add(tick, &before, &last);
        }
    }
}

fn encode(value: f32) -> u16 {
    if value < 1.0 {
        return 0;
    }
    let rounded = (value.to_bits() + (1 << (SHIFT - 1))) >> SHIFT;
    (rounded - ONE).min(u32::from(UNKNOWN) - 1) as u16
}

fn decode(code: u16) -> f32 {
    if code == 0 { 0.0 } else { f32::from_bits((u32::from(code) + ONE) << SHIFT) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nonmax::NonMaxI64;

    #[test]
    fn what_is_kept_is_good_to_one_part_in_2000() {
        for value in [0.0, 1.0, 3.0, 999.0, 1e6, 3.7e9, 1e15] {
            let kept = decode(encode(value));
            assert!((kept - value).abs() <= value / 2_000.0, "{value} {kept}");
        }
        assert!(encode(f32::MAX) < UNKNOWN);
    }

    fn trail(ticks: impl Iterator<Item = i64>) -> Trail {
        let sample = |tick: i64| {
            let (rx_bytes, tx_bytes) = (NonMaxI64::new(tick * 1_000), NonMaxI64::new(tick * 500));
            Sample { rx_bytes, tx_bytes, ..Sample::default() }
        };
        let (mut trail, mut before) = (Trail::default(), None);
        for tick in ticks {
            if let Some(before) = before {
                trail.add(tick, &sample(before), &sample(tick));
            }
            before = Some(tick);
        }
        trail
    }

    #[test]
    fn means_are_a_tick_also_where_ticks_are_missing() {
        for skip in [1_usize, 2, 3] {
            let trail = trail((1_000..1_200).step_by(skip));
            let mean = |way: Way| trail.mean(way, 1_100, 1_160).unwrap();
            assert!((mean(Way::Received) - 1_000.0).abs() < 1.0, "{skip}: {}", mean(Way::Received));
            assert!((mean(Way::Sent) - 500.0).abs() < 1.0, "{skip}: {}", mean(Way::Sent));
        }
        let trail = trail(1_000..1_200);
        assert_eq!((trail.oldest(), trail.mean(Way::Sent, 1_000, 1_100)), (1_072, None));
    }
}

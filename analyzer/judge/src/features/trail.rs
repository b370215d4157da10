//! Bytes that a port of a switch received and sent, tick by tick, for the last 128 ticks: what is asked where a switch
//! loses packets, to see over which of its cables they are sent again (`detect/inner_loss`).
//!
//! A tick is kept in 16 bits a way (`short.rs`): good to one part in 2,000, and no more than half a kilobyte a port.

use super::packed;
use super::port::{Moved, PortState};
use super::short::Short;
use arraydeque::{ArrayDeque, behavior::Wrapping};
use serde::{Deserialize, Serialize};
use std::f64::consts::PI;

/// Ticks kept: 40 ticks of a loss, and twice as many of before to compare with.
pub const TRAIL: usize = 128;
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
    ticks: ArrayDeque<[Short; 2], TRAIL, Wrapping>,
    newest: i64,
}

impl Trail {
    pub fn add(&mut self, tick: i64, moved: Moved) {
        let skipped = if self.ticks.is_empty() { 0 } else { tick - self.newest - 1 };
        (0..skipped.clamp(0, TRAIL as i64)).for_each(|_| _ = self.ticks.push_back([Short::UNKNOWN; 2]));
        let short = |bytes: Option<i64>| Short::of(bytes.filter(|&bytes| bytes >= 0).map(|bytes| bytes as f32));
        self.ticks.push_back([moved.received, moved.sent].map(short));
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
            match self.ticks[(tick - oldest) as usize][way as usize].get() {
                None => pause += 1.0,
                Some(told) => {
                    let share = (PI * ((tick - from) as f64 + 0.5) / length).sin().powi(2);
                    bytes += share * f64::from(told);
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
        if let Some(moved) = self.moved(tick) {
            self.trail.get_or_insert_default().add(tick, moved);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trail(ticks: impl Iterator<Item = i64>) -> Trail {
        let (mut trail, mut before) = (Trail::default(), None);
        for tick in ticks {
            if let Some(since) = before.replace(tick).map(|before| tick - before) {
                let (sent, received) = (Some(since * 500), Some(since * 1_000));
                trail.add(tick, Moved { length_ns: since, sent, received });
            }
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

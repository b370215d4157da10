//! Whether the queue of a port stands for longer than its link is busy.
//!
//! A port that has a queue sends at the rate of its link. The part of the readings that see a queue is therefore no more
//! than the part of the time that the link is busy, whatever the traffic is like:
//!
//! ```text
//! readings that see a queue / readings  ≤  bits sent / (seconds · rate of the link)
//! ```
//! A link that serves at less than its planned rate breaks this rule for the planned rate. The rule needs no reading of the
//! rate itself, so that it holds where a reading spans several transfers, at 1 Hz. Example: a 100 Mbit/s link sends
//! 26 Mbit/s, so that it is busy for 26 / (0.88 · 100) = 30 % of the time; a queue in 8 of 10 readings says that it serves
//! some 33 Mbit/s.
//!
//! The readings since the rule was last kept are summed apart from those before (cumulative sum, Page 1954):
//!
//! ```text
//! excess of queues over busy time     ___________/\____/\________/‾‾‾/‾‾‾‾      the sum begins anew at 0 whenever the
//!                                                              │ now │       rule is kept; what is left is `now`
//! ```

use crate::statistics::chernoff_nats;
use serde::{Deserialize, Serialize};

/// The part of its planned rate that a sound link carries in user bytes at least. Ethernet framing takes 24 bytes a packet
/// (preamble, gap and check sum), 4 % of packets of 600 bytes; the other 8 % are left to bursts that a reading cuts in two.
const SOUND: f32 = 0.88;
/// Readings of the past before they are halved, so that the past follows a change of the traffic within some two minutes
/// at 1 Hz.
const MOST_BEFORE: u16 = 120;

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Backlog {
    /// The readings since the queue began to stand for longer than the link is busy; empty while it does not.
    pub now: Stretch,
    /// The readings before, from the first queue that stood.
    pub before: Stretch,
}

/// Readings in a row, summed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Stretch {
    /// When the interval before the first of the readings began.
    pub since_ns: i64,
    pub readings: u16,
    /// Of the readings, those that saw a queue stand.
    pub standing: u16,
    /// Bits sent in the intervals before the readings, and how long these intervals are together.
    pub bits: f32,
    pub seconds: f32,
    /// The highest rate of any of the intervals.
    pub peak_bps: f32,
}

impl Stretch {
    fn add(&mut self, next: Stretch) {
        if self.readings == 0 {
            self.since_ns = next.since_ns;
        }
        self.readings = self.readings.saturating_add(next.readings);
        self.standing = self.standing.saturating_add(next.standing);
        (self.bits, self.seconds) = (self.bits + next.bits, self.seconds + next.seconds);
        self.peak_bps = self.peak_bps.max(next.peak_bps);
    }

    fn halve(&mut self) {
        (self.readings, self.standing) = (self.readings / 2, self.standing / 2);
        (self.bits, self.seconds) = (self.bits / 2.0, self.seconds / 2.0);
    }

    pub fn bps(&self) -> f64 {
        f64::from(self.bits) / f64::from(self.seconds).max(1e-9)
    }

    /// The part of the readings that saw a queue stand.
    pub fn stood(&self) -> f64 {
        f64::from(self.standing) / f64::from(self.readings).max(1.0)
    }

    /// The part of the time that a sound link would have been busy at most.
    pub fn busy(&self, planned_bps: f64) -> f64 {
        (self.bps() / (f64::from(SOUND) * planned_bps)).min(1.0)
    }

    /// How surely the queue stood for longer than a sound link would have been busy, in nats.
    pub fn nats(&self, planned_bps: f64) -> f64 {
        chernoff_nats(f64::from(self.readings), self.stood(), self.busy(planned_bps))
    }
}

impl Backlog {
    pub fn add(&mut self, reading: Stretch, planned_bps: f64) {
        self.now.add(reading);
        if self.now.stood() <= self.now.busy(planned_bps) {
            self.before.add(std::mem::take(&mut self.now));
            if self.before.readings > MOST_BEFORE {
                self.before.halve();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLANNED: f64 = 1e9;

    fn after(readings: impl IntoIterator<Item = (f32, bool)>) -> Backlog {
        let mut backlog = Backlog::default();
        for (i, (bits, stands)) in readings.into_iter().enumerate() {
            let since_ns = i as i64 * 1_000_000_000;
            let standing = u16::from(stands);
            backlog.add(Stretch { since_ns, readings: 1, standing, bits, seconds: 1.0, peak_bps: bits }, PLANNED);
        }
        backlog
    }

    #[test]
    fn a_queue_that_stands_while_its_link_is_busy_is_no_backlog_and_a_longer_one_is() {
        // 30 % busy, and a queue seen in three of ten readings; then in eight, at less traffic.
        let sound = (0..100).map(|i| (3e8, i % 10 < 3));
        assert!(after(sound.clone()).now.nats(PLANNED) < 1.0);
        let slow = after(sound.chain((0..20).map(|i| (2.5e8, i % 5 != 4))));
        assert!(slow.now.nats(PLANNED) > 10.0, "{slow:?}");
        assert!(slow.now.since_ns >= 95_000_000_000 && slow.before.stood() < 0.35);
    }

    #[test]
    fn readings_of_a_sound_link_accuse_it_one_time_in_e_to_the_nats() {
        // Every pattern of 16 readings at 44 % utilisation, half the time busy by its bound: 2^16 equally likely ones.
        let beyond = (0..1_u32 << 16).filter(|pattern| {
            let readings = (0..16).map(|i| (4.4e8, pattern >> i & 1 == 1));
            after(readings).now.nats(PLANNED) >= 6.9
        });
        // A stretch may begin at any of the readings, and does.
        assert!((beyond.count() as f64) < 65_536.0 * 16.0 * (-6.9_f64).exp());
    }
}

//! Whether a port's queue stands for longer than a sound link is busy: of a link that serves at its planned rate, no more
//! readings see a queue than its utilisation says. Slow sampling, one reading in several transfers, tells no rate but this.

use serde::{Deserialize, Serialize};

/// A link at its planned rate carries this part of it in user bytes at least: framing takes up to 4 %, bursts the rest.
const SOUND: f32 = 0.88;
/// Readings of the past kept; then they count half.
const REMEMBERED: u16 = 120;

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Backlog {
    /// Since the queue began to stand for longer than it should; empty while it does not (CUSUM: Page 1954).
    pub now: Stretch,
    /// All before that, from the first queue that stood.
    pub before: Stretch,
}

/// Readings in a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Stretch {
    /// When the first of their intervals began.
    pub since_ns: i64,
    pub readings: u16,
    pub standing: u16,
    pub bits: f32,
    pub seconds: f32,
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

    /// Part of the readings that saw a queue stand.
    pub fn stood(&self) -> f64 {
        f64::from(self.standing) / f64::from(self.readings).max(1.0)
    }

    /// The most of the time that a sound link would have been busy.
    pub fn busy(&self, planned_bps: f64) -> f64 {
        (self.bps() / (f64::from(SOUND) * planned_bps)).min(1.0)
    }

    /// How surely the queue stood for longer than that: by Chernoff's bound, its chance on a sound link is below e^-this.
    pub fn nats(&self, planned_bps: f64) -> f64 {
        let (stood, busy) = (self.stood(), self.busy(planned_bps));
        if stood <= busy {
            return 0.0;
        }
        let term = |p: f64, q: f64| if p > 0.0 { p * (p / q.max(1e-9)).ln() } else { 0.0 };
        f64::from(self.readings) * (term(stood, busy) + term(1.0 - stood, 1.0 - busy))
    }
}

impl Backlog {
    pub fn tell(&mut self, reading: Stretch, planned_bps: f64) {
        self.now.add(reading);
        if self.now.stood() <= self.now.busy(planned_bps) {
            self.before.add(std::mem::take(&mut self.now));
            if self.before.readings > REMEMBERED {
                self.before.halve();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLANNED: f64 = 1e9;

    fn told(readings: impl IntoIterator<Item = (f32, bool)>) -> Backlog {
        let mut backlog = Backlog::default();
        for (i, (bits, stands)) in readings.into_iter().enumerate() {
            let since_ns = i as i64 * 1_000_000_000;
            let standing = u16::from(stands);
            backlog.tell(Stretch { since_ns, readings: 1, standing, bits, seconds: 1.0, peak_bps: bits }, PLANNED);
        }
        backlog
    }

    #[test]
    fn a_queue_that_stands_while_its_link_is_busy_is_no_backlog_and_a_longer_one_is() {
        // 30 % busy, and a queue seen in three of ten readings; then in eight, at less traffic.
        let sound = (0..100).map(|i| (3e8, i % 10 < 3));
        assert!(told(sound.clone()).now.nats(PLANNED) < 1.0);
        let slow = told(sound.chain((0..20).map(|i| (2.5e8, i % 5 != 4))));
        assert!(slow.now.nats(PLANNED) > 10.0, "{slow:?}");
        assert!(slow.now.since_ns >= 95_000_000_000 && slow.before.stood() < 0.35);
    }

    #[test]
    fn readings_of_a_sound_link_accuse_it_one_time_in_e_to_the_nats() {
        // Every pattern of 16 readings at 44 % utilisation, half the time busy by its bound: 2^16 equally likely ones.
        let beyond = (0..1_u32 << 16).filter(|pattern| {
            let readings = (0..16).map(|i| (4.4e8, pattern >> i & 1 == 1));
            told(readings).now.nats(PLANNED) >= 6.9
        });
        // A stretch may begin at any of the readings, and does.
        assert!((beyond.count() as f64) < 65_536.0 * 16.0 * (-6.9_f64).exp());
    }
}

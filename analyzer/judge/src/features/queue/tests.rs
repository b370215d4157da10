//! A port that works while it has something to send, as simulated: bursts, readings of it, and what they teach.

use super::*;

/// A port, and how it is read.
#[derive(Clone, Copy, Debug)]
pub struct Port {
    /// Of the planned rate.
    pub capacity: f64,
    pub load: f64,
    /// The part of the bursts that come faster than the link sends, so that a queue stands while they are sent.
    pub stands: f64,
    /// From one burst to the next, s, and by which part of it that varies.
    pub period_s: f64,
    pub jitter: f64,
    /// Stamps are wrong by up to so many seconds either way.
    pub stamps_s: f64,
    /// The part of its time for which pauses hold it up, evenly.
    pub paused: f64,
}

pub const SOUND: Port =
    Port { capacity: 1.0, load: 0.3, stands: 0.8, period_s: 1.63, jitter: 0.05, stamps_s: 0.0, paused: 0.0 };

/// Marsaglia's xorshift, 2003: evenly between 0 and 1.
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn around(&mut self, width: f64) -> f64 {
        (2.0 * self.roll() - 1.0) * width
    }
}

/// Time goes on from port to port, so that one may become slow.
pub struct Simulated {
    pub queue: Queue,
    dice: Dice,
    /// The burst that is sent, or the last one: from when to when, at which rate, with a queue.
    burst: (f64, f64, f64, bool),
    next_s: f64,
    at_s: f64,
    phase_s: f64,
    stamp_s: f64,
}

impl Simulated {
    pub fn new(seed: u64) -> Simulated {
        let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        (0..8).for_each(|_| _ = dice.roll());
        let (next_s, phase_s) = (dice.roll(), dice.roll());
        let burst = (0.0, 0.0, 0.0, false);
        Simulated { queue: Queue::default(), dice, burst, next_s, at_s: 0.0, phase_s, stamp_s: 0.0 }
    }

    /// So many readings, a second apart.
    pub fn read(&mut self, port: Port, readings: usize) -> &mut Simulated {
        for _ in 0..readings {
            let until_s = self.at_s.floor() + 1.0 + self.phase_s.fract();
            let (sent, stands) = self.send(port, until_s);
            let stamp_s = until_s + self.dice.around(port.stamps_s);
            let span = Span {
                tick: ShortTick::of(self.at_s as i64),
                seconds: (stamp_s - self.stamp_s) as f32,
                busy_s: sent as f32,
                held_s: (port.paused * (stamp_s - self.stamp_s)) as f32,
            };
            self.queue.add(stands, span);
            (self.at_s, self.stamp_s) = (until_s, stamp_s);
        }
        self
    }

    /// What is sent up to a moment, in seconds of the planned rate, and whether a queue stands then.
    fn send(&mut self, port: Port, until_s: f64) -> (f64, bool) {
        let (mut at_s, mut sent) = (self.at_s, 0.0);
        loop {
            let (from_s, to_s, rate, queued) = self.burst;
            sent += (to_s.min(until_s) - from_s.max(at_s)).max(0.0) * rate;
            if to_s > until_s || self.next_s > until_s {
                let holds = (port.paused > 0.0 && self.dice.roll() < port.paused)
                    || queued && from_s <= until_s && until_s < to_s;
                return (sent, holds);
            }
            at_s = to_s.max(at_s);
            let (begins_s, work) = (self.next_s.max(to_s), port.load * port.period_s);
            let queued = self.dice.roll() < port.stands;
            let rate = port.capacity * if queued { 1.0 } else { 0.95 };
            self.burst = (begins_s, begins_s + work / rate, rate, queued);
            self.next_s += port.period_s * (1.0 + self.dice.around(port.jitter));
        }
    }
}

fn slowest(queue: &Queue) -> f64 {
    queue.slower.iter().map(|slower| slower.against_full(1.0)).fold(0.0, f64::max)
}

#[test]
fn a_slow_link_speaks_soon_and_for_its_own_capacity() {
    for (capacity, load, readings) in [(0.5, 0.3, 100), (0.6, 0.31, 200), (0.4, 0.26, 60)] {
        let mut port = Simulated::new(3);
        port.read(SOUND, 200);
        assert!(slowest(&port.queue) < 5.0, "sound: {}", slowest(&port.queue));
        port.read(Port { capacity, load, stands: 1.0, ..SOUND }, readings);
        let best = (0..9).max_by(|&a, &b| {
            let nats = |at: usize| port.queue.slower[at].against_full(1.0);
            nats(a).total_cmp(&nats(b))
        });
        assert!(slowest(&port.queue) > 9.2, "{capacity}: {}", slowest(&port.queue));
        assert!((f64::from(CAPACITIES[best.unwrap()]) - capacity).abs() < 0.15, "{capacity}");
    }
}

#[test]
fn a_mended_link_is_sound_within_a_few_readings_and_one_at_rest_says_nothing() {
    let slow = Port { capacity: 0.5, stands: 1.0, ..SOUND };
    let mut port = Simulated::new(5);
    port.read(slow, 100);
    assert!(port.queue.sound_nats(4) < 3.0 && slowest(&port.queue) > 12.0);
    port.read(Port { load: 0.0, ..slow }, 100);
    assert!(port.queue.sound_nats(4) < 3.0 && slowest(&port.queue) > 12.0, "nothing was sent");
    port.read(SOUND, 40);
    assert!(port.queue.sound_nats(4) >= 3.0 && port.queue.slower[4].against_full(1.0) < 3.0);
}

#[test]
fn readings_that_are_alike_end_nothing_and_a_rate_above_the_capacity_does() {
    let mut port = Simulated::new(5);
    port.read(Port { capacity: 0.5, stands: 1.0, ..SOUND }, 100).read(SOUND, 40);
    let readings = std::cell::Cell::new(0.0);
    let of = |nats: f64| {
        readings.set(nats);
        nats
    };
    assert!(port.queue.sound_nats_of(4, |_| 1.0) >= 3.0 && port.queue.sound_nats_of(4, of) < 3.0);
    // The sum may begin a little before the link was mended, and not with the first of 140 readings.
    assert!((3.0..=60.0).contains(&readings.get()), "{}", readings.get());
    let whole = Span { tick: ShortTick::of(200), seconds: 1.0, busy_s: 0.9, held_s: 0.0 };
    (0..2).for_each(|_| port.queue.add(false, whole));
    assert!(port.queue.sound_nats_of(4, |readings| readings) >= 3.0, "one reading is enough");
}

#[test]
fn what_is_unknown_or_explained_by_pauses_says_nothing() {
    let mut port = Simulated::new(7);
    for _ in 0..60 {
        port.read(Port { capacity: 0.3, stands: 1.0, ..SOUND }, 1);
        port.queue.interrupt();
    }
    assert_eq!(port.queue, Queue::default());
    let mut paused = Simulated::new(7);
    paused.read(Port { load: 0.1, paused: 0.6, ..SOUND }, 200);
    assert!(slowest(&paused.queue) < 5.0, "{}", slowest(&paused.queue));
}

#[test]
fn what_is_suspicious_teaches_nothing() {
    let mut port = Simulated::new(11);
    port.read(Port { stands: 0.2, ..SOUND }, 300);
    let known = port.queue.load.busy;
    port.read(Port { capacity: 0.4, stands: 1.0, ..SOUND }, 200);
    assert!(port.queue.load.busy - known < 4.0, "a few readings until it is suspicious");
}

#[test]
fn a_port_is_busier_that_sends_more_than_it_used_to() {
    for (load, expected) in [(0.2, false), (0.4, true)] {
        let mut port = Simulated::new(13);
        port.read(Port { stands: 0.2, ..SOUND }, 300).read(Port { load, ..SOUND }, 60);
        assert_eq!(port.queue.is_busier(), expected, "{load}");
    }
}

#[test]
fn a_queue_is_small() {
    assert!(size_of::<Queue>() <= 304, "{}", size_of::<Queue>());
}

//! Whether the queue of a port stands for longer than its link would be busy at the planned rate, and than it used to.
//!
//! A port that has a queue sends as fast as its link lets it. A queue therefore stands no longer than the link is busy,
//! whatever the traffic is like:
//!
//! ```text
//! chance that a reading sees a queue   ≤   u / c  +  h           u  bits sent / (seconds · planned rate)
//!                                                                c  capacity of the link, as a part of the planned rate: 1
//!                                                                h  part of the time for which pauses held the port up
//! ```
//! u and h are means over the intervals before and after a reading. Example: a link of 100 Gbit/s sends 30 Gbit/s. If it is
//! sound, a queue stands in 30 of 100 readings at most; at a capacity of 0.5 it may stand in 60.
//!
//! Each reading is weighed by logarithms of likelihood ratios, summed since each of these changes may have begun
//! (`statistics/cusum.rs`):
//!
//! | sums | question | null | alternatives |
//! |---|---|---|---|
//! | [`Slower`] | does the link serve at less than its planned rate? | u + h | u / c + h, for nine capacities c |
//! | [`Longer`] | does the queue stand for longer than it used to? | min(ψ⁺, 1) · u + h | ψ · u + h, for seven ψ |
//!
//! ψ is how many readings see a queue in a busy second, less those that pauses explain; ψ⁺ is the most that it can have been
//! so far. A reading is known when the interval after it has ended. What is unknown (a gap, a reset, stamps that stand still)
//! is not weighed, and what is suspicious teaches nothing.

mod inflation;
#[cfg(test)]
pub mod tests;

pub use inflation::Inflation;

use super::short::ShortTick;
use crate::statistics::Cusum;
use serde::{Deserialize, Serialize};

/// Capacities that are tried, as parts of the planned rate.
pub const CAPACITIES: [f32; 9] = [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1];
/// How long queues may stand that stand longer than they used to, in times of what a sound link would be busy: each twice
/// the one before: of a queue that stands four times as long, the sum of an alternative that is off by √2 still grows by
/// nine tenths.
const STANDS: [f32; 7] = [0.125, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0];
/// A rate that is greater than a capacity by this part of the planned rate refutes it: it is beyond the middle between the
/// capacity and the next one.
const HALF_STEP: f32 = 0.05;
/// Of a capacity, what a link must carry for the absence of a queue to say that it is not as slow as that: what asks less
/// of a slow link need not wait there either, acknowledgements for example. A link that is busy for a fifth of the time
/// would show a queue in about as many readings.
const CARRIED: f32 = 0.2;
/// No chance is held to be nearer to 0 or to 1: one reading in a thousand is not what it says.
const LEAST: f32 = 1e-4;
const MOST: f32 = 0.999;
/// A sum of a longer queue, in nats, from which on readings are suspicious, and teach nothing of what is usual: chance makes
/// one in twenty.
const SUSPICIOUS: f32 = 3.0;
/// Evidence of a capacity in nats with which a port is looked at. The mean over s adds 4 at most (of a slope of 50), and
/// the far end as much as this one has, which leaves the lowest bar of 6.9 and its prices far above.
const SPEAKS: f32 = 2.0;
/// Evidence that a link is not as slow as a capacity says, in nats, at which all that spoke for that capacity is void:
/// chance makes as much of a slow link one time in 400. No more is kept, so that a link that gets slow again is soon seen.
const VOID: f32 = 6.0;
/// Readings by which the load of late is a mean: as many as the evidence of half a rate needs (docs/judging/links.md).
const LATELY: f32 = 32.0;
/// Busy readings until what is usual counts half: its bound ψ⁺ is then within 2/√4,096 = 3 % of it.
const MOST_BUSY: f32 = 4_096.0;

/// What is known of the queue of a port that was ever seen to stand.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Queue {
    /// The last reading, whose interval after it has not ended.
    last: Option<Reading>,
    /// By capacity.
    pub slower: [Slower; CAPACITIES.len()],
    /// Readings that the reverse sum of each holds, 255 at the most.
    sound_readings: [u8; CAPACITIES.len()],
    pub longer: [Longer; STANDS.len()],
    /// Readings that saw a queue stand, less those that pauses explain.
    stood: f32,
    load: Load,
    /// The part of the time for which a sound link would be busy, by the last readings.
    lately: f32,
    pub inflation: Inflation,
}

/// What a port had to send in readings that are no longer known one by one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Load {
    readings: f32,
    /// For how many readings' worth of time a sound link was busy.
    busy: f32,
}

/// A reading of the queue, with the interval before it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Reading {
    stands: bool,
    before: Span,
}

/// What happened between two readings.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Span {
    /// The tick in which it began.
    pub tick: ShortTick,
    pub seconds: f32,
    /// For how long a link at the planned rate was busy with what was sent, s.
    pub busy_s: f32,
    /// For how long pauses held the port up, s.
    pub held_s: f32,
}

/// The evidence that a link has one of the capacities, against congestion of a sound link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Slower {
    /// Against a queue that stands whenever a sound link is busy, which is the most that congestion can do.
    slow: Cusum,
    /// By how much less likely the same readings are per part of the busy time in which no queue stands.
    steepness: f32,
    /// The tick in which the sum began.
    pub since: ShortTick,
    /// The reverse, since it began: that the link is sound, against this capacity.
    sound: Cusum,
}

/// The evidence that a queue stands for longer than it used to, by one alternative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Longer {
    pub sum: Cusum,
    pub since: ShortTick,
}

/// A reading, and what the intervals on either side say of it.
#[derive(Clone, Copy, Debug)]
struct Seen {
    stands: bool,
    busy: f32,
    held: f32,
    /// The lesser of the rates before and after it, of the planned rate.
    rate: f32,
    since: ShortTick,
}

impl Queue {
    /// A queue that is seen for the first time, on a port that had this to send before.
    pub fn after(load: Load) -> Queue {
        Queue { load, lately: load.mean(), ..Queue::default() }
    }

    /// Takes in a reading of the queue and the interval before it.
    pub fn add(&mut self, stands: bool, before: Span) {
        if let Some(last) = self.last.replace(Reading { stands, before }) {
            let seconds = last.before.seconds + before.seconds;
            self.weigh(Seen {
                stands: last.stands,
                busy: ((last.before.busy_s + before.busy_s) / seconds).min(1.0),
                held: ((last.before.held_s + before.held_s) / seconds).min(1.0),
                rate: last.before.rate().min(before.rate()),
                since: last.before.tick,
            });
        }
    }

    /// What lies around the last reading is not known.
    pub fn interrupt(&mut self) {
        self.last = None;
    }

    fn weigh(&mut self, seen: Seen) {
        self.lately += (seen.busy - self.lately) / LATELY;
        let (most_usual, inflation) = (self.most_usual(), self.inflation.at_least() as f32);
        let sound = seen.ln_chance(1.0);
        let steepness = seen.steepness();
        for ((slower, readings), capacity) in self.slower.iter_mut().zip(&mut self.sound_readings).zip(CAPACITIES) {
            let begins = match seen.rate > capacity + HALF_STEP {
                true => slower.refute(inflation),
                false => slower.add(seen.ln_chance(1.0 / capacity) - sound, steepness, (&seen, capacity), inflation),
            };
            *readings = if begins { 1 } else { readings.saturating_add(1) };
        }
        let usual = seen.ln_chance(most_usual.min(1.0));
        for (longer, stands) in self.longer.iter_mut().zip(STANDS) {
            if stands <= most_usual {
                longer.sum = Cusum::default();
            } else if longer.sum.add(seen.ln_chance(stands) - usual) {
                longer.since = seen.since;
            }
        }
        let most = self.longer.iter().map(|longer| longer.sum.nats()).fold(0.0, f32::max);
        if most <= SUSPICIOUS * inflation {
            self.learn(seen);
        }
    }

    fn learn(&mut self, seen: Seen) {
        let stands = f32::from(u8::from(seen.stands));
        let usual = (self.stood + 0.5) / (self.load.busy + 0.5);
        self.inflation.add(stands - (usual * seen.busy + seen.held).min(1.0));
        self.stood += (stands - seen.held).max(0.0);
        if self.load.add(seen.busy) {
            self.stood /= 2.0;
        }
    }

    /// The evidence in nats that the link is not as slow as a capacity, since that last had evidence of its own.
    pub fn sound_nats(&self, capacity: usize) -> f64 {
        self.slower[capacity].sound(self.inflation.at_least())
    }

    /// The same, where it is to be divided by `alike` of so many readings: by how much less these say than independent ones.
    pub fn sound_nats_of(&self, capacity: usize, alike: impl Fn(f64) -> f64) -> f64 {
        let own = self.inflation.at_least();
        self.slower[capacity].sound(own.max(alike(f64::from(self.sound_readings[capacity]))))
    }

    /// Some capacity has more evidence than chance makes of most queues at most times, so that it is worth a closer look.
    pub fn speaks(&self) -> bool {
        self.slower.iter().any(|slower| slower.slow.nats() >= SPEAKS)
    }

    /// The part of the time for which a sound link would be busy, by the last readings.
    pub fn lately(&self) -> f32 {
        self.lately
    }

    /// The port has more to send lately than it used to.
    pub fn is_busier(&self) -> bool {
        self.lately > self.load.mean()
    }

    /// ψ⁺: two standard deviations of a count above what was seen. A port of which nothing is known begins above 1.
    fn most_usual(&self) -> f32 {
        let stood = self.stood + 0.5;
        (stood + 2.0 * stood.sqrt()) / (self.load.busy + 0.5)
    }
}

impl Load {
    /// Takes in one reading. True where all that came before counts half from now on.
    pub fn add(&mut self, busy: f32) -> bool {
        (self.readings, self.busy) = (self.readings + 1.0, self.busy + busy);
        let is_old = self.busy > MOST_BUSY;
        if is_old {
            (self.readings, self.busy) = (self.readings / 2.0, self.busy / 2.0);
        }
        is_old
    }

    fn mean(&self) -> f32 {
        if self.readings > 0.0 { self.busy / self.readings } else { 0.0 }
    }
}

impl Span {
    /// Of the planned rate.
    fn rate(&self) -> f32 {
        self.busy_s / self.seconds
    }

    /// For which part of it a sound link was busy.
    pub fn busy(&self) -> f32 {
        self.rate().min(1.0)
    }
}

impl Seen {
    /// The chance of a queue that stands for so many times as long as a sound link is busy.
    fn chance(&self, stands: f32) -> f32 {
        (stands * self.busy + self.held).clamp(LEAST, MOST)
    }

    /// The logarithm of the chance of what was seen.
    fn ln_chance(&self, stands: f32) -> f32 {
        let chance = self.chance(stands);
        if self.stands { chance.ln() } else { (1.0 - chance).ln() }
    }

    /// How fast that logarithm grows with the part of the busy time in which a queue stands, where that part is 1.
    fn steepness(&self) -> f32 {
        let chance = self.chance(1.0);
        if self.stands { self.busy / chance } else { -self.busy / (1.0 - chance) }
    }
}

impl Slower {
    /// Takes in by how much likelier a reading is at this capacity, nats, and how fast what it is compared with grows. True where
    /// the reverse sum begins with that reading.
    fn add(&mut self, nats: f32, steepness: f32, (seen, capacity): (&Seen, f32), inflation: f32) -> bool {
        if self.slow.add(nats) {
            (self.steepness, self.since) = (0.0, seen.since);
        }
        self.steepness += steepness;
        (nats > 0.0 || seen.busy >= CARRIED * capacity) && self.speak_sound(-nats, inflation)
    }

    /// The link was faster than that: one reading is enough, wherever in an iteration it lies.
    fn refute(&mut self, inflation: f32) -> bool {
        self.sound = Cusum::default();
        self.speak_sound(VOID * inflation, inflation)
    }

    fn speak_sound(&mut self, nats: f32, inflation: f32) -> bool {
        let begins = self.sound.add(nats);
        if self.sound.nats() >= VOID * inflation {
            *self = Slower { since: self.since, ..Slower::default() };
            self.sound.add(VOID * inflation);
        }
        begins
    }

    /// The evidence in nats that the link has this capacity, against a congestion in which a queue stands whenever a sound
    /// link is busy.
    pub fn against_full(&self, inflation: f64) -> f64 {
        f64::from(self.slow.nats()).max(0.0) / inflation
    }

    /// The same against a congestion in which a queue stands in any part s of the busy time, all parts from 0 to 1 being as
    /// likely:
    ///
    /// ```text
    /// slow − ln ∫ L(s) / L(1) ds   ≥   slow − ln ((1 − e^−g) / g)        g  the steepness of ln L(s) at s = 1
    /// ```
    /// The logarithm of a chance that grows evenly with s is concave in s, so that it lies below its tangent at 1.
    pub fn against_any(&self, inflation: f64) -> f64 {
        let g = f64::from(self.steepness) / inflation;
        let mean = if g.abs() < 1e-6 { 1.0 } else { -(-g).exp_m1() / g };
        (self.against_full(inflation) - mean.ln()).max(0.0)
    }

    /// The evidence in nats that the link is not as slow as this.
    fn sound(&self, inflation: f64) -> f64 {
        f64::from(self.sound.nats()).max(0.0) / inflation
    }
}

//! The balance of a switch: packets that it took in and that did not come out again.
//!
//! ```text
//! missing  =  Σ received  −  Σ sent  −  Σ dropped or damaged, and counted  −  packets that wait in its queues
//!
//! a sound switch      0  −26   12    0   −9   40    0        wanders, as its ports are not read at one instant
//! it loses packets    0   24   48   77   90  121  144        grows by what is lost, whoever counts it or does not
//! ```
//! All ports of a device are read by one collector within moments of each other, so that no clocks are compared, and it
//! shows packets that vanish *behind* a port that has counted them: the two ends of each of its cables agree about
//! those. A point is kept of each tick in which all ports were read within half an interval.
//!
//! What goes to a port that has just lost its link vanishes for a known reason: the growth of such ticks is left out.
//! What waits for a port that is paused is not lost: such ticks have no point, and what they brought shows in the next
//! one. (Leaving their growth out as well would add what was held and never take off what came out again.) Packets that
//! leave by a port without a cable in the plan have left.
//!
//! Six kilobytes a switch; some additions a port and tick.

use super::packed;
use super::port::PortState;
use super::sample::{Sample, rise};
use crate::statistics::{Ramp, Reading, ramp};
use arraydeque::{ArrayDeque, behavior::Wrapping};
use serde::{Deserialize, Serialize};

/// Points kept: 80 that show a growth in blocks of 16, 16 between, and nine blocks of before: 240.
const POINTS: usize = 256;
/// A growth of so many nats is followed: below the bar of every interval up to a minute (18.8 nats).
const FOLLOWED: f64 = 15.0;
/// A loss goes on while at least half of what it would take is missing anew, and is over with less than a quarter;
/// where it would take 8 packets or more, of which Poisson's law leaves fewer than 2 once in 300 times.
const GOES_ON: f64 = 0.5;
const OVER: f64 = 0.25;
const EXPECTED: f64 = 8.0;
/// Of a growth, the part that may lie before it is said to begin.
const TAIL: f64 = 0.1;
/// Packets that wait are no smaller than this: the shortest frame of Ethernet.
const LEAST_PACKET: f64 = 64.0;
/// What is sent to a port that lost its link vanishes until everybody has given up on it.
const GIVEN_UP_NS: i64 = 180_000_000_000;

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Point {
    tick: i64,
    missing: f64,
    taken: f64,
}

/// Packets that a switch loses.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Loss {
    /// How surely the balance grows.
    pub nats: f64,
    /// The first tick that lost packets, and the last one that is known to.
    pub since_tick: i64,
    pub until_tick: i64,
    /// Between the two: packets lost, and packets taken in.
    pub lost: f64,
    pub taken: f64,
    /// `missing` and `taken` when it began.
    from: (f64, f64),
    /// Readings a block that show it best.
    width: usize,
}

impl Loss {
    /// Of the packets taken in, the part that is lost.
    pub fn ratio(&self) -> f64 {
        (self.lost / self.taken.max(1.0)).clamp(0.0, 1.0)
    }

    pub fn per_tick(&self) -> f64 {
        self.lost / (self.until_tick + 1 - self.since_tick).max(1) as f64
    }
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Balance {
    #[serde(with = "packed::ring")]
    points: ArrayDeque<Point, POINTS, Wrapping>,
    missing: f64,
    taken: f64,
    /// Of what is missing, what is known to be lost for a reason, or not to be lost.
    explained: f64,
    /// How many ports with a cable tell their packets; `None` when they are to be counted anew.
    ports: Option<u16>,
    /// What is missing since the last point may be missing because a link changed.
    is_doubtful: bool,
    loss: Option<Loss>,
    /// By the end of this tick the last loss was over.
    over_tick: Option<i64>,
    #[serde(skip)]
    told: Told,
}

/// The ports of a tick.
#[derive(Clone, Copy, Debug, Default)]
struct Told {
    ports: u16,
    waiting: f64,
    /// One of them was paused for more than half of the time.
    is_held: bool,
    first_ns: i64,
    last_ns: i64,
}

impl Balance {
    /// Takes in the readings of a port in a tick; `before`: its last packets before.
    pub fn add(&mut self, port: &PortState, before: Option<Sample>, has_cable: bool, now_ns: i64) {
        self.missing -= f64::from(port.thrown);
        let Some(last) = port.packets else { return };
        let Some(before) = before else {
            self.begin_anew();
            return;
        };
        let interval_ns = last.ts_ns - before.ts_ns;
        if interval_ns <= 0 {
            return;
        }
        let passed = rise(before.rx_packets, last.rx_packets).zip(rise(before.tx_packets, last.tx_packets));
        let Some((received, sent)) = passed.filter(|(received, sent)| *received >= 0 && *sent >= 0) else {
            self.begin_anew();
            return;
        };
        self.missing -= sent as f64;
        if has_cable {
            self.missing += received as f64;
            self.taken += received as f64;
            self.told.add(&last);
            self.told.is_held |= f64::from(port.paused_us) * 2e3 > interval_ns as f64;
            self.is_doubtful |= has_changed(port, interval_ns, now_ns);
        }
    }

    /// The tick is complete. `count`: how many ports with a cable tell their packets; `apart_ns`: the readings of a
    /// point may lie so far apart.
    pub fn close(&mut self, tick: i64, apart_ns: i64, count: impl FnOnce() -> usize) {
        let told = std::mem::take(&mut self.told);
        let ports = *self.ports.get_or_insert_with(|| count() as u16);
        if told.ports == 0 || told.ports < ports || told.last_ns - told.first_ns > apart_ns || told.is_held {
            return;
        }
        let missing = self.missing - told.waiting;
        if let Some(last) = self.points.back().filter(|_| self.is_doubtful) {
            self.explained = missing - last.missing;
        }
        self.is_doubtful = false;
        self.points.push_back(Point { tick, missing: missing - self.explained, taken: self.taken });
        self.follow();
    }

    fn begin_anew(&mut self) {
        *self = Balance { over_tick: self.over_tick, ..Balance::default() };
    }

    fn point(&self, age: usize) -> Option<&Point> {
        self.points.get(self.points.len().checked_sub(age + 1)?)
    }

    fn follow(&mut self) {
        let ramp = self.ramp().filter(|ramp| ramp.nats >= self.loss.map_or(FOLLOWED, |loss| loss.nats));
        if let Some(ramp) = ramp {
            let (known, found) = (self.loss, self.begin(ramp));
            let first = known.filter(|known| known.since_tick < found.since_tick);
            self.loss = Some(first.map_or(found, |first| Loss { nats: found.nats, width: found.width, ..first }));
        }
        let Some(mut loss) = self.loss else { return };
        let (Some(now), Some(then)) = (self.point(0), self.point(loss.width)) else { return };
        let (lost, expected) = (now.missing - then.missing, loss.ratio() * (now.taken - then.taken));
        if expected >= EXPECTED && lost < expected * OVER {
            (self.loss, self.over_tick) = (None, Some(now.tick));
            return;
        }
        if ramp.is_some() || lost >= expected * GOES_ON {
            loss.until_tick = now.tick;
            (loss.lost, loss.taken) = (now.missing - loss.from.0, now.taken - loss.from.1);
        }
        self.loss = Some(loss);
    }

    /// No growth begins before the last loss was over.
    fn ramp(&self) -> Option<Ramp> {
        let is_later = |point: &&Point| self.over_tick.is_none_or(|over| point.tick > over);
        let most = self.points.iter().rev().take_while(is_later).count();
        let reading = |age: usize| {
            let point = self.points[self.points.len() - 1 - age];
            Reading { count: point.missing, passed: point.taken }
        };
        ramp(self.points.len(), most, reading)
    }

    /// The loss that a growth shows. It begins after the last point by which no more than a tenth of it had happened.
    fn begin(&self, Ramp { nats, readings }: Ramp) -> Loss {
        let start = self.points.len() - readings;
        let (first, now) = (self.points[start], self.points[self.points.len() - 1]);
        let tail = (now.missing - first.missing) * TAIL;
        let is_before = |&at: &usize| self.points[at].missing - first.missing <= tail;
        let from = self.points[(start..self.points.len() - 1).rev().find(is_before).unwrap_or(start)];
        Loss {
            nats,
            since_tick: from.tick + 1,
            until_tick: now.tick,
            lost: now.missing - from.missing,
            taken: now.taken - from.taken,
            from: (from.missing, from.taken),
            width: readings / 5,
        }
    }

    pub fn loss(&self) -> Option<&Loss> {
        self.loss.as_ref()
    }

    /// There is enough of a past for a growth to show.
    pub fn is_known(&self) -> bool {
        self.points.len() > 60
    }

    /// Points since the loss began.
    pub fn points_since(&self, tick: i64) -> usize {
        self.points.iter().rev().take_while(|point| point.tick >= tick).count()
    }

    /// The tick has a point, and there were some before.
    pub fn is_told(&self, tick: i64) -> bool {
        self.point(0).is_some_and(|point| point.tick == tick) && self.points.len() > EXPECTED as usize
    }
}

impl Told {
    fn add(&mut self, last: &Sample) {
        self.first_ns = if self.ports == 0 { last.ts_ns } else { self.first_ns.min(last.ts_ns) };
        self.last_ns = if self.ports == 0 { last.ts_ns } else { self.last_ns.max(last.ts_ns) };
        self.ports += 1;
        if let (Some(queue), Some(bytes), Some(packets)) = (last.queue_bytes, last.tx_bytes, last.tx_packets) {
            let size = (bytes.get() as f64 / packets.get().max(1) as f64).max(LEAST_PACKET);
            self.waiting += f64::from(queue) / size;
        }
    }
}

/// The link went down or came up a moment ago, or is down since not long ago: packets for it vanish.
fn has_changed(port: &PortState, interval_ns: i64, now_ns: i64) -> bool {
    let link = &port.link;
    let for_ns = if link.up == Some(false) && link.seen_up { GIVEN_UP_NS } else { 2 * interval_ns };
    let changed_ns = link.downs.last_ns().max(link.up.map(|_| link.since_ns));
    changed_ns.is_some_and(|changed_ns| now_ns - changed_ns < for_ns)
}

#[cfg(test)]
mod tests;

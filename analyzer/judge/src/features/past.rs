//! What a port did in the last two minutes, coarsely: bytes sent, and in how many ticks it was hot.
//!
//! ```text
//! ticks                |0 1 2 3|4 5 6 7|8 9 …           slots of four ticks each, 32 of them
//! bytes sent           | 4.1 MB| 3.9 MB|
//! ticks told           |   4   |   4   |
//! in which it queued   |   1   |   3   |                and the same of marked, dropped and held
//! ```
//! A port is **hot** in a tick in which packets wait at it: it dropped some, or in more than half of its readings it had marked some,
//! was held by pauses, or had a queue. Healthy ports are hot too while a job sends, so that this says something only when it is
//! compared with the port's own past (`detect/congestion`).
//!
//! 136 bytes a port, of ports with a cable that have sent anything; taken in once a tick, never once a reading.

use super::PortState;
use super::sample::Sample;
use super::short::Short;
use crate::fabric::PortId;
use serde::{Deserialize, Serialize};

/// Ticks a slot: bytes are compared over three slots and more, and four ticks more or less make no difference there.
pub const SLOT_TICKS: i64 = 4;
/// Slots kept: 128 ticks. Someone who looks after 12 ticks of a trouble then still sees 112 from before it.
pub const SLOTS: usize = 32;

/// A way to be hot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hot {
    Dropped,
    Marked,
    Held,
    Queued,
}

impl Hot {
    pub const ALL: [Hot; 4] = [Hot::Dropped, Hot::Marked, Hot::Held, Hot::Queued];
}

/// How many readings of one tick told of the port's health or queue, and how many of them showed each way.
#[derive(Clone, Copy, Debug, Default)]
pub struct Heat {
    readings: [u8; Hot::ALL.len()],
    shown: [u8; Hot::ALL.len()],
}

impl Heat {
    /// Takes in a reading.
    pub fn add(&mut self, way: Hot, is_shown: bool) {
        let at = way as usize;
        self.readings[at] = self.readings[at].saturating_add(1);
        self.shown[at] = self.shown[at].saturating_add(u8::from(is_shown));
    }

    /// A reading told of it.
    pub fn tells(&self, way: Hot) -> bool {
        self.readings[way as usize] > 0
    }

    /// A reading showed it.
    pub fn shows(&self, way: Hot) -> bool {
        self.shown[way as usize] > 0
    }

    /// One packet dropped in a tick is much; a queue or a mark in some of many readings is usual.
    fn is_hot(self, way: Hot) -> bool {
        let (readings, shown) = (self.readings[way as usize], self.shown[way as usize]);
        shown > if way == Hot::Dropped { 0 } else { readings / 2 }
    }
}

/// Ticks of a slot in which the port told anything, and in which it was hot in each way. Four at most, in three bits each.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Ticks(u16);

const BITS: u16 = 3;

impl Ticks {
    fn add(&mut self, heat: Heat) {
        self.0 += 1;
        let hot = Hot::ALL.into_iter().filter(|&way| heat.is_hot(way));
        hot.for_each(|way| self.0 += 1 << Ticks::at(way));
    }

    fn at(way: Hot) -> u16 {
        (way as u16 + 1) * BITS
    }

    fn told(self) -> u16 {
        self.0 & ((1 << BITS) - 1)
    }

    fn hot(self, way: Hot) -> u16 {
        self.0 >> Ticks::at(way) & ((1 << BITS) - 1)
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Past {
    /// Bytes sent.
    sent: [Short; SLOTS],
    ticks: [Ticks; SLOTS],
    /// Number of the newest slot: a tick's index divided by [`SLOT_TICKS`].
    newest: i64,
}

const _: () = assert!(size_of::<Past>() == 136);

impl Default for Past {
    fn default() -> Past {
        Past { sent: [Short::UNKNOWN; SLOTS], ticks: [Ticks::default(); SLOTS], newest: i64::MIN }
    }
}

/// Some of the slots that are complete: bit `age` stands for the slot `newest - age`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slots {
    pub newest: i64,
    pub mask: u32,
}

impl Slots {
    /// Those from a slot up to another, both among them.
    pub fn between(first: i64, last: i64, newest: i64) -> Slots {
        let is_within = |age: &i64| (first..=last).contains(&(newest - age));
        let mask = (0..SLOTS as i64).filter(is_within).fold(0, |mask, age| mask | 1 << age);
        Slots { newest, mask }
    }

    /// One of them alone.
    pub fn only(self, slot: i64) -> Slots {
        Slots { mask: self.mask & 1 << (self.newest - slot), ..self }
    }

    pub fn count(self) -> usize {
        self.mask.count_ones() as usize
    }

    /// Their numbers, the newest first.
    pub fn iter(self) -> impl Iterator<Item = i64> {
        (0..SLOTS as i64).filter(move |age| self.mask >> age & 1 == 1).map(move |age| self.newest - age)
    }

    /// The newest so many of them.
    pub fn newest_of(self, count: usize) -> Slots {
        let from = self.iter().take(count).last();
        self.filter(|slot| from.is_some_and(|from| slot >= from))
    }

    pub fn filter(self, is_kept: impl Fn(i64) -> bool) -> Slots {
        let kept = self.iter().filter(|&slot| is_kept(slot));
        Slots { mask: kept.fold(0, |mask, slot| mask | 1 << (self.newest - slot)), ..self }
    }
}

impl Past {
    /// Takes in a tick; `sent`: bytes since the reading before, where they are known.
    pub fn add(&mut self, tick: i64, sent: Option<f64>, heat: Heat) {
        let slot = tick.div_euclid(SLOT_TICKS);
        if slot > self.newest {
            let skipped = slot.saturating_sub(self.newest).min(SLOTS as i64);
            for between in (slot - skipped + 1)..slot {
                self.begin(between, Short::UNKNOWN);
            }
            // What was sent since a reading of long before was not sent within this slot.
            self.begin(slot, if skipped == 1 { Short::NOUGHT } else { Short::UNKNOWN });
            self.newest = slot;
        }
        let at = Past::at(slot);
        let both = self.sent[at].get().zip(sent);
        self.sent[at] = Short::of(both.map(|(before, sent)| before + sent as f32));
        self.ticks[at].add(heat);
    }

    fn at(slot: i64) -> usize {
        slot.rem_euclid(SLOTS as i64) as usize
    }

    fn begin(&mut self, slot: i64, sent: Short) {
        (self.sent[Past::at(slot)], self.ticks[Past::at(slot)]) = (sent, Ticks::default());
    }

    fn holds(&self, slot: i64) -> bool {
        slot <= self.newest && slot > self.newest.saturating_sub(SLOTS as i64)
    }

    /// Bytes sent in a slot.
    pub fn sent(&self, slot: i64) -> Option<f64> {
        let sent = self.sent[Past::at(slot)].get().filter(|_| self.holds(slot));
        sent.map(f64::from)
    }

    /// Mean bytes a slot; `None` where fewer than half of the slots are known.
    pub fn mean(&self, slots: Slots) -> Option<f64> {
        let known = || slots.iter().filter_map(|slot| self.sent(slot));
        let count = known().count();
        (count > 0 && 2 * count >= slots.count()).then(|| known().sum::<f64>() / count as f64)
    }

    /// In how many ticks the port was hot, of how many in which it told anything.
    pub fn hot(&self, way: Hot, slots: Slots) -> (f64, f64) {
        let ticks = slots.iter().filter(|&slot| self.holds(slot)).map(|slot| self.ticks[Past::at(slot)]);
        let sum = |(hot, told): (u16, u16), ticks: Ticks| (hot + ticks.hot(way), told + ticks.told());
        let (hot, told) = ticks.fold((0, 0), sum);
        (f64::from(hot), f64::from(told))
    }
}

impl PortState {
    /// Takes in the traffic of a tick: its readings, which have gone through [`PortState::update_traffic`].
    pub fn remember(&mut self, tick: i64, readings: &[(PortId, Sample)]) {
        let moved = self.moved(tick).and_then(|moved| moved.sent);
        let sent = moved.filter(|&sent| sent >= 0).map(|sent| sent as f64);
        if self.past.is_none() && sent.is_none_or(|sent| sent <= 0.0) {
            return;
        }
        let queues = readings.iter().filter_map(|(_, sample)| sample.queue_bytes);
        queues.for_each(|queue| self.heat.add(Hot::Queued, queue > 0.0));
        self.past.get_or_insert_default().add(tick, sent, self.heat);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_hold_the_bytes_and_the_hot_ticks_of_four_ticks_each() {
        let mut past = Past::default();
        let mut marked = Heat::default();
        marked.add(Hot::Marked, true);
        for tick in 0..200 {
            past.add(tick, Some(10.0), if tick % 2 == 0 { marked } else { Heat::default() });
        }
        let last = Slots::between(40, 49, 49);
        assert_eq!((last.count(), past.mean(last)), (10, Some(40.0)));
        assert_eq!((past.hot(Hot::Marked, last), past.hot(Hot::Queued, last)), ((20.0, 40.0), (0.0, 40.0)));
        assert_eq!((past.sent(17), past.sent(18)), (None, Some(40.0)), "32 slots are kept");
    }

    #[test]
    fn a_tick_is_hot_by_more_than_half_of_its_readings_and_by_one_packet_dropped() {
        for (way, shown, readings, expected) in [
            (Hot::Queued, 1, 1, true),
            (Hot::Queued, 1, 2, false),
            (Hot::Marked, 6, 10, true),
            (Hot::Held, 5, 10, false),
            (Hot::Dropped, 1, 10, true),
            (Hot::Dropped, 0, 0, false),
        ] {
            let mut heat = Heat::default();
            (0..readings).for_each(|reading| heat.add(way, reading < shown));
            assert_eq!(heat.is_hot(way), expected, "{way:?} {shown} of {readings}");
        }
    }

    #[test]
    fn what_is_not_known_is_not_nought() {
        let mut past = Past::default();
        let (told, cool) = (Some(10.0), Heat::default());
        (0..8).for_each(|tick| past.add(tick, told, cool));
        assert_eq!(past.sent(0), None, "nothing is known of what was before the first reading");
        // Ticks 8 to 15 are missing, and in tick 20 the counters began anew.
        (16..28).for_each(|tick| past.add(tick, told.filter(|_| tick != 20), cool));
        assert_eq!([1, 2, 3, 4, 5, 6].map(|slot| past.sent(slot)), [Some(40.0), None, None, None, None, Some(40.0)]);
        assert_eq!(past.mean(Slots::between(1, 6, 6)), None);
        assert_eq!(past.mean(Slots::between(5, 6, 6)), Some(40.0));
    }

    #[test]
    fn slots_are_chosen_by_number() {
        let slots = Slots::between(3, 6, 7);
        assert_eq!(slots.iter().collect::<Vec<_>>(), [6, 5, 4, 3]);
        assert_eq!(slots.filter(|slot| slot % 2 == 0).iter().collect::<Vec<_>>(), [6, 4]);
    }
}

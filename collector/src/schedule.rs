//! When to read what: every period of the wall clock has one reading, at the same instant on all nodes.
//!
//! ```text
//! rates 100 and 1000 ms     │ 0 │ 1 │ 2 │ 3 │ 4 │ 5 │ 6 │ 7 │ 8 │ 9 │      a second; each tenth is a tick
//! dithered                  │ · │·  │  ·│ · │·  │  N│·  │ · │·  │  ·│      read within the tick; the normal tier at a tick that is drawn
//! not dithered              N   ·   ·   ·   ·   ·   ·   ·   ·   ·          read when the tick begins; the normal tier at the first
//! ```
//! `weft_wire::instants` says when within a tick, and which tick of a second.

use serde::{Deserialize, Serialize};
use weft_settings::Wrong;
use weft_wire::{Tier, instants};

/// Milliseconds between two readings of a counter of each tier (`[collector] rates`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rates {
    /// Bytes, packets, backlog, pause; 0 reads them at `normal_ms` only.
    pub fast_ms: u32,
    /// Most counters.
    pub normal_ms: u32,
    /// What hardly changes, or costs much: speed, part numbers, vendor counters without a column.
    pub slow_ms: u32,
    /// Each reading is moved within its period, by the same time on all nodes, so that readings never fall in step with the iterations of a
    /// job: two of 100 ms are then 20 to 180 ms apart. `false` reads when the periods begin.
    pub dither: bool,
}

impl Default for Rates {
    fn default() -> Rates {
        Rates { fast_ms: 100, normal_ms: 1000, slow_ms: 30_000, dither: true }
    }
}

impl Rates {
    /// What the types cannot say. Errors name the key and a value that would do.
    pub fn check(&self) -> Result<(), Wrong> {
        let Rates { fast_ms, normal_ms, slow_ms, dither: _ } = *self;
        let wrong = |key: &str, what: String| Err(Wrong::new(&format!("collector.rates.{key}"), what));
        if normal_ms < 10 {
            return wrong("normal_ms", format!("{normal_ms} is below 10"));
        }
        if fast_ms != 0 && (fast_ms < 10 || !normal_ms.is_multiple_of(fast_ms)) {
            let mend = format!("write 0 (off), or a divisor of normal_ms = {normal_ms} from 10 on");
            return wrong("fast_ms", format!("{fast_ms} is none; {mend}"));
        }
        if slow_ms == 0 || !slow_ms.is_multiple_of(normal_ms) {
            return wrong("slow_ms", format!("{slow_ms} is no multiple of normal_ms = {normal_ms}"));
        }
        Ok(())
    }

    /// The length of a tick: the period of the fastest tier that is read.
    fn tick_ns(&self) -> i64 {
        i64::from(if self.fast_ms == 0 { self.normal_ms } else { self.fast_ms }) * NS_PER_MS
    }

    /// When a tick is read.
    fn due_ns(&self, tick: i64) -> i64 {
        let tick_ns = self.tick_ns();
        if self.dither { instants::reading_ns(tick, tick_ns) } else { tick * tick_ns }
    }

    /// The first tick that is read later than now.
    fn after(&self, now_ns: i64) -> i64 {
        let tick = now_ns.div_euclid(self.tick_ns());
        if self.due_ns(tick) > now_ns { tick } else { tick + 1 }
    }

    /// Of the ticks of a normal period, counted from 0, the one that reads the normal tier.
    fn normal_tick(&self, period: i64) -> i64 {
        if self.dither { instants::fuller_part(period, self.ticks_a_period()) } else { 0 }
    }

    fn ticks_a_period(&self) -> i64 {
        i64::from(self.normal_ms) * NS_PER_MS / self.tick_ns()
    }
}

/// The tiers that one tick reads. A tier includes all faster ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Round {
    pub slowest: Tier,
    /// When the tick was due, ns since the epoch.
    pub due_ns: i64,
}

impl Round {
    pub fn wants(&self, tier: Tier) -> bool {
        tier <= self.slowest
    }
}

/// Hands out rounds. A tick that comes late is not made up for, and those missed meanwhile are counted; where it would have read the
/// normal or the slow tier, the next tick does.
#[derive(Debug)]
pub struct Schedule {
    rates: Rates,
    last_tick: i64,
    /// The normal period whose reading was handed out last, and the slow one.
    normal: Option<i64>,
    slow: Option<i64>,
    pub missed: u64,
}

const NS_PER_MS: i64 = 1_000_000;
/// Ticks missed within so long are counted; a longer jump is a clock that was set.
const COUNTED_NS: i64 = 60_000 * NS_PER_MS;

impl Schedule {
    /// `rates` must have been checked.
    pub fn new(rates: Rates, now_ns: i64) -> Schedule {
        Schedule { rates, last_tick: rates.after(now_ns) - 1, normal: None, slow: None, missed: 0 }
    }

    /// The next round, given the time now. A clock set back or far ahead starts anew from there, without a burst. No tick is read
    /// twice, though its thread wakes a little early.
    pub fn next(&mut self, now_ns: i64) -> Round {
        let after = self.rates.after(now_ns);
        let tick = if after == self.last_tick { after + 1 } else { after };
        let skipped = tick - self.last_tick - 1;
        if (1..=COUNTED_NS / self.rates.tick_ns()).contains(&skipped) {
            self.missed += skipped as u64;
        }
        self.last_tick = tick;
        Round { slowest: self.slowest_at(tick), due_ns: self.rates.due_ns(tick) }
    }

    fn slowest_at(&mut self, tick: i64) -> Tier {
        let ticks = self.rates.ticks_a_period();
        let (period, within) = (tick.div_euclid(ticks), tick.rem_euclid(ticks));
        let is_first = self.slow.is_none();
        let is_normal = self.normal != Some(period) && within >= self.rates.normal_tick(period);
        if is_normal {
            self.normal = Some(period);
        }
        let slow_period = period.div_euclid(i64::from(self.rates.slow_ms / self.rates.normal_ms));
        if is_first || is_normal && self.slow != Some(slow_period) {
            self.slow = Some(slow_period);
            return Tier::Slow;
        }
        if is_normal { Tier::Normal } else { Tier::Fast }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000_000;
    const EVEN: Rates = Rates { fast_ms: 100, normal_ms: 1000, slow_ms: 30_000, dither: false };

    /// All rounds from one moment to another, of a thread that wakes when they are due.
    fn rounds(rates: Rates, from_ns: i64, to_ns: i64) -> Vec<Round> {
        let mut schedule = Schedule::new(rates, from_ns);
        let mut now_ns = from_ns;
        let next = || {
            let round = schedule.next(now_ns);
            now_ns = round.due_ns;
            round
        };
        let rounds = std::iter::repeat_with(next).take_while(|round| round.due_ns < to_ns).collect();
        assert_eq!(schedule.missed, 0);
        rounds
    }

    #[test]
    fn even_ticks_lie_on_whole_multiples_and_a_late_one_is_skipped() {
        let mut schedule = Schedule::new(EVEN, 30 * SECOND + 7);
        let first = schedule.next(30 * SECOND + 7);
        assert_eq!((first.due_ns, first.slowest), (30 * SECOND + SECOND / 10, Tier::Slow), "all is read at first");
        assert_eq!(schedule.next(first.due_ns + 5).due_ns, 30 * SECOND + 2 * SECOND / 10);
        assert_eq!(schedule.missed, 0);
        let late = schedule.next(30 * SECOND + 750_000_000);
        assert_eq!((late.due_ns, schedule.missed), (30 * SECOND + 8 * SECOND / 10, 5));
        assert_eq!(schedule.next(30 * SECOND + 999_999_999).slowest, Tier::Normal);
        assert_eq!(schedule.next(59 * SECOND + 999_999_999).slowest, Tier::Slow);
    }

    #[test]
    fn every_period_of_every_tier_has_one_reading_whenever_the_collector_was_started() {
        let rates = [
            Rates::default(),
            EVEN,
            Rates { fast_ms: 0, ..Rates::default() },
            Rates { fast_ms: 500, ..Rates::default() },
        ];
        for rates in rates {
            for start_ns in [1_796_000_000 * SECOND, 1_796_000_007 * SECOND + 512_345_678] {
                let whole_ns = start_ns - start_ns % (30 * SECOND) + 30 * SECOND;
                let rounds = rounds(rates, start_ns, whole_ns + 300 * SECOND);
                let whole: Vec<&Round> = rounds.iter().filter(|round| round.due_ns >= whole_ns).collect();
                for (tier, period_ns) in
                    [(Tier::Fast, rates.tick_ns()), (Tier::Normal, SECOND), (Tier::Slow, 30 * SECOND)]
                {
                    let periods: Vec<i64> =
                        whole.iter().filter(|round| round.wants(tier)).map(|round| round.due_ns / period_ns).collect();
                    let expected: Vec<i64> = (whole_ns / period_ns..(whole_ns + 300 * SECOND) / period_ns).collect();
                    assert_eq!(periods, expected, "{rates:?} {tier:?}");
                }
            }
        }
    }

    #[test]
    fn collectors_that_were_started_at_different_times_read_at_the_same_instants() {
        let now_ns = 1_796_000_000 * SECOND;
        let of = |start_ns: i64| {
            let rounds = rounds(Rates::default(), start_ns, now_ns + 100 * SECOND);
            rounds
                .into_iter()
                .filter(|round| round.due_ns >= now_ns)
                .map(|round| (round.due_ns, round.wants(Tier::Normal)))
        };
        assert!(of(now_ns - 31 * SECOND - 77_777_777).eq(of(now_ns - SECOND)));
    }

    #[test]
    fn a_tick_is_not_read_twice_though_the_thread_wakes_early() {
        for rates in [Rates::default(), EVEN] {
            let mut schedule = Schedule::new(rates, 1000 * SECOND);
            let mut last = schedule.next(1000 * SECOND);
            for _ in 0..1_000 {
                let next = schedule.next(last.due_ns - 20_000);
                assert!(next.due_ns > last.due_ns);
                last = next;
            }
            assert_eq!(schedule.missed, 0);
        }
    }

    #[test]
    fn the_next_tick_reads_what_a_missed_one_would_have_read() {
        let rates = Rates::default();
        let rounds = rounds(rates, 1_796_000_001 * SECOND, 1_796_000_040 * SECOND);
        for tier in [Tier::Normal, Tier::Slow] {
            // The first one reads all tiers whenever it is.
            let missed = (1..rounds.len() - 1).find(|&at| rounds[at].slowest == tier).unwrap();
            let mut schedule = Schedule::new(rates, 1_796_000_001 * SECOND);
            rounds[..missed].iter().for_each(|round| assert_eq!(schedule.next(round.due_ns - 1).due_ns, round.due_ns));
            let late = schedule.next(rounds[missed].due_ns + 1);
            let expected = Round { slowest: tier, due_ns: rounds[missed + 1].due_ns };
            assert_eq!((late, schedule.missed), (expected, 1));
        }
    }

    #[test]
    fn a_clock_set_back_makes_no_burst() {
        for rates in [Rates::default(), EVEN] {
            let mut schedule = Schedule::new(rates, 1000 * SECOND);
            for (now_s, tiers) in [(1000, 2), (10, 1), (5000, 1), (4999, 1)] {
                let mut now_ns = now_s * SECOND;
                let mut slow = 0;
                for _ in 0..20 {
                    let round = schedule.next(now_ns);
                    assert!(round.due_ns > now_ns && round.due_ns - now_ns <= 190_000_000, "{now_s} s");
                    now_ns = round.due_ns;
                    slow += usize::from(round.wants(Tier::Slow));
                }
                assert!(slow <= tiers, "{now_s} s: {slow} slow readings");
            }
            assert_eq!(schedule.missed, 0);
        }
    }

    #[test]
    fn rates_that_do_not_nest_are_refused() {
        assert_eq!(Rates::default().check(), Ok(()));
        assert!(Rates { fast_ms: 300, ..Rates::default() }.check().unwrap_err().to_string().contains("fast_ms"));
        assert!(Rates { slow_ms: 1500, ..Rates::default() }.check().unwrap_err().to_string().contains("slow_ms"));
    }
}

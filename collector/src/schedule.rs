//! When to read what: ticks at whole multiples of the wall clock, so that all nodes sample the same instants.

use serde::{Deserialize, Serialize};
use weft_settings::Wrong;
use weft_wire::Tier;

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
}

impl Default for Rates {
    fn default() -> Rates {
        Rates { fast_ms: 100, normal_ms: 1000, slow_ms: 30_000 }
    }
}

impl Rates {
    /// What the types cannot say. Errors name the key and a value that would do.
    pub fn check(&self) -> Result<(), Wrong> {
        let Rates { fast_ms, normal_ms, slow_ms } = *self;
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

    fn step_ms(&self) -> u32 {
        if self.fast_ms == 0 { self.normal_ms } else { self.fast_ms }
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

/// Hands out rounds. A round that comes late is not made up for: those missed meanwhile are counted.
#[derive(Debug)]
pub struct Schedule {
    rates: Rates,
    first: bool,
    last_due_ns: i64,
    pub missed: u64,
}

const NS_PER_MS: i64 = 1_000_000;

impl Schedule {
    /// `rates` must have been checked.
    pub fn new(rates: Rates, now_ns: i64) -> Schedule {
        let step_ns = i64::from(rates.step_ms()) * NS_PER_MS;
        Schedule { rates, first: true, last_due_ns: now_ns.div_euclid(step_ns) * step_ns, missed: 0 }
    }

    /// The next round, given the time now. A clock set back or far ahead starts anew from there, without a burst.
    pub fn next(&mut self, now_ns: i64) -> Round {
        let step_ns = i64::from(self.rates.step_ms()) * NS_PER_MS;
        let due_ns = (now_ns.div_euclid(step_ns) + 1) * step_ns;
        let skipped = (due_ns - self.last_due_ns) / step_ns - 1;
        let a_minute = 60_000 * NS_PER_MS / step_ns;
        if (1..=a_minute).contains(&skipped) {
            self.missed += skipped as u64;
        }
        self.last_due_ns = due_ns;
        Round { slowest: self.slowest_at(due_ns), due_ns }
    }

    fn slowest_at(&mut self, due_ns: i64) -> Tier {
        let at = |period_ms: u32| due_ns.rem_euclid(i64::from(period_ms) * NS_PER_MS) == 0;
        if std::mem::take(&mut self.first) || at(self.rates.slow_ms) {
            Tier::Slow
        } else if at(self.rates.normal_ms) {
            Tier::Normal
        } else {
            Tier::Fast
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000_000;

    #[test]
    fn ticks_lie_on_whole_multiples_and_a_late_one_is_skipped() {
        let mut schedule = Schedule::new(Rates::default(), 30 * SECOND + 7);
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
    fn a_clock_set_back_makes_no_burst() {
        let mut schedule = Schedule::new(Rates::default(), 1000 * SECOND);
        schedule.next(1000 * SECOND);
        assert_eq!(schedule.next(10 * SECOND).due_ns, 10 * SECOND + SECOND / 10);
        assert_eq!(schedule.next(5000 * SECOND).due_ns, 5000 * SECOND + SECOND / 10);
        assert_eq!(schedule.missed, 0);
    }

    #[test]
    fn rates_that_do_not_nest_are_refused() {
        assert_eq!(Rates::default().check(), Ok(()));
        assert!(Rates { fast_ms: 300, ..Rates::default() }.check().unwrap_err().to_string().contains("fast_ms"));
        assert!(Rates { slow_ms: 1500, ..Rates::default() }.check().unwrap_err().to_string().contains("slow_ms"));
    }
}

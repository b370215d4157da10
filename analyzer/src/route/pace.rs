//! When a receiver may be asked again. A pure state machine: time is an argument.
//!
//! ```text
//!          refused: wait 0.5–1 s, then twice that, …, at last 15–30 s; at least as long as the receiver asks for
//!        ┌───────────┐
//! free ──┘           ▼
//!   ▲             waiting ──► (due) one request ──► refused: waiting, longer
//!   └──────────────── accepted ◄───┘
//! ```
//!
//! It paces the receiver and not each alert: with a thousand alerts to tell, one that refuses is still asked six times in
//! its first half minute and twice a minute later on, and hears of everything within half a minute of its return.

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use std::time::Duration;
use tokio::time::Instant;

/// The wait after the first refusal; a random part of at most as much again is added to each.
const FIRST: Duration = Duration::from_millis(500);
/// The longest wait of its own accord, without the random part.
const LONGEST: Duration = Duration::from_secs(15);

#[derive(Debug, Default)]
pub struct Pace {
    backoff: Option<ExponentialBackoff>,
    /// After this many waits of our own and those that were asked for.
    due: Option<Instant>,
    /// Until then the receiver itself asked to be left alone.
    asked: Option<Instant>,
}

impl Pace {
    /// A receiver that asked an earlier run for rest until then.
    pub fn resting(until: Option<Instant>) -> Pace {
        Pace { backoff: None, due: until, asked: until }
    }

    /// The time of the next request; `None`: at once.
    pub fn due(&self) -> Option<Instant> {
        self.due
    }

    /// True while the receiver itself has asked for rest, which also holds at the end of the process.
    pub fn is_asked_to_wait(&self, now: Instant) -> bool {
        self.asked.is_some_and(|asked| now < asked)
    }

    pub fn accepted(&mut self) {
        *self = Pace::default();
    }

    /// The wait until the next request.
    pub fn refused(&mut self, now: Instant, asked: Option<Duration>) -> Duration {
        let policy = || {
            ExponentialBuilder::default()
                .with_min_delay(FIRST)
                .with_max_delay(LONGEST)
                .without_max_times()
                .with_jitter()
                .build()
        };
        let own = self.backoff.get_or_insert_with(policy).next().unwrap_or(LONGEST);
        let wait = own.max(asked.unwrap_or_default());
        self.due = Some(now + wait);
        self.asked = asked.map(|asked| now + asked);
        wait
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn requests_in_half_a_minute(from: usize) -> usize {
        let (begin, mut pace) = (Instant::now(), Pace::default());
        let mut times = vec![begin];
        while times.len() < from + 40 {
            let now = times[times.len() - 1];
            times.push(now + pace.refused(now, None));
        }
        times.iter().skip(from).filter(|time| **time - times[from] < Duration::from_secs(30)).count()
    }

    /// The waits are partly random: each sample has to hold.
    #[test]
    fn one_that_refuses_is_asked_seldom_and_never_forgotten() {
        for _ in 0..1000 {
            assert!((5..=6).contains(&requests_in_half_a_minute(0)), "first half minute");
            assert!((1..=2).contains(&requests_in_half_a_minute(20)), "later");
            let (now, mut pace) = (Instant::now(), Pace::default());
            assert!((0..30).all(|_| pace.refused(now, None) <= Duration::from_secs(30)));
        }
    }

    #[test]
    fn what_is_asked_for_is_kept_and_an_answer_ends_all_waits() {
        let (now, mut pace) = (Instant::now(), Pace::default());
        let asked = Duration::from_secs(12);
        assert_eq!(pace.refused(now, Some(asked)), asked);
        assert_eq!(pace.due(), Some(now + asked));
        assert!(pace.is_asked_to_wait(now) && !pace.is_asked_to_wait(now + asked));
        // A shorter request than our own wait does not shorten it.
        for _ in 0..10 {
            pace.refused(now, None);
        }
        assert!(pace.refused(now, Some(Duration::from_secs(1))) >= Duration::from_secs(15));
        pace.accepted();
        assert!(pace.due().is_none());
        assert!(pace.refused(now, None) <= Duration::from_secs(1));
    }
}

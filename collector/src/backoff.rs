//! When a thing that failed or was slow is tried again. Pure: time is an argument, and monotonic: a wall
//! clock set back would keep a source off for as long.
//!
//! ```text
//!            ok                      fail / slow: wait 1, 2, 4 … ticks' worth, at most MAX
//!   Ready ◄──────── tried ◄──────── Waiting(until)
//!     └───── fail or slow ────────────►
//! ```

use std::time::{Duration, Instant};

const FIRST: Duration = Duration::from_secs(1);
const MAX: Duration = Duration::from_secs(300);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Backoff {
    failures: u32,
    until: Option<Instant>,
}

impl Backoff {
    pub fn is_ready(&self, now: Instant) -> bool {
        self.until.is_none_or(|until| now >= until)
    }

    /// Returns the wait when this is the first failure or the wait has grown: worth saying once.
    pub fn failed(&mut self, now: Instant) -> Option<Duration> {
        let before = if self.failures == 0 { Duration::ZERO } else { wait(self.failures) };
        self.failures = self.failures.saturating_add(1);
        let wait = wait(self.failures);
        self.until = Some(now + wait);
        (wait > before).then_some(wait)
    }

    /// The last try failed.
    pub fn has_failed(&self) -> bool {
        self.failures > 0
    }

    /// Returns true when it had failed before.
    pub fn succeeded(&mut self) -> bool {
        std::mem::take(self).failures > 0
    }
}

fn wait(failures: u32) -> Duration {
    FIRST.saturating_mul(1 << (failures - 1).min(16)).min(MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_limit_and_end_with_success() {
        let mut backoff = Backoff::default();
        let mut now = Instant::now();
        for expected in [1, 2, 4, 8, 16, 32, 64, 128, 256, 300].map(Duration::from_secs) {
            assert!(backoff.is_ready(now));
            assert_eq!(backoff.failed(now), Some(expected));
            assert!(!backoff.is_ready(now));
            now += expected;
        }
        assert_eq!(backoff.failed(now), None, "at the limit there is nothing new to say");
        assert!(backoff.succeeded());
        assert!(backoff.is_ready(now) && !backoff.succeeded());
    }
}

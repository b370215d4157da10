//! What the engine dropped, for operators: counted as it comes, logged now and then.

use std::time::{Duration, Instant};
use weft_judge::guard::Dropped;

/// One line a while: what fails in one tick often fails in the next.
const EVERY: Duration = Duration::from_secs(10);

#[derive(Debug, Default)]
pub struct Failures {
    logged: Option<Instant>,
    /// Since then.
    unlogged: u64,
}

impl Failures {
    pub fn note(&mut self, dropped: &[Dropped]) {
        for Dropped { detector, reason, text } in dropped {
            let labels = [("detector", *detector), ("reason", reason.name())];
            metrics::counter!("weft_detector_dropped_total", &labels).increment(1);
            self.unlogged += 1;
            if self.is_due(Instant::now()) {
                let (reason, times) = (reason.name(), std::mem::take(&mut self.unlogged));
                tracing::error!(detector, reason, times, "a detector was dropped for a tick and begins anew: {text}");
            }
        }
    }

    fn is_due(&mut self, now: Instant) -> bool {
        let due = self.logged.is_none_or(|logged| now.duration_since(logged) >= EVERY);
        if due {
            self.logged = Some(now);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_written_once_in_a_while() {
        let (mut failures, began) = (Failures::default(), Instant::now());
        let due = |s: u64| failures.is_due(began + Duration::from_secs(s));
        assert_eq!([0, 1, 9, 10, 11, 20].map(due), [true, false, false, true, false, true]);
    }
}

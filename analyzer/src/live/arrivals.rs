//! When, by this machine's clock, each collector last told something new and the last tick closed.
//!
//! Event times do not say that: a clock that is behind, or minutes that are read anew after a restart, look like silence,
//! and a silence of all stops event time itself.

use crate::ingest::CollectorStatus;
use std::collections::HashMap;
use std::time::Instant;

/// Flush periods without a frame after which a collector is silent: as many as the detector of silence waits for.
const MISSED_FLUSHES: f64 = 5.0;
/// A flush period shorter than this counts as this long, s.
const MIN_FLUSH_S: f64 = 1.0;
/// Without a closed tick for this long nothing is seen, s: ticks close a second or two after their end.
pub const STANDSTILL_S: f64 = 10.0;

#[derive(Debug, Default)]
pub struct Arrivals {
    /// Frames counted so far, and when that last rose.
    collectors: HashMap<String, (u64, Instant)>,
    /// End of the last closed tick, and when it closed.
    closed: Option<(i64, Instant)>,
}

impl Arrivals {
    pub fn note(&mut self, collectors: &[CollectorStatus], closed_ns: Option<i64>, now: Instant) {
        for status in collectors {
            match self.collectors.get_mut(&status.collector) {
                Some((frames, _)) if *frames == status.frames => {}
                Some(known) => *known = (status.frames, now),
                None => _ = self.collectors.insert(status.collector.clone(), (status.frames, now)),
            }
        }
        if let Some(closed_ns) = closed_ns
            && self.closed.is_none_or(|(known, _)| known != closed_ns)
        {
            self.closed = Some((closed_ns, now));
        }
    }

    /// Since its last frame came, s.
    pub fn heard_s(&self, collector: &str, now: Instant) -> Option<f64> {
        self.collectors.get(collector).map(|(_, at)| now.saturating_duration_since(*at).as_secs_f64())
    }

    /// Since a tick last closed, s; `None` before the first.
    pub fn closed_s(&self, now: Instant) -> Option<f64> {
        self.closed.map(|(_, at)| now.saturating_duration_since(at).as_secs_f64())
    }

    pub fn stands_still(&self, now: Instant) -> bool {
        self.closed_s(now).is_none_or(|s| s > STANDSTILL_S)
    }
}

/// A collector of this flush period that has not been heard for so long has fallen silent.
pub fn is_silent(heard_s: f64, flush_period_ms: u32) -> bool {
    heard_s > MISSED_FLUSHES * (f64::from(flush_period_ms) / 1e3).max(MIN_FLUSH_S)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn silence_is_the_absence_of_frames_not_of_event_time() {
        let start = Instant::now();
        let at = |s: u64| start + Duration::from_secs(s);
        let status = |name: &str, frames: u64| CollectorStatus { collector: name.into(), frames, ..Default::default() };
        let mut arrivals = Arrivals::default();
        assert!(arrivals.stands_still(at(0)) && arrivals.heard_s("a", at(0)).is_none());
        arrivals.note(&[status("a", 1), status("b", 1)], Some(10), at(0));
        arrivals.note(&[status("a", 2), status("b", 1)], Some(20), at(4));
        assert_eq!((arrivals.heard_s("a", at(6)), arrivals.heard_s("b", at(6))), (Some(2.0), Some(6.0)));
        assert!(!is_silent(2.0, 1_000) && is_silent(6.0, 200) && !is_silent(6.0, 2_000));
        // The same tick told again is no new one.
        arrivals.note(&[], Some(20), at(9));
        assert!(!arrivals.stands_still(at(14)) && arrivals.stands_still(at(15)));
    }
}

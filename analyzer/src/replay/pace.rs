//! How fast a replay goes beside the wall clock.

use std::str::FromStr;
use std::time::{Duration, Instant};

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Speed {
    Max,
    Times(f64),
}

impl FromStr for Speed {
    type Err = String;

    fn from_str(text: &str) -> Result<Speed, String> {
        match (text, text.trim_start_matches(['x', '×']).parse::<f64>()) {
            ("max", _) => Ok(Speed::Max),
            (_, Ok(times)) if times > 0.0 && times.is_finite() => Ok(Speed::Times(times)),
            _ => Err("write a number above 0, or max".to_owned()),
        }
    }
}

/// Wall-clock pacing: event time runs `speed` times as fast.
pub struct Pace {
    speed: Speed,
    start: Option<(Instant, i64)>,
}

impl Pace {
    pub fn new(speed: Speed) -> Pace {
        Pace { speed, start: None }
    }

    /// How long to wait for event time to reach `ts_ns`.
    pub fn until(&mut self, ts_ns: i64) -> Option<Duration> {
        let Speed::Times(times) = self.speed else { return None };
        let (began, first_ns) = *self.start.get_or_insert((Instant::now(), ts_ns));
        let seconds = ts_ns.saturating_sub(first_ns).max(0) as f64 / 1e9 / times;
        let due = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
        due.checked_sub(began.elapsed()).filter(|wait| *wait > Duration::from_millis(1))
    }

    pub fn wait_until(&mut self, ts_ns: i64, sleep: impl FnOnce(Duration)) {
        if let Some(wait) = self.until(ts_ns) {
            sleep(wait);
        }
    }
}

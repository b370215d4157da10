//! How sure detectors must be, all by one number: the false alarms that a site allows.
//!
//! ```text
//! that something has changed     A = ln (streams · readings a day / false alarms a node-day)    22.9 nats at 1 Hz
//! what it is that has changed    V = ln (episodes a node-day / false alarms a node-day)          9.2 nats
//! ```
//! A node has some ten streams of readings that are watched for a change, and each reading of each may begin an alarm. Once
//! something has surely changed, it is to be told from harmless causes that look alike, of which there is one episode a
//! node-day. Example: at 10 Hz there are ten times as many readings, and A is 25.2 nats.

use crate::statistics::change_bar;

/// False alarms a node-day, of all detectors of the table together: five in 10,000 node-days.
const FALSE_A_NODE_DAY: f64 = 5e-4;
/// What part of that each detector may spend. One that is not in the table has a budget of its own (`hold.rs`).
const SHARES: [(&str, f64); 5] =
    [("counted_errors", 0.2), ("service_rate", 0.2), ("pause_surge", 0.2), ("congestion", 0.2), ("inner_loss", 0.2)];
/// Streams of readings of a node that are watched: eight ports with their two ways, of which most carry little.
const STREAMS: f64 = 10.0;
/// Episodes of congestion, or of jobs that become slower, in a node-day. Taken as one until they are counted.
const EPISODES: f64 = 1.0;
const DAY_NS: f64 = 86_400e9;

/// A: what says that something has changed in readings of this interval, nats.
pub fn change(detector: &str, interval_ns: i64) -> f64 {
    change_bar(STREAMS, DAY_NS / interval_ns as f64, allowed(detector))
}

/// V: what says which of two causes a change has, nats, where this part of the episodes looks like it.
pub fn cause(detector: &str, part: f64) -> f64 {
    (EPISODES * part / allowed(detector)).ln()
}

/// The chance that one cause is taken for another: e^−V.
pub fn chance(detector: &str) -> f64 {
    (-cause(detector, 1.0)).exp()
}

fn allowed(detector: &str) -> f64 {
    let share = SHARES.iter().find(|(name, _)| *name == detector).map_or(0.0, |(_, share)| *share);
    FALSE_A_NODE_DAY * share
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::DETECTORS;

    #[test]
    fn the_shares_are_of_detectors_and_no_more_than_the_whole() {
        assert!(SHARES.iter().map(|(_, share)| share).sum::<f64>() <= 1.0);
        assert!(SHARES.iter().all(|(name, _)| DETECTORS.iter().any(|detector| detector.name == *name)));
    }

    #[test]
    fn the_bars_follow_from_the_false_alarms_allowed() {
        for (interval_ns, expected) in [(1_000_000_000, 22.88), (10_000_000_000, 20.58), (100_000_000, 25.18)] {
            assert!((change("service_rate", interval_ns) - expected).abs() < 0.01, "{interval_ns}");
        }
        for (part, expected) in [(1.0, 9.21), (0.1, 6.91)] {
            assert!((cause("service_rate", part) - expected).abs() < 0.01, "{part}");
        }
        assert!((chance("congestion") - 1e-4).abs() < 1e-12);
        assert!(cause("none", 1.0) == f64::INFINITY, "what has no share is never sure");
    }
}

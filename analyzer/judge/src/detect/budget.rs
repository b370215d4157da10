//! How sure detectors must be, all by one number: the false alarms a day that a site allows ([`Features::false_alarms`]). Each node
//! is a chance of a false alarm, so that the larger the fabric, the surer they must be.
//!
//! ```text
//! false alarms a node-day        f = false alarms a day / nodes · the detector's share           10⁻⁴ of 64 nodes
//! that something has changed     A = ln (streams · readings a day / f)                           22.8 nats at 1 Hz
//! what it is that has changed    V = ln (episodes a node-day / f)                                 9.2 nats
//! ```
//! A node has some ten streams of readings that are watched for a change, and each reading of each may begin an alarm. Once
//! something has surely changed, it is to be told from harmless causes that look alike, of which there is one episode a
//! node-day. Example: at 10 Hz there are ten times as many readings, and A is 25.1 nats. In a fabric of 12,500 nodes it is 5.3
//! nats more everywhere: 0.008 false alarms in 1,000 node-days.

use crate::features::Features;
use crate::statistics::change_bar;

/// What part of the false alarms each detector may spend. Most of them are of those that accuse a host: a host that is late shows
/// in each iteration of a job and not in each reading, so that a nat takes it longest.
const SHARES: [(&str, f64); 10] = [
    ("hold", 9.3 / 15.0),
    ("counted_errors", 1.0 / 15.0),
    ("service_rate", 1.0 / 15.0),
    ("pause_surge", 1.0 / 15.0),
    ("congestion", 1.0 / 15.0),
    ("inner_loss", 1.0 / 15.0),
    // Their evidence grows by some nats a tick, so that a part of a share costs them a tick: ln 10 = 2.3 nats.
    ("congestion_control", 0.1 / 15.0),
    ("headroom", 0.4 / 15.0),
    // Its threshold goes with the root of the nats: 2.3 nats of 25 more raise it by a twentieth.
    ("compute_time", 0.1 / 15.0),
    // A job that stands still shows it in every iteration: a tenth of a share costs one iteration at most.
    ("job_hang", 0.1 / 15.0),
];
/// Streams of readings of a node that are watched: eight ports with their two ways, of which most carry little.
const STREAMS: f64 = 10.0;
/// Episodes of congestion, or of jobs that become slower, in a node-day. Taken as one until they are counted.
const EPISODES: f64 = 1.0;
const DAY_NS: f64 = 86_400e9;

/// A: what says that something has changed in readings of this interval, nats.
pub fn change(features: &Features, detector: &str, interval_ns: i64) -> f64 {
    change_bar(STREAMS, DAY_NS / interval_ns as f64, allowed(features, detector))
}

/// V: what says which of two causes a change has, nats, where this part of the episodes looks like it.
pub fn cause(features: &Features, detector: &str, part: f64) -> f64 {
    (EPISODES * part / allowed(features, detector)).ln()
}

/// The chance that one cause is taken for another: e^−V.
pub fn chance(features: &Features, detector: &str) -> f64 {
    (-cause(features, detector, 1.0)).exp()
}

/// False alarms of one detector in a node-day.
fn allowed(features: &Features, detector: &str) -> f64 {
    let share = SHARES.iter().find(|(name, _)| *name == detector).map_or(0.0, |(_, share)| *share);
    features.false_alarms / features.nodes as f64 * share
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::DETECTORS;
    use weft_wire::plan::Plan;

    fn features(false_alarms: f64, nodes: usize) -> Features {
        let mut features = Features::new(&Plan::default(), 1_000_000_000);
        (features.false_alarms, features.nodes) = (false_alarms, nodes);
        features
    }

    #[test]
    fn the_shares_are_of_detectors_and_no_more_than_the_whole() {
        assert!(SHARES.iter().map(|(_, share)| share).sum::<f64>() <= 1.0 + 1e-9);
        assert!(SHARES.iter().all(|(name, _)| DETECTORS.iter().any(|detector| detector.name == *name)));
    }

    #[test]
    fn the_bars_follow_from_the_false_alarms_allowed() {
        let small = features(0.1, 64);
        for (interval_ns, expected) in [(1_000_000_000, 22.84), (10_000_000_000, 20.54), (100_000_000, 25.14)] {
            assert!((change(&small, "service_rate", interval_ns) - expected).abs() < 0.01, "{interval_ns}");
        }
        for (part, expected) in [(1.0, 9.17), (0.1, 6.87)] {
            assert!((cause(&small, "service_rate", part) - expected).abs() < 0.01, "{part}");
        }
        assert!((chance(&small, "congestion") - 1.04e-4).abs() < 1e-6);
        assert!((cause(&small, "hold", 1.0) - 6.940).abs() < 0.001, "one host in 1,032 node-days");
        assert!(cause(&small, "none", 1.0) == f64::INFINITY, "what has no share is never sure");
        for other in [features(0.01, 64), features(0.1, 640)] {
            let more = [change, cause_of_one].map(|bar| bar(&other, "hold", 1) - bar(&small, "hold", 1));
            assert!(more.into_iter().all(|more| (more - 10_f64.ln()).abs() < 1e-9), "a tenth of them: {more:?}");
        }
    }

    fn cause_of_one(features: &Features, detector: &str, _: i64) -> f64 {
        cause(features, detector, 1.0)
    }
}

//! What detectors have weighed so far, below their bars too: what a calibration looks at.
//!
//! Some detectors sum up evidence, in nats, until it reaches a bar (`budget.rs`). While nothing has changed such a sum reaches x
//! nats no more often than once in e^x readings of a place. Data of a site without any fault shows whether that holds there:
//!
//! ```text
//! counted errors of 900 ports, 10,000 readings each     3 nats: 448,000 times at most     9 nats: 1,111     15 nats: 2.8
//! ```

use super::{Detector, counted_errors, inner_loss, pause_surge, service_rate};
use crate::fabric::Place;
use crate::features::Features;

/// The evidence of one place in one tick.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Weighed {
    pub place: Place,
    pub nats: f64,
    /// How many readings were weighed in this tick.
    pub readings: f64,
}

/// A detector that sums up evidence.
#[derive(Debug)]
pub struct Weighing {
    pub detector: &'static Detector,
    pub weighed: fn(&Features) -> Vec<Weighed>,
    /// What it must reach, nats.
    pub bar: fn(&Features) -> f64,
}

/// All that do, but for those that weigh only once a job is slower: a job without a fault seldom is.
pub static WEIGHING: [Weighing; 4] = [
    Weighing { detector: &counted_errors::DETECTOR, weighed: counted_errors::weighed, bar: counted_errors::bar },
    Weighing { detector: &service_rate::DETECTOR, weighed: service_rate::weighed, bar: service_rate::bar },
    Weighing { detector: &pause_surge::DETECTOR, weighed: pause_surge::weighed, bar: pause_surge::bar },
    Weighing { detector: &inner_loss::DETECTOR, weighed: inner_loss::weighed, bar: inner_loss::bar },
];

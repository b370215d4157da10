//! A host that begins to send later than its peers, iteration after iteration, by its bytes.

use super::words::seconds;
use super::{Accuses, Class, Evidence, KindOfFact, Query, Shown};
use crate::fabric::PortRef;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LateOnset {
    /// How much later it begins than its peers' median, s an iteration.
    pub lateness_s: f64,
    /// The whole iteration, s.
    pub iteration_s: f64,
    /// Lateness that differs by less than this cannot be told apart by the sampling, s.
    pub resolution_s: f64,
}

/// Lateness of two hosts that differs by less than this part of it is the same: a mean over some sixteen iterations is good
/// to about a tenth where single onsets jump by a bin.
const SAME: f64 = 0.1;

impl KindOfFact for LateOnset {
    const CLASS: Class = Class {
        opens_after_ticks: 1,
        confidence: 0.82,
        accuses: Accuses::ThroughJob { aftermath_iterations: 3 },
        ..Class::STRAGGLER
    };

    fn evidence(&self) -> Evidence {
        Evidence::new("onset_lateness", (self.lateness_s, "s an iteration"), (self.iteration_s, "the iteration"))
    }

    fn claim(&self, _: bool) -> String {
        let [lateness, iteration] = [self.lateness_s, self.iteration_s].map(seconds);
        format!("begins to send {lateness} later than its peers in every {iteration}")
    }

    fn verdict(&self, _: Option<&PortRef>, _: bool) -> String {
        format!("begins to send {:.0} ms later than its peers every iteration", self.lateness_s * 1e3)
    }

    fn query(&self, shown: &Shown<'_>) -> Query {
        Query::of_port(shown, &["tx_bytes"])
    }

    fn amount(&self) -> f64 {
        self.lateness_s
    }

    fn lost(&self) -> Option<f64> {
        Some((self.lateness_s / self.iteration_s).clamp(0.0, 1.0))
    }

    fn iteration_ns(&self) -> i64 {
        (self.iteration_s * 1e9) as i64
    }

    fn is_like(&self, other: &LateOnset) -> bool {
        let apart_s = (self.lateness_s - other.lateness_s).abs();
        apart_s <= self.resolution_s.max(self.lateness_s * SAME)
    }

    #[cfg(test)]
    fn sample() -> LateOnset {
        LateOnset { lateness_s: 0.3, iteration_s: 1.5, resolution_s: 0.1 }
    }
}

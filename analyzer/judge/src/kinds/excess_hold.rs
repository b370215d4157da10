//! A host that keeps the others waiting since its job is slower: it has what it needs to begin, and has not begun, while most of
//! its peers have, by the levels of bytes sent and received (`features/pace`).

use super::words::percent;
use super::{Accuses, Class, Evidence, KindOfFact, Query, Shown};
use crate::fabric::PortRef;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExcessHold {
    /// The part of the step time in which the host holds, beyond its peers and its own past, 0 to 1.
    pub excess: f64,
    /// The part of the step time that the job loses, 0 to 1.
    pub job_lost: f64,
    /// Iterations that it was measured over.
    pub iterations: u32,
    /// The evidence in nats: ln E of `statistics/betting.rs`.
    pub nats: f64,
    /// The usual length of an iteration, s.
    pub iteration_s: f64,
}

impl KindOfFact for ExcessHold {
    const CLASS: Class = Class {
        opens_after_ticks: 1,
        // The threshold of the evidence leaves one wrong accusation in some thousand slow phases; a link that makes a host late
        // and is not found yet leaves more.
        confidence: 0.85,
        accuses: Accuses::ThroughJob { aftermath_iterations: 3 },
        tells_hosts_apart: true,
        ..Class::STRAGGLER
    };

    fn evidence(&self) -> Evidence {
        Evidence::new("excess_hold", (self.excess, "of the step beyond its peers"), (self.job_lost, "the job's loss"))
    }

    fn claim(&self, _: bool) -> String {
        let (excess, n) = (percent(self.excess), self.iterations);
        format!("has what it needs and begins later than its peers by {excess} of the step, over {n} iterations")
    }

    fn verdict(&self, _: Option<&PortRef>, is_over: bool) -> String {
        let keeps = if is_over { "kept" } else { "keeps" };
        format!("{keeps} its peers waiting for {} of the step", percent(self.excess))
    }

    fn query(&self, shown: &Shown<'_>) -> Query {
        Query::of_port(shown, &["tx_bytes", "rx_bytes"])
    }

    fn amount(&self) -> f64 {
        self.excess
    }

    fn lost(&self) -> Option<f64> {
        Some(self.excess.clamp(0.0, 1.0))
    }

    fn iteration_ns(&self) -> i64 {
        (self.iteration_s * 1e9) as i64
    }

    #[cfg(test)]
    fn sample() -> ExcessHold {
        ExcessHold { excess: 0.12, job_lost: 0.11, iterations: 32, nats: 8.1, iteration_s: 1.6 }
    }
}

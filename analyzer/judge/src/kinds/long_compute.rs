//! A host whose rank computes longer than its peers, step after step, by the marks of the training loop.

use super::words::seconds;
use super::{Class, Evidence, KindOfFact, Query, Shown};
use crate::fabric::PortRef;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LongCompute {
    /// How much longer it computes than its peers' median in every step, s.
    pub excess_s: f64,
    /// The whole step, s.
    pub step_s: f64,
}

impl KindOfFact for LongCompute {
    const CLASS: Class = Class {
        rank: 2,
        confidence: 0.93,
        tells_hosts_apart: true,
        by_marks: true,
        ..Class::STRAGGLER
    };

    fn evidence(&self) -> Evidence {
        Evidence::new("compute_time", (self.excess_s, "s longer a step"), (self.step_s, "the whole step"))
    }

    fn claim(&self, _: bool) -> String {
        let [excess, step] = [self.excess_s, self.step_s].map(seconds);
        format!("computes {excess} longer than its peers in every step of {step}")
    }

    fn verdict(&self, _: Option<&PortRef>, _: bool) -> String {
        format!("computes {:.0} ms longer than its peers every step", self.excess_s * 1e3)
    }

    fn query(&self, shown: &Shown<'_>) -> Query {
        let only = [("device", shown.at.device.as_str()), ("phase", "compute")];
        Query {
            table: "step".to_owned(),
            columns: ["step", "start_ns", "end_ns"].map(str::to_owned).to_vec(),
            only: only.map(|(column, text)| (column.to_owned(), text.to_owned())).to_vec(),
            order_by: Some("step".to_owned()),
        }
    }

    fn amount(&self) -> f64 {
        self.excess_s
    }

    fn lost(&self) -> Option<f64> {
        Some((self.excess_s / self.step_s).clamp(0.0, 1.0))
    }

    fn iteration_ns(&self) -> i64 {
        (self.step_s * 1e9) as i64
    }

    #[cfg(test)]
    fn sample() -> LongCompute {
        LongCompute { excess_s: 0.154, step_s: 2.0 }
    }
}

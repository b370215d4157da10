//! A port that serves a standing queue at well below the rate that its link should have.

use super::words::{port, si};
use super::{Class, Evidence, KindOfFact, Query, Shown};
use crate::fabric::PortRef;
use crate::incident::{Chart, Form, Severity};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LowServiceRate {
    /// The highest rate seen while a queue stood, bit/s.
    pub bps: f64,
    /// The rate of the plan, bit/s.
    pub planned_bps: f64,
}

impl KindOfFact for LowServiceRate {
    const CLASS: Class = Class {
        name: "slow_link",
        severity: Severity::Warning,
        rank: 1,
        opens_after_ticks: 2,
        confidence: 0.88,
        action: "check shaping, lane count and FEC retries of the sending port; reset or replace the cable",
        ..Class::LINK
    };

    fn evidence(&self) -> Evidence {
        Evidence::new("tx_bytes", (self.bps, "bit/s while a queue stood"), (self.planned_bps, "plan"))
    }

    fn claim(&self, _: bool) -> String {
        let [rate, planned] = [self.bps, self.planned_bps].map(|bps| si(bps, "bit/s"));
        format!("sends {rate} while a queue stands, of {planned} planned")
    }

    fn verdict(&self, at: Option<&PortRef>, _: bool) -> String {
        let share = self.bps / self.planned_bps * 100.0;
        format!("is slow: {} serves a standing queue at {share:.0} % of its planned rate", port(at))
    }

    fn query(&self, shown: &Shown<'_>) -> Query {
        Query::of_port(shown, &["tx_bytes", "queue_bytes"])
    }

    fn chart(&self, shown: &Shown<'_>) -> Option<Chart> {
        let mut chart = Chart::of("bit/s", Form::Values, shown.rate("tx_bytes", 8.0));
        chart.level = Some(self.planned_bps);
        Some(chart)
    }

    /// The part of the planned rate that is missing.
    fn amount(&self) -> f64 {
        1.0 - self.bps / self.planned_bps
    }

    /// A job that did nothing but send over this link would take planned/served times as long: at half the rate it would
    /// lose half of its time. A job that also computes loses less.
    fn at_most(&self) -> f64 {
        self.amount().clamp(0.0, 1.0)
    }

    #[cfg(test)]
    fn sample() -> LowServiceRate {
        LowServiceRate { bps: 5e10, planned_bps: 1e11 }
    }
}

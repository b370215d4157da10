//! A link that runs at a lower speed than it should: half of its lanes, or a slower mode that both ends could agree on.

use super::words::{port, si};
use super::{Class, Evidence, KindOfFact, Query, Shown};
use crate::fabric::PortRef;
use crate::incident::{Chart, Form, Severity};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainedLow {
    /// At which the link runs, bit/s.
    pub bps: f64,
    /// At which it should run, bit/s: by the plan, or the highest that its collector ever told where the plan says nothing.
    pub planned_bps: f64,
}

impl KindOfFact for TrainedLow {
    const CLASS: Class = Class {
        name: "trained_low",
        severity: Severity::Warning,
        // The port itself says at what speed it runs, so it is known why the link serves less than planned.
        rank: 2,
        renames_open: true,
        confidence: 0.95,
        action: "reseat the cable or module at both ends and let the link train again; replace the cable if it stays low; \
                 if both ends are meant to run at this speed, mend speed_bps in the plan's ports.csv",
        ..Class::LINK
    };

    fn evidence(&self) -> Evidence {
        Evidence::new("speed_bps", (self.bps, "bit/s"), (self.planned_bps, "what it should run at"))
    }

    fn claim(&self, _: bool) -> String {
        let [runs, should] = [self.bps, self.planned_bps].map(|bps| si(bps, "bit/s"));
        format!("trained at {runs}, of {should} that it should run at")
    }

    fn verdict(&self, at: Option<&PortRef>, is_over: bool) -> String {
        let [runs, should] = [self.bps, self.planned_bps].map(|bps| si(bps, "bit/s"));
        let (is, ran) = if is_over { ("was", "ran") } else { ("is", "runs") };
        format!("{is} trained low: {} {ran} at {runs} of {should}", port(at))
    }

    fn query(&self, shown: &Shown<'_>) -> Query {
        Query::of_port(shown, &["speed_bps", "link_up"])
    }

    fn chart(&self, shown: &Shown<'_>) -> Option<Chart> {
        let mut chart = Chart::of("bit/s", Form::Values, shown.raw("speed_bps"));
        chart.level = Some(self.planned_bps);
        Some(chart)
    }

    /// The part of the speed that is missing.
    fn amount(&self) -> f64 {
        1.0 - self.bps / self.planned_bps
    }

    /// As of a slow link: at half the speed a job that did nothing but send over it would lose half of its time.
    fn at_most(&self) -> f64 {
        self.amount().clamp(0.0, 1.0)
    }

    #[cfg(test)]
    fn sample() -> TrainedLow {
        TrainedLow { bps: 2e11, planned_bps: 4e11 }
    }
}

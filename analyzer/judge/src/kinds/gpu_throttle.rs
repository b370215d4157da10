//! A GPU whose clock is held down by heat, or by hardware that slows it: a finding, and the reason of a host that straggles.

use super::{Class, Evidence, HeldClock, KindOfFact, Query, Shown};
use crate::fabric::PortRef;
use crate::incident::Chart;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GpuThrottle(pub HeldClock);

impl KindOfFact for GpuThrottle {
    const CLASS: Class = Class {
        name: "gpu_throttle",
        rank: 3,
        action: "look at the node's fans, airflow, coolant and heat sinks; throttling of one GPU alone is its own cooling",
        ..Class::REASON
    };

    fn evidence(&self) -> Evidence {
        self.0.evidence()
    }

    fn claim(&self, is_over: bool) -> String {
        self.0.claim("heat", is_over)
    }

    fn verdict(&self, at: Option<&PortRef>, is_over: bool) -> String {
        self.0.verdict("heat", at, is_over)
    }

    fn query(&self, shown: &Shown<'_>) -> Query {
        HeldClock::query(shown)
    }

    fn chart(&self, shown: &Shown<'_>) -> Option<Chart> {
        Some(self.0.chart(shown))
    }

    fn amount(&self) -> f64 {
        self.0.missing()
    }

    fn at_most(&self) -> f64 {
        self.0.missing()
    }

    #[cfg(test)]
    fn sample() -> GpuThrottle {
        GpuThrottle(HeldClock { gpus: 1, mhz: 1_200.0, of_mhz: 1_980.0, by_peers: false, reasons: 0x40 })
    }
}

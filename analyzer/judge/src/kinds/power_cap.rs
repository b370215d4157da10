//! A GPU whose clock is held down for want of power: a finding, and the reason of a host that straggles.

use super::{Class, Evidence, HeldClock, KindOfFact, Query, Shown};
use crate::fabric::PortRef;
use crate::incident::Chart;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PowerCap(pub HeldClock);

impl KindOfFact for PowerCap {
    const CLASS: Class = Class {
        name: "power_cap",
        rank: 2,
        action: "compare the power limit with that of its peers (nvidia-smi -q -d POWER); look at power supplies and feed of the rack",
        ..Class::REASON
    };

    fn evidence(&self) -> Evidence {
        self.0.evidence()
    }

    fn claim(&self, is_over: bool) -> String {
        self.0.claim("power", is_over)
    }

    fn verdict(&self, at: Option<&PortRef>, is_over: bool) -> String {
        self.0.verdict("power", at, is_over)
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
    fn sample() -> PowerCap {
        PowerCap(HeldClock { gpus: 8, mhz: 1_100.0, of_mhz: 1_410.0, by_peers: true, reasons: 0x4 })
    }
}

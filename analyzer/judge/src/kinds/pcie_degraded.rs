//! A network card whose PCIe link has fewer lanes, or a lower speed, than the card can: a card that is not seated well, a bad
//! riser, a wrong slot.

use super::words::percent;
use super::{Class, Evidence, Family, KindOfFact, Query, Shown};
use crate::fabric::PortRef;
use crate::incident::{Chart, Form, Severity};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PcieDegraded {
    /// Lanes in use, and lanes that the card can use; 0 where it does not tell them.
    pub lanes: u32,
    pub can_lanes: u32,
    /// Speed in use, and speed that the card can do, GT/s; 0 where it does not tell them.
    pub gtps: f64,
    pub can_gtps: f64,
}

impl PcieDegraded {
    fn is_by_lanes(&self) -> bool {
        self.lanes < self.can_lanes
    }

    fn part(now: f64, can: f64) -> f64 {
        if now > 0.0 && can > 0.0 { (now / can).min(1.0) } else { 1.0 }
    }

    /// The part of its bandwidth that the card lacks: 0.5 with 8 of 16 lanes.
    fn missing(&self) -> f64 {
        1.0 - PcieDegraded::part(f64::from(self.lanes), f64::from(self.can_lanes)) * PcieDegraded::part(self.gtps, self.can_gtps)
    }
}

impl KindOfFact for PcieDegraded {
    /// A card that cannot hand on what it receives makes its host pause the switch: that is evidence of the same case, and this is
    /// its reason.
    const CLASS: Class = Class {
        name: "pcie_degraded",
        family: Family::Straggler,
        subject: "slow_receiver",
        severity: Severity::Warning,
        rank: 2,
        renames_open: true,
        resolves_after_ns: 30 * super::class::SECOND,
        // The card itself says what it uses, so nothing is inferred; but somebody may have set it so.
        confidence: 0.9,
        action: "reseat the card and its riser; if `lspci -vv` still shows LnkSta below LnkCap, replace the riser or the card",
        ..Class::LINK
    };

    fn evidence(&self) -> Evidence {
        match self.is_by_lanes() {
            true => Evidence::new(
                "pcie_width",
                (f64::from(self.lanes), "lanes"),
                (f64::from(self.can_lanes), "what the card can"),
            ),
            false => Evidence::new("pcie_speed_gtps", (self.gtps, "GT/s"), (self.can_gtps, "what the card can")),
        }
    }

    fn claim(&self, is_over: bool) -> String {
        let uses = if is_over { "used" } else { "uses" };
        match self.is_by_lanes() {
            true => format!("{uses} {} of the {} PCIe lanes that it can", self.lanes, self.can_lanes),
            false => format!("{uses} PCIe at {} of the {} GT/s that it can", self.gtps, self.can_gtps),
        }
    }

    fn verdict(&self, _: Option<&PortRef>, is_over: bool) -> String {
        format!("{}: it lacks {} of its bandwidth to the host", self.claim(is_over), percent(self.missing()))
    }

    fn query(&self, shown: &Shown<'_>) -> Query {
        Query::of_port(shown, &["pcie_width", "pcie_max_width", "pcie_speed_gtps", "pcie_max_speed_gtps"])
    }

    fn chart(&self, shown: &Shown<'_>) -> Option<Chart> {
        let (unit, counter, can) = match self.is_by_lanes() {
            true => ("lanes", "pcie_width", f64::from(self.can_lanes)),
            false => ("GT/s", "pcie_speed_gtps", self.can_gtps),
        };
        let mut chart = Chart::of(unit, Form::Values, shown.raw(counter));
        chart.level = Some(can);
        Some(chart)
    }

    fn amount(&self) -> f64 {
        self.missing()
    }

    /// With half of the lanes a transfer takes at most twice as long, so that it adds at most half of the longer step.
    fn at_most(&self) -> f64 {
        self.missing()
    }

    #[cfg(test)]
    fn sample() -> PcieDegraded {
        PcieDegraded { lanes: 8, can_lanes: 16, gtps: 32.0, can_gtps: 32.0 }
    }
}

//! A host pauses its switch port more than it did: it receives more slowly than it is sent to.

use super::words::{percent, si};
use super::{Class, Evidence, Family, KindOfFact, Query, Shown};
use crate::fabric::PortRef;
use crate::incident::{Chart, Form, Severity};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PauseSurge {
    /// The counter of the catalogue that tells it.
    pub counter: String,
    pub in_unit: PauseUnit,
    /// Of the time (0 to 1) or frames a second, since it began: what it pauses beyond what it is paused.
    pub rate: f64,
    /// The same of nine in ten seconds before, at most.
    pub usual: f64,
    /// The evidence in nats: M of `statistics/cusum.rs`.
    pub nats: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PauseUnit {
    OfTheTime,
    FramesASecond,
}

impl PauseSurge {
    /// `34 % of the time`, `by 36 k frames a second`.
    fn amount_of(&self, rate: f64) -> String {
        match self.in_unit {
            PauseUnit::OfTheTime => format!("{} of the time", percent(rate)),
            PauseUnit::FramesASecond => format!("by {} frames a second", si(rate, "").trim_end()),
        }
    }
}

impl KindOfFact for PauseSurge {
    const CLASS: Class = Class {
        name: "slow_receiver",
        family: Family::Congestion,
        subject: "slow_receiver",
        severity: Severity::Warning,
        action: "look at the host that receives: PCIe width and speed, IOMMU, memory bandwidth, receive buffers of its NIC",
        ..Class::LINK
    };

    fn evidence(&self) -> Evidence {
        let unit = match self.in_unit {
            PauseUnit::OfTheTime => "of the time",
            PauseUnit::FramesASecond => "frames/s",
        };
        Evidence::new(&self.counter, (self.rate, unit), (self.usual, "itself before"))
    }

    fn claim(&self, is_over: bool) -> String {
        let pauses = if is_over { "paused" } else { "pauses" };
        let [now, usual] = [self.rate, self.usual].map(|rate| self.amount_of(rate));
        format!("{pauses} its switch {now}, {usual} at most before")
    }

    fn verdict(&self, _: Option<&PortRef>, is_over: bool) -> String {
        let (receives, pauses) = if is_over { ("received", "paused") } else { ("receives", "pauses") };
        format!("{receives} too slowly: it {pauses} its switch {}", self.amount_of(self.rate))
    }

    fn query(&self, shown: &Shown<'_>) -> Query {
        Query::of_port(shown, &[&self.counter, "tx_bytes", "rx_bytes"])
    }

    /// A counter of µs: its rate in µs a second, times 1e-6, is the share of the time. Lists by priority have no series.
    fn chart(&self, shown: &Shown<'_>) -> Option<Chart> {
        let (unit, times) = match self.in_unit {
            PauseUnit::OfTheTime => ("fraction", 1e-6),
            PauseUnit::FramesASecond => ("frames/s", 1.0),
        };
        let mut chart = Chart::of(unit, Form::Values, shown.rate(&self.counter, times));
        chart.level = Some(self.usual);
        (!self.counter.ends_with("_p")).then_some(chart)
    }

    fn amount(&self) -> f64 {
        self.rate - self.usual
    }

    #[cfg(test)]
    fn sample() -> PauseSurge {
        let counter = "tx_pause_us".into();
        PauseSurge { counter, in_unit: PauseUnit::OfTheTime, rate: 0.33, usual: 0.0, nats: 23.1 }
    }
}

//! The receiving end of a link counts more damage than it did, or than a sound link may have.

use super::words::{percent, si};
use super::{Class, Evidence, KindOfFact, Query, Shown};
use crate::fabric::PortRef;
use crate::incident::{Chart, Form};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CountedErrors {
    /// The counter of the catalogue that tells it.
    pub counter: String,
    pub per: Unit,
    /// Errors a unit since it began.
    pub rate: f64,
    /// What may be expected: the counter's own past, or what a sound link may have, where that is more.
    pub usual: f64,
    /// Errors since it began.
    pub errors: f64,
    /// The evidence in nats: M of `statistics/cusum.rs`.
    pub nats: f64,
}

/// What errors are counted against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Unit {
    Packet,
    Second,
}

impl CountedErrors {
    /// `1.5 % of its packets`, `120 a second`.
    fn amount_of(&self, rate: f64) -> String {
        match self.per {
            Unit::Packet => format!("{} of its packets", percent(rate.min(1.0))),
            Unit::Second => format!("{} a second", si(rate, "").trim_end()),
        }
    }
}

impl KindOfFact for CountedErrors {
    const CLASS: Class = Class {
        name: "lossy_link",
        rank: 3,
        action: "clean or replace the far transmitter's optic and the fibre; the receiving end only counts",
        ..Class::LINK
    };

    fn evidence(&self) -> Evidence {
        let unit = match self.per {
            Unit::Packet => "errors a packet",
            Unit::Second => "errors a second",
        };
        Evidence::new(&self.counter, (self.rate, unit), (self.usual, "itself before"))
    }

    fn claim(&self, _: bool) -> String {
        let [now, usual] = [self.rate, self.usual].map(|rate| self.amount_of(rate));
        format!("counts {} {}, {now}, where {usual} may be", si(self.errors, "").trim_end(), self.counter)
    }

    fn verdict(&self, at: Option<&PortRef>, is_over: bool) -> String {
        let counts = if is_over { "counted" } else { "counts" };
        let amount = self.amount_of(self.rate);
        format!("damages what it carries: {} {counts} {}, {amount}", super::words::port(at), self.counter)
    }

    fn query(&self, shown: &Shown<'_>) -> Query {
        Query::of_port(shown, &[&self.counter, "rx_packets"])
    }

    fn chart(&self, shown: &Shown<'_>) -> Option<Chart> {
        Some(Chart::of("errors/s", Form::Values, shown.rate(&self.counter, 1.0)))
    }

    /// How many times as much as may be.
    fn amount(&self) -> f64 {
        self.rate / self.usual
    }

    #[cfg(test)]
    fn sample() -> CountedErrors {
        CountedErrors {
            counter: "rx_crc_errors".into(),
            per: Unit::Packet,
            rate: 0.015,
            usual: 7.4e-8,
            errors: 38_000.0,
            nats: 24.1,
        }
    }
}

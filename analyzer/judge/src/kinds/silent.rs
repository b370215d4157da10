//! A device whose collector tells nothing while others do. A fault of the telemetry, never of the device.

use super::class::SECOND;
use super::words::seconds;
use super::{Class, Evidence, KindOfFact, Query, Shown};
use crate::fabric::PortRef;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Silent {
    /// Since its last row, s.
    pub age_s: f64,
    /// How often it told something before, s.
    pub flush_period_s: f64,
}

impl KindOfFact for Silent {
    const CLASS: Class = Class {
        name: "sensor_dropout",
        subject: "sensor_dropout",
        resolves_after_ns: 2 * SECOND,
        action: "check the collector and its way to the broker; the device itself is not accused",
        ..Class::DATA
    };

    fn evidence(&self) -> Evidence {
        Evidence::new("last_seen", (self.age_s, "s"), (self.flush_period_s, "flush period"))
    }

    fn claim(&self, _: bool) -> String {
        let [age, period] = [self.age_s, self.flush_period_s].map(seconds);
        format!("tells nothing for {age}, and told every {period} before")
    }

    fn verdict(&self, _: Option<&PortRef>, is_over: bool) -> String {
        let has = if is_over { "had" } else { "has" };
        format!("{has} told nothing for {:.0} s while others do", self.age_s)
    }

    fn query(&self, shown: &Shown<'_>) -> Query {
        Query {
            table: "collector".to_owned(),
            columns: Vec::new(),
            only: vec![("collector".to_owned(), shown.at.device.clone())],
            order_by: None,
        }
    }

    fn beside_links(&self) -> Option<&'static str> {
        Some("fell silent when the link went down")
    }

    fn amount(&self) -> f64 {
        self.age_s
    }

    #[cfg(test)]
    fn sample() -> Silent {
        Silent { age_s: 12.0, flush_period_s: 1.0 }
    }
}

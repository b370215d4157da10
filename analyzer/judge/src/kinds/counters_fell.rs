//! Most counters of a port fell together, or its epoch changed: a driver reload or a reboot. A fault of the data.

use super::class::SECOND;
use super::{Class, Evidence, KindOfFact, Query, Shown};
use crate::fabric::PortRef;
use crate::incident::{Chart, Form};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CountersFell {
    /// How many ports of the device did so in this tick.
    pub ports: u32,
}

impl KindOfFact for CountersFell {
    const CLASS: Class = Class {
        name: "counter_reset",
        subject: "counter_reset",
        resolves_after_ns: 5 * SECOND,
        action: "nothing to mend: rates begin anew from here; a driver reload or reboot explains it",
        ..Class::DATA
    };

    fn evidence(&self) -> Evidence {
        Evidence::new("epoch", (f64::from(self.ports), "ports"), (0.0, "itself before"))
    }

    fn claim(&self, _: bool) -> String {
        format!("the counters of {} of its ports begin anew", self.ports)
    }

    fn verdict(&self, _: Option<&PortRef>, _: bool) -> String {
        "restarted its counters".to_owned()
    }

    fn query(&self, shown: &Shown<'_>) -> Query {
        Query::of_port(shown, &["epoch", "tx_bytes", "rx_bytes"])
    }

    fn chart(&self, shown: &Shown<'_>) -> Option<Chart> {
        Some(Chart::of("bytes", Form::Values, shown.raw("tx_bytes")))
    }

    fn amount(&self) -> f64 {
        f64::from(self.ports)
    }

    #[cfg(test)]
    fn sample() -> CountersFell {
        CountersFell { ports: 8 }
    }
}

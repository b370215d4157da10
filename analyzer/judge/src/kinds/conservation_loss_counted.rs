//! Packets that one end of a cable sent and that the other received damaged, and counted as such.

use super::conservation_loss::{loss_chart, loss_evidence, loss_query};
use super::words::{fraction, percent};
use super::{Class, Evidence, KindOfFact, Query, Shown};
use crate::fabric::PortRef;
use crate::incident::Chart;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConservationLossCounted {
    /// Of the packets sent, the part that did not arrive well, 0 to 1.
    pub ratio: f64,
}

impl KindOfFact for ConservationLossCounted {
    const CLASS: Class = Class {
        name: "lossy_link",
        rank: 3,
        action: "clean or replace the far transmitter's optic and the fibre; the receiving end only counts",
        ..Class::LINK
    };

    fn evidence(&self) -> Evidence {
        loss_evidence(self.ratio)
    }

    fn claim(&self, _: bool) -> String {
        format!("{} of the packets sent never reach the far end, which counts them as damaged", percent(self.ratio))
    }

    fn verdict(&self, at: Option<&PortRef>, _: bool) -> String {
        let from = super::words::port(at);
        format!("loses {} of the packets that leave {from}, damaged on the wire", fraction(self.ratio))
    }

    fn query(&self, shown: &Shown<'_>) -> Query {
        loss_query(shown)
    }

    fn chart(&self, shown: &Shown<'_>) -> Option<Chart> {
        loss_chart(self.ratio, shown)
    }

    fn amount(&self) -> f64 {
        self.ratio
    }

    #[cfg(test)]
    fn sample() -> ConservationLossCounted {
        ConservationLossCounted { ratio: 0.000_012 }
    }
}

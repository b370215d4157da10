//! Packets that one end of a cable sent, that the other never received, and that neither end counts as lost.

use super::words::{fraction, percent};
use super::{Class, Evidence, KindOfFact, Query, Shown};
use crate::fabric::PortRef;
use crate::incident::{Chart, Form};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConservationLoss {
    /// Of the packets sent, the part that never arrived, 0 to 1.
    pub ratio: f64,
}

impl KindOfFact for ConservationLoss {
    const CLASS: Class = Class {
        name: "silent_drop",
        rank: 2,
        action: "cost out the link and test cable and both ports: packets vanish between them uncounted",
        ..Class::LINK
    };

    fn evidence(&self) -> Evidence {
        loss_evidence(self.ratio)
    }

    fn claim(&self, _: bool) -> String {
        format!("{} of the packets sent never reach the far end, and neither end counts them", percent(self.ratio))
    }

    fn verdict(&self, at: Option<&PortRef>, _: bool) -> String {
        let from = super::words::port(at);
        format!("loses {} of the packets that leave {from}, and neither end counts them", fraction(self.ratio))
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
    fn sample() -> ConservationLoss {
        ConservationLoss { ratio: 0.02 }
    }
}

pub fn loss_evidence(ratio: f64) -> Evidence {
    Evidence::new("tx_packets", (ratio, "fraction lost"), (0.0, "far end"))
}

pub fn loss_query(shown: &Shown<'_>) -> Query {
    Query::of_port(shown, &["tx_packets", "rx_packets", "rx_errors", "rx_discards"])
}

/// Of what the near end sent, the part that the far end did not receive.
pub fn loss_chart(ratio: f64, shown: &Shown<'_>) -> Option<Chart> {
    let mut chart = Chart::of("fraction", Form::Missing, shown.raw("tx_packets"));
    chart.reference = Some(shown.far_raw("rx_packets")?);
    chart.level = Some(ratio);
    Some(chart)
}

//! Packets that a switch took in, that it never sent on, and that nobody counts as lost.

use super::words::{fraction, percent};
use super::{Class, Evidence, KindOfFact, Query, Shown};
use crate::fabric::{Part, PortRef};
use crate::incident::{Chart, Form};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InnerLoss {
    /// The switch.
    pub device: String,
    /// Of the packets that it takes in, the part that is lost, 0 to 1.
    pub ratio: f64,
    /// Its cables behind which the packets may vanish, the likeliest first; none where one cable is accused.
    pub suspects: Vec<Suspect>,
}

/// A part where the trouble may sit, and how likely it does, 0 to 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Suspect {
    pub part: Part,
    pub share: f64,
}

impl KindOfFact for InnerLoss {
    const CLASS: Class = Class {
        name: "silent_drop",
        rank: 2,
        // The bar leaves one false switch in 10,000 node-days; that the packets are not dropped on purpose no counter
        // says.
        confidence: 0.9,
        action: "drain the port, then read the switch's drop reasons: packets vanish behind it, as by a faulty buffer, table or filter",
        ..Class::LINK
    };

    fn evidence(&self) -> Evidence {
        Evidence::new("rx_packets", (self.ratio, "of all taken in is lost"), (0.0, "sent on or counted"))
    }

    fn claim(&self, _: bool) -> String {
        let InnerLoss { device, ratio, .. } = self;
        format!("{} of the packets that {device} takes in never leave it, and it counts none of them", percent(*ratio))
    }

    fn verdict(&self, at: Option<&PortRef>, is_over: bool) -> String {
        let InnerLoss { device, ratio, .. } = self;
        let (vanish, takes) = if is_over { ("vanished", "took") } else { ("vanish", "takes") };
        let ratio = fraction(*ratio);
        match at.filter(|at| !at.port.is_empty()) {
            Some(at) => {
                let behind = super::words::port(Some(at));
                format!("leads to where packets {vanish} uncounted, behind {behind}: {ratio} of all that {device} {takes} in")
            }
            None => format!("loses {ratio} of the packets that it {takes} in, and counts none of them"),
        }
    }

    fn query(&self, shown: &Shown<'_>) -> Query {
        Query::of_port(shown, &["rx_packets", "tx_packets", "rx_discards", "tx_discards", "rx_errors"])
    }

    fn chart(&self, shown: &Shown<'_>) -> Option<Chart> {
        Some(Chart::of("bit/s", Form::Values, shown.rate("rx_bytes", 8.0)))
    }

    fn amount(&self) -> f64 {
        self.ratio
    }

    fn suspects(&self) -> &[Suspect] {
        &self.suspects
    }

    #[cfg(test)]
    fn sample() -> InnerLoss {
        let part = Part::cable(PortRef::new("leaf0", "swp5"), PortRef::new("spine1", "swp1"));
        InnerLoss { device: "leaf0".into(), ratio: 0.003, suspects: vec![Suspect { part, share: 0.61 }] }
    }
}

//! A network card that does not answer its driver, and sends nothing any more, though its link may be up.

use super::class::SECOND;
use super::words::seconds;
use super::{Class, Evidence, KindOfFact, Query, Shown};
use crate::fabric::PortRef;
use crate::incident::{Chart, Form};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NicDown {
    /// What its driver, or the kernel, says of it.
    pub words: String,
    /// For how long it has sent nothing, s.
    pub silent_s: f64,
    /// That it sends nothing is known by that its counters cannot be read any more.
    pub is_unread: bool,
    /// Bytes a second that it sent at most before.
    pub before: f64,
}

impl KindOfFact for NicDown {
    const CLASS: Class = Class {
        name: "nic_down",
        rank: 5,
        renames_open: true,
        resolves_after_ns: 30 * SECOND,
        confidence: 0.95,
        action: "drain the node and reset the card (devlink dev reload, mlxfwreset) or power the node off and on; replace the card if it fails again",
        is_down: true,
        ..Class::LINK
    };

    fn evidence(&self) -> Evidence {
        Evidence::new("tx_bytes", (0.0, "bytes/s"), (self.before, "itself before"))
    }

    fn claim(&self, is_over: bool) -> String {
        let says = if is_over { "said" } else { "says" };
        let what = match (self.is_unread, is_over) {
            (true, false) => "its counters cannot be read",
            (true, true) => "its counters could not be read",
            (false, false) => "it sends nothing",
            (false, true) => "it sent nothing",
        };
        format!("its driver {says} \"{}\", and {what} for {}", self.words, seconds(self.silent_s))
    }

    fn verdict(&self, at: Option<&PortRef>, is_over: bool) -> String {
        let (is, does) = if is_over { ("was", "did") } else { ("is", "does") };
        format!("{is} dead: the card of {} {does} not answer its driver: \"{}\"", super::words::port(at), self.words)
    }

    fn query(&self, shown: &Shown<'_>) -> Query {
        Query::of_port(shown, &["tx_bytes", "rx_bytes", "link_up"])
    }

    fn chart(&self, shown: &Shown<'_>) -> Option<Chart> {
        Some(Chart::of("Gbit/s", Form::Values, shown.rate("tx_bytes", 8e-9)))
    }

    fn amount(&self) -> f64 {
        self.silent_s
    }

    #[cfg(test)]
    fn sample() -> NicDown {
        let words = "mlx5_core 0000:d2:00.0: poll_health:825:(pid 0): device's health compromised - reached miss count".to_owned();
        NicDown { words, silent_s: 9.0, is_unread: false, before: 2.1e9 }
    }
}

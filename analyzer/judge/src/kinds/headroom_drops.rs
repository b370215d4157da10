//! A switch drops packets on ports on which it has asked the sender to pause: it keeps too little room for what is under way.

use super::words::si;
use super::{Class, Evidence, Family, KindOfFact, Query, Shown};
use crate::fabric::PortRef;
use crate::incident::{Chart, Form, Severity};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HeadroomDrops {
    /// Packets dropped a second, and how many ports dropped some at one time.
    pub rate: f64,
    pub ports: u32,
    /// Of the ports and ticks that dropped, the part that had paused the sender, and the same of all, 0 to 1.
    pub paused: f64,
    pub usual: f64,
    /// How surely it is so, nats.
    pub nats: f64,
}

impl KindOfFact for HeadroomDrops {
    const CLASS: Class = Class {
        name: "buffer_misconfig",
        family: Family::Congestion,
        subject: "buffer_misconfig",
        severity: Severity::Warning,
        action: "compare the buffer profile of this switch with its siblings': headroom for cable length and speed, thresholds, \
                 and which traffic classes are lossless",
        ..Class::LINK
    };

    fn evidence(&self) -> Evidence {
        Evidence::new("rx_discards", (self.rate, "packets/s where it has paused"), (0.0, "siblings that pause"))
    }

    fn claim(&self, is_over: bool) -> String {
        let drops = if is_over { "dropped" } else { "drops" };
        let (rate, ports) = (si(self.rate, "").trim_end().to_owned(), self.ports);
        let on = if ports == 1 { "one port".to_owned() } else { format!("up to {ports} ports at a time") };
        format!("{drops} {rate} packets a second on arrival, on {on}, where it has asked the sender to pause; no other switch does")
    }

    fn verdict(&self, _: Option<&PortRef>, is_over: bool) -> String {
        let (drops, keeps) = if is_over { ("dropped", "kept") } else { ("drops", "keeps") };
        format!("{drops} what it has paused for: it {keeps} too little buffer for packets that are under way")
    }

    fn query(&self, shown: &Shown<'_>) -> Query {
        Query::of_port(shown, &["rx_discards", "tx_pause_us", "rx_packets", "queue_bytes"])
    }

    fn chart(&self, shown: &Shown<'_>) -> Option<Chart> {
        Some(Chart::of("packets/s", Form::Values, shown.rate("rx_discards", 1.0)))
    }

    fn amount(&self) -> f64 {
        self.rate
    }

    #[cfg(test)]
    fn sample() -> HeadroomDrops {
        HeadroomDrops { rate: 102_000.0, ports: 8, paused: 1.0, usual: 0.5, nats: 27.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drops_are_told_with_their_rate_and_ports() {
        let said = "drops 102 k packets a second on arrival, on up to 8 ports at a time, where it has asked the sender to pause; \
                    no other switch does";
        assert_eq!(HeadroomDrops::sample().claim(false), said);
        let one = HeadroomDrops { ports: 1, ..HeadroomDrops::sample() };
        assert!(one.claim(true).starts_with("dropped 102 k packets a second on arrival, on one port, where"));
    }
}

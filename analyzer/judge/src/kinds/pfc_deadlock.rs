//! Switches that hold each other up in a circle, so that none of them sends any more.

use super::words::seconds;
use super::{Class, Evidence, Family, KindOfFact, Query, Shown, Suspect};
use crate::fabric::PortRef;
use crate::incident::{Chart, Form};
use serde::{Deserialize, Serialize};

/// Ports that are named; more are counted.
const NAMED: usize = 4;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PfcDeadlock {
    /// The ports of the circle, the one that stood still first in front: each is held by a switch that cannot empty its buffer
    /// before another of these ports sends.
    pub circle: Vec<PortRef>,
    /// Ports outside of it that stand still because they send into it; the first of them by name.
    pub behind: Vec<PortRef>,
    /// How many those are.
    pub all_behind: u32,
    /// For how long all of the circle has stood still, and how long a sound port may: until the buffers before it are empty, s.
    pub stood_s: f64,
    pub drained_s: f64,
    /// What waits at the ports of the circle, bytes; `None` where no queue is told.
    pub waiting_bytes: Option<f64>,
    /// The cables of the circle that the evidence does not tell from the one that is accused.
    pub suspects: Vec<Suspect>,
}

impl PfcDeadlock {
    /// As many ports behind the circle as a fact carries.
    pub const MOST_BEHIND: usize = 16;

    fn ports(&self) -> String {
        let named: Vec<String> = self.circle.iter().take(NAMED).map(|at| super::words::port(Some(at))).collect();
        match (self.circle.len().saturating_sub(NAMED), &named[..]) {
            (0, [first @ .., last]) if !first.is_empty() => format!("{} and {last}", first.join(", ")),
            (0, _) => named.concat(),
            (more, _) => format!("{} and {more} more", named.join(", ")),
        }
    }
}

impl KindOfFact for PfcDeadlock {
    const CLASS: Class = Class {
        name: "pfc_deadlock",
        family: Family::Congestion,
        subject: "pfc_deadlock",
        action: "empty the queues of one of these ports: shut it down and up again, or let the switch's watchdog do so; then mend \
                 the route that sends packets back to where they came from",
        ..Class::LINK
    };

    fn evidence(&self) -> Evidence {
        let drained = (self.drained_s, "s in which full buffers empty");
        Evidence::new("rx_pause_us", (self.stood_s, "s held without sending"), drained)
    }

    fn claim(&self, is_over: bool) -> String {
        let (hold, have) = if is_over { ("held", "had") } else { ("hold", "have") };
        let behind = match self.all_behind {
            0 => String::new(),
            1 => ", and 1 port behind them waits".to_owned(),
            more => format!(", and {more} ports behind them wait"),
        };
        format!("{} {hold} each other up and {have} sent nothing for {}{behind}", self.ports(), seconds(self.stood_s))
    }

    fn verdict(&self, _: Option<&PortRef>, is_over: bool) -> String {
        let (is, hold, send) = if is_over { ("was", "held", "sent") } else { ("is", "hold", "send") };
        format!("{is} deadlocked: {} {hold} each other up in a circle and {send} nothing", self.ports())
    }

    fn query(&self, shown: &Shown<'_>) -> Query {
        Query::of_port(shown, &["rx_pause_us", "tx_pause_us", "tx_bytes", "rx_bytes", "queue_bytes"])
    }

    /// A counter of µs: its rate in µs a second, times 1e-6, is the part of the time.
    fn chart(&self, shown: &Shown<'_>) -> Option<Chart> {
        Some(Chart::of("fraction", Form::Values, shown.rate("rx_pause_us", 1e-6)))
    }

    fn amount(&self) -> f64 {
        self.stood_s
    }

    fn suspects(&self) -> &[Suspect] {
        &self.suspects
    }

    fn suspects_alike(&self) -> Option<&'static str> {
        Some("is of the same circle, and each of its switches may hold the packets that do not belong there")
    }

    #[cfg(test)]
    fn sample() -> PfcDeadlock {
        let [spine, leaf] = [PortRef::new("spine2", "swp1"), PortRef::new("leaf1", "swp7")];
        let far = crate::fabric::Part::cable(PortRef::new("leaf0", "swp5"), PortRef::new("spine1", "swp1"));
        PfcDeadlock {
            circle: vec![spine, leaf],
            behind: vec![PortRef::new("h4", "rdma0")],
            all_behind: 1,
            stood_s: 12.0,
            drained_s: 0.12,
            waiting_bytes: Some(2.7e6),
            suspects: vec![Suspect { part: far, share: 0.5 }],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadlock_says_who_holds_whom_and_how_many_wait_behind() {
        let sample = PfcDeadlock::sample();
        assert_eq!(
            sample.claim(false),
            "spine2 swp1 and leaf1 swp7 hold each other up and have sent nothing for 12 s, and 1 port behind them waits"
        );
        let port = PortRef::new("leaf1", "swp7");
        let many = PfcDeadlock { circle: vec![port; 6], all_behind: 0, ..sample };
        assert!(many.verdict(None, true).starts_with("was deadlocked: leaf1 swp7, "));
        assert!(many.claim(true).contains("and 2 more held each other up and had sent nothing"), "{}", many.claim(true));
    }
}

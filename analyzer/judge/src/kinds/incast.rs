//! Several hosts outside a job send to one of its hosts at once, so that the job waits in the queue before that host.

use super::words::{percent, si};
use super::{Class, Evidence, KindOfFact, Query, Shown};
use crate::fabric::PortRef;
use crate::incident::{Chart, Form};
use serde::{Deserialize, Serialize};

/// Senders that are named; more are counted.
const NAMED: usize = 4;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Incast {
    /// The hosts outside the job, the one that sends most first.
    pub senders: Vec<String>,
    /// What they send more than before, together, bit/s.
    pub more_bps: f64,
    /// All that is sent to the host, bit/s.
    pub bps: f64,
    /// The part of its step time that the job loses, 0 to 1.
    pub job_lost: f64,
    /// The usual length of the job's iterations, ns.
    pub iteration_ns: i64,
}

impl Incast {
    fn who(&self) -> String {
        let named = self.senders.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>();
        match (self.senders.len().saturating_sub(NAMED), &named[..]) {
            (0, [first @ .., last]) if !first.is_empty() => format!("{} and {last}", first.join(", ")),
            (0, _) => named.concat(),
            (more, _) => format!("{} and {more} more", named.join(", ")),
        }
    }
}

impl KindOfFact for Incast {
    const CLASS: Class = Class {
        name: "incast",
        action: "find out what the senders send to this host, and move it to other hosts, another time or another traffic class",
        ..Class::CONGESTION
    };

    fn evidence(&self) -> Evidence {
        Evidence::new("rx_bytes", (self.more_bps, "bit/s from hosts outside the job"), (self.bps, "bit/s in all"))
    }

    fn claim(&self, _: bool) -> String {
        format!("receives {} more from {}, of {} in all", si(self.more_bps, "bit/s"), self.who(), si(self.bps, "bit/s"))
    }

    fn verdict(&self, at: Option<&PortRef>, is_over: bool) -> String {
        let is = if is_over { "was" } else { "is" };
        let host = at.map_or("", |at| &at.device);
        let share = percent(self.more_bps / self.bps);
        format!("{is} flooded: {}, outside the job, send {share} of what {host} receives", self.who())
    }

    fn query(&self, shown: &Shown<'_>) -> Query {
        Query::of_port(shown, &["rx_bytes", "rx_packets"])
    }

    fn chart(&self, shown: &Shown<'_>) -> Option<Chart> {
        Some(Chart::of("bit/s", Form::Values, shown.rate("rx_bytes", 8.0)))
    }

    fn amount(&self) -> f64 {
        self.more_bps
    }

    fn lost(&self) -> Option<f64> {
        Some(self.job_lost)
    }

    fn iteration_ns(&self) -> i64 {
        self.iteration_ns
    }

    #[cfg(test)]
    fn sample() -> Incast {
        let senders = ["x0", "x1", "x2"].map(str::to_owned).to_vec();
        Incast { senders, more_bps: 6e10, bps: 9.4e10, job_lost: 0.21, iteration_ns: 1_270_000_000 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_senders_are_named_and_more_are_counted() {
        for (senders, said) in [
            (&["a"][..], "a"),
            (&["a", "b"], "a and b"),
            (&["a", "b", "c", "d"], "a, b, c and d"),
            (&["a", "b", "c", "d", "e", "f"], "a, b, c, d and 2 more"),
        ] {
            let senders = senders.iter().map(|sender| (*sender).to_owned()).collect();
            assert_eq!(Incast { senders, ..Incast::sample() }.who(), said);
        }
    }
}

//! One of several equal links carries what the others carried before, so that the job waits in its queue.

use super::words::percent;
use super::{Class, Evidence, KindOfFact, Query, Shown};
use crate::fabric::PortRef;
use crate::incident::{Chart, Form};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EcmpImbalance {
    /// How many equal links there are, with this one.
    pub links: u32,
    /// This link's part of what they send together, before and now, 0 to 1.
    pub before: f64,
    pub now: f64,
    /// The part of its step time that the job loses, 0 to 1.
    pub job_lost: f64,
    /// The usual length of the job's iterations, ns.
    pub iteration_ns: i64,
}

impl KindOfFact for EcmpImbalance {
    const CLASS: Class = Class {
        name: "ecmp_imbalance",
        action: "see what changed in the hash or the routes of the switch; spread the flows over more queue pairs or source ports",
        ..Class::CONGESTION
    };

    fn evidence(&self) -> Evidence {
        let [now, before] = [self.now, self.before].map(|part| part * 100.0);
        Evidence::new("tx_bytes", (now, "% of what the equal links send"), (before, "% before"))
    }

    fn claim(&self, _: bool) -> String {
        let [now, before] = [self.now, self.before].map(percent);
        format!("sends {now} of what the {} equal links send, {before} before", self.links)
    }

    fn verdict(&self, at: Option<&PortRef>, is_over: bool) -> String {
        let [now, before] = [self.now, self.before].map(percent);
        let carries = if is_over { "carried" } else { "carries" };
        format!("{carries} {now} of what the {} equal links of {} send, {before} before", self.links, switch(at))
    }

    fn query(&self, shown: &Shown<'_>) -> Query {
        Query::of_port(shown, &["tx_bytes", "queue_bytes", "tx_ecn_marked_packets"])
    }

    fn chart(&self, shown: &Shown<'_>) -> Option<Chart> {
        Some(Chart::of("bit/s", Form::Values, shown.rate("tx_bytes", 8.0)))
    }

    fn amount(&self) -> f64 {
        self.now - self.before
    }

    fn lost(&self) -> Option<f64> {
        Some(self.job_lost)
    }

    fn iteration_ns(&self) -> i64 {
        self.iteration_ns
    }

    #[cfg(test)]
    fn sample() -> EcmpImbalance {
        EcmpImbalance { links: 8, before: 0.125, now: 0.45, job_lost: 0.47, iteration_ns: 3_590_000_000 }
    }
}

fn switch(at: Option<&PortRef>) -> &str {
    at.map_or("the switch", |at| &at.device)
}

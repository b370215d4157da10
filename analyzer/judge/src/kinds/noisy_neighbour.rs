//! A host outside a job fills a queue that the job waits in.

use super::words::{port, si};
use super::{Class, Evidence, KindOfFact, Query, Shown};
use crate::fabric::PortRef;
use crate::incident::{Chart, Form};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NoisyNeighbour {
    /// The job that the host runs; empty where it runs none.
    pub job: String,
    /// What the host sends more than before, bit/s.
    pub more_bps: f64,
    /// All that passes the port where the queue stands, bit/s.
    pub bps: f64,
    /// The part of its step time that the waiting job loses, 0 to 1.
    pub job_lost: f64,
    /// The usual length of that job's iterations, ns.
    pub iteration_ns: i64,
}

impl KindOfFact for NoisyNeighbour {
    const CLASS: Class = Class {
        name: "noisy_neighbour",
        action: "give the two jobs hosts that share no link, or a traffic class each; limit the sender's rate",
        ..Class::CONGESTION
    };

    fn evidence(&self) -> Evidence {
        Evidence::new("tx_bytes", (self.more_bps, "bit/s more from the host"), (self.bps, "bit/s over the shared queue"))
    }

    fn claim(&self, _: bool) -> String {
        let [more, all] = [self.more_bps, self.bps].map(|bps| si(bps, "bit/s"));
        format!("of {all} that pass the queue, {more} are one host's outside the job, and new")
    }

    fn verdict(&self, at: Option<&PortRef>, is_over: bool) -> String {
        let of_job = if self.job.is_empty() { "(of no job)".to_owned() } else { format!("of job {}", self.job) };
        let (sends, waits) = if is_over { ("sent", "waited") } else { ("sends", "waits") };
        format!("{of_job} {sends} {} more through {}, where the job {waits}", si(self.more_bps, "bit/s"), port(at))
    }

    fn query(&self, shown: &Shown<'_>) -> Query {
        Query::of_port(shown, &["tx_bytes", "queue_bytes", "tx_ecn_marked_packets", "tx_discards"])
    }

    fn chart(&self, shown: &Shown<'_>) -> Option<Chart> {
        Some(Chart::of("bit/s", Form::Values, shown.rate("tx_bytes", 8.0)))
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
    fn sample() -> NoisyNeighbour {
        NoisyNeighbour { job: "other".into(), more_bps: 4.3e10, bps: 7.6e10, job_lost: 0.28, iteration_ns: 1_940_000_000 }
    }
}

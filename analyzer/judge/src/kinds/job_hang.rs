//! A host whose rank has not begun the collective that the others of its job wait in: its job stands still, and the processes of
//! the others live.

use super::words::percent;
use super::words::seconds;
use super::{Accuses, Class, Evidence, KindOfFact, Query, Shown};
use crate::fabric::PortRef;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobHang {
    /// For how long the job has stood still, s.
    pub stood_s: f64,
    /// The usual length of an iteration, s.
    pub iteration_s: f64,
    /// Hosts of the job that have begun, and wait.
    pub begun: u32,
    /// How busy the host is, and those that have begun, by their median: GPUs, or else CPUs against before, 0 to 1.
    pub busy: f64,
    pub peers_busy: f64,
    pub by_gpus: bool,
}

impl JobHang {
    fn life(&self) -> String {
        let [own, peers] = [self.busy, self.peers_busy].map(percent);
        match self.by_gpus {
            true => format!("its GPUs are {own} busy, theirs {peers}"),
            false => format!("its CPUs do {own} of what they did before, theirs {peers}"),
        }
    }
}

impl KindOfFact for JobHang {
    const CLASS: Class = Class {
        name: "job_hang",
        // A host that hangs is not merely late, whatever makes it late.
        rank: 5,
        renames_open: true,
        opens_after_ticks: 1,
        // Levels that stand still are exact, and the host does something else than all that wait for it.
        confidence: 0.9,
        accuses: Accuses::ThroughJob { aftermath_iterations: 3 },
        tells_hosts_apart: true,
        action: "look at the stack of its rank (py-spy, gdb) and at its kernel log; without it the job does not go on",
        ..Class::STRAGGLER
    };

    fn evidence(&self) -> Evidence {
        Evidence::new("stood_s", (self.stood_s, "s without a byte"), (self.iteration_s, "an iteration"))
    }

    fn claim(&self, is_over: bool) -> String {
        let (has, n, life) = (if is_over { "had" } else { "has" }, self.begun, self.life());
        format!("{has} not begun the collective in which {n} other hosts wait; {life}")
    }

    fn verdict(&self, _: Option<&PortRef>, is_over: bool) -> String {
        let (hangs, stood) = (if is_over { "hung" } else { "hangs" }, seconds(self.stood_s));
        format!("{hangs}: its job stood still for {stood}, and it {}", self.claim(is_over))
    }

    fn query(&self, shown: &Shown<'_>) -> Query {
        Query::of_port(shown, &["tx_bytes", "rx_bytes"])
    }

    fn amount(&self) -> f64 {
        self.stood_s
    }

    fn lost(&self) -> Option<f64> {
        Some(1.0)
    }

    fn iteration_ns(&self) -> i64 {
        (self.iteration_s * 1e9) as i64
    }

    #[cfg(test)]
    fn sample() -> JobHang {
        JobHang { stood_s: 8.0, iteration_s: 1.6, begun: 7, busy: 0.02, peers_busy: 0.97, by_gpus: true }
    }
}

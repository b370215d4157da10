//! A host whose work stands still more than its peers': its tasks wait for CPU, memory or disk, or its GPUs idle.

use super::words::percent;
use super::{Accuses, Class, Evidence, KindOfFact, Query, Shown};
use crate::fabric::PortRef;
use crate::incident::{Chart, Form};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HostStalls {
    pub of: Stalled,
    /// The part of the time that its work stood still, 0 to 1.
    pub share: f64,
    /// The same of its peers, by their median.
    pub usual: f64,
}

/// What stood still.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Stalled {
    /// Tasks that waited. The counter of the `host` table adds up the time for which they did, µs.
    Tasks { counter: String },
    /// GPUs that idled, by their utilisation.
    Gpus { counter: String },
}

impl HostStalls {
    /// What tasks wait for, from the counter's name: `cpu_pressure_us` is waiting for a CPU.
    fn resource(counter: &str) -> &str {
        match counter.split('_').next().unwrap_or_default() {
            "cpu" => "a CPU",
            "io" => "a disk",
            other => other,
        }
    }
}

impl KindOfFact for HostStalls {
    const CLASS: Class = Class {
        accuses: Accuses::ThroughJob { aftermath_iterations: 0 },
        tells_hosts_apart: true,
        action: "look for what takes its CPUs, memory or disks; replace the node in the job if it stays late",
        ..Class::STRAGGLER
    };

    fn evidence(&self) -> Evidence {
        let busy = |idle: f64| 100.0 * (1.0 - idle);
        match &self.of {
            Stalled::Tasks { counter } => {
                Evidence::new(counter, (self.share, "of the time stood still"), (self.usual, "peers"))
            }
            Stalled::Gpus { counter } => Evidence::new(counter, (busy(self.share), "%"), (busy(self.usual), "peers")),
        }
    }

    fn claim(&self, _: bool) -> String {
        let [own, peers] = [self.share, self.usual];
        match &self.of {
            Stalled::Tasks { counter } => {
                let what = HostStalls::resource(counter);
                format!("its tasks wait for {what} {} of the time, its peers' {}", percent(own), percent(peers))
            }
            Stalled::Gpus { .. } => {
                format!("its GPUs are {:.0} % busy, its peers' {:.0} %", 100.0 * (1.0 - own), 100.0 * (1.0 - peers))
            }
        }
    }

    fn verdict(&self, _: Option<&PortRef>, is_over: bool) -> String {
        let is = if is_over { "was" } else { "is" };
        format!("{is} held up: {}", self.claim(is_over))
    }

    fn query(&self, shown: &Shown<'_>) -> Query {
        match &self.of {
            Stalled::Tasks { counter } => Query::of_device(shown, "host", &[counter]),
            Stalled::Gpus { counter } => Query::of_device(shown, "gpu", &["port", counter]),
        }
    }

    /// The counter of waiting tasks adds up µs: its rate in µs a second, times 1e-6, is the share of the time.
    fn chart(&self, shown: &Shown<'_>) -> Option<Chart> {
        let Stalled::Tasks { counter } = &self.of else { return None };
        let mut chart = Chart::of("fraction", Form::Values, shown.rate(counter, 1e-6));
        chart.level = Some(self.usual);
        Some(chart)
    }

    /// The part of the time by which it stood still beyond its peers: the worse, the larger, whatever stood still.
    fn amount(&self) -> f64 {
        self.share - self.usual
    }

    fn at_most(&self) -> f64 {
        self.amount().clamp(0.0, 1.0)
    }

    #[cfg(test)]
    fn sample() -> HostStalls {
        HostStalls { of: Stalled::Tasks { counter: "cpu_pressure_us".into() }, share: 0.62, usual: 0.07 }
    }
}

//! A link between GPUs that counts more errors than it did, and than a sound link may have.

use super::words::si;
use super::{Class, Evidence, KindOfFact, Query, Shown, Suspect};
use crate::fabric::PortRef;
use crate::incident::{Chart, Form, Severity};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NvlinkErrors {
    /// The counter of the catalogue that tells it: `crc_errors`, `replays`, `recoveries` or `symbol_errors`.
    pub counter: String,
    /// Errors a second since it began.
    pub rate: f64,
    /// What may be expected, a second: the counter's own past, or what a sound link may have, where that is more.
    pub usual: f64,
    /// Errors since it began.
    pub errors: f64,
    /// The evidence in nats: M of `statistics/cusum.rs`.
    pub nats: f64,
    /// Links that began to count together; of one, it is that link itself.
    pub links: u32,
    /// Links of other GPUs that began to count with it: the other end of the same link, perhaps.
    pub with_it: Vec<Suspect>,
}

fn a_second(rate: f64) -> String {
    format!("{} a second", si(rate, "").trim_end())
}

impl KindOfFact for NvlinkErrors {
    const CLASS: Class = Class {
        name: "nvlink_errors",
        severity: Severity::Warning,
        rank: 2,
        resolves_after_ns: 30 * super::class::SECOND,
        action: "look for the same at the link's far end; reset the GPU when its job ends, and replace the board, bridge or cable if \
                 errors come back",
        ..Class::INSIDE
    };

    fn evidence(&self) -> Evidence {
        Evidence::new(&self.counter, (self.rate, "errors a second"), (self.usual, "itself before"))
    }

    fn claim(&self, _: bool) -> String {
        let (errors, counter) = (si(self.errors, ""), &self.counter);
        let errors = errors.trim_end();
        format!("counts {errors} {counter}, {}, where {} may be", a_second(self.rate), a_second(self.usual))
    }

    fn verdict(&self, _: Option<&PortRef>, is_over: bool) -> String {
        let counts = if is_over { "counted" } else { "counts" };
        let on = if self.links > 1 { format!(" on {} NVLinks", self.links) } else { String::new() };
        let rate = si(self.rate, "");
        format!("damages what it carries: it {counts} {} {} a second{on}", rate.trim_end(), self.counter)
    }

    fn query(&self, shown: &Shown<'_>) -> Query {
        Query::of_inside(shown, "gpu_link", &["crc_errors", "replays", "recoveries", "symbol_errors", "tx_bytes"])
    }

    fn chart(&self, shown: &Shown<'_>) -> Option<Chart> {
        Some(Chart::of("errors/s", Form::Values, shown.rate(&self.counter, 1.0)))
    }

    /// How many times as much as may be.
    fn amount(&self) -> f64 {
        self.rate / self.usual
    }

    fn suspects(&self) -> &[Suspect] {
        &self.with_it
    }

    #[cfg(test)]
    fn sample() -> NvlinkErrors {
        NvlinkErrors {
            counter: "crc_errors".into(),
            rate: 240.0,
            usual: 0.8,
            errors: 720.0,
            nats: 9.0,
            links: 1,
            with_it: Vec::new(),
        }
    }
}

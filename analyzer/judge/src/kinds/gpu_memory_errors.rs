//! A GPU whose memory fails: errors beyond correction, or rows that could not be replaced.

use super::words::si;
use super::{Class, Evidence, KindOfFact, Query, Shown};
use crate::fabric::PortRef;
use crate::incident::Severity;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GpuMemoryErrors {
    /// The counter of the catalogue that tells it: `ecc_uncorrectable`, `remap_failures` or `last_xid`.
    pub counter: String,
    /// The Xid that says so, where one does.
    pub xid: Option<u32>,
    /// Errors since it began.
    pub errors: f64,
}

impl KindOfFact for GpuMemoryErrors {
    const CLASS: Class = Class {
        name: "gpu_memory_errors",
        severity: Severity::Warning,
        rank: 4,
        // An error is a moment, and the GPU works on until somebody resets it: as long as a flapping link is watched at most.
        resolves_after_ns: 900 * super::class::SECOND,
        confidence: 0.95,
        action: "drain the node and reset the GPU, so that the failed rows are replaced; replace the GPU if rows cannot be, or if \
                 errors come back",
        ..Class::INSIDE
    };

    fn evidence(&self) -> Evidence {
        match self.xid {
            Some(code) => Evidence::new(&self.counter, (f64::from(code), "code"), (0.0, "itself before")),
            None => Evidence::new(&self.counter, (self.errors, "errors"), (0.0, "itself before")),
        }
    }

    fn claim(&self, _: bool) -> String {
        let errors = si(self.errors, "");
        match self.xid {
            Some(code) => format!("the driver says that its memory failed (Xid {code})"),
            None => format!("counts {} {} more", errors.trim_end(), self.counter),
        }
    }

    fn verdict(&self, _: Option<&PortRef>, is_over: bool) -> String {
        let has = if is_over { "had" } else { "has" };
        format!("{has} memory that fails: {}", self.claim(is_over))
    }

    fn query(&self, shown: &Shown<'_>) -> Query {
        let counters = ["ecc_uncorrectable", "ecc_correctable", "remap_failures", "remap_pending", "xid", "last_xid"];
        Query::of_inside(shown, "gpu", &counters)
    }

    fn amount(&self) -> f64 {
        self.errors
    }

    #[cfg(test)]
    fn sample() -> GpuMemoryErrors {
        GpuMemoryErrors { counter: "ecc_uncorrectable".into(), xid: None, errors: 2.0 }
    }
}

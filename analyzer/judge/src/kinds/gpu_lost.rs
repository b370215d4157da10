//! A GPU that its node cannot reach any more: it has fallen off the bus, or its firmware does not answer.

use super::{Class, Evidence, KindOfFact, Query, Shown};
use crate::fabric::PortRef;
use crate::incident::Severity;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GpuLost {
    /// The Xid that says so; `None` where its readings fail and those of the node's other GPUs do not.
    pub xid: Option<u32>,
}

impl KindOfFact for GpuLost {
    const CLASS: Class = Class {
        name: "gpu_lost",
        severity: Severity::Critical,
        rank: 5,
        renames_open: true,
        resolves_after_ns: 60 * super::class::SECOND,
        confidence: 0.95,
        action: "drain the node and power it off and on; if the GPU falls off again, reseat or replace it",
        is_down: true,
        holds_its_parts: true,
        ..Class::INSIDE
    };

    fn evidence(&self) -> Evidence {
        match self.xid {
            Some(code) => Evidence::new("last_xid", (f64::from(code), "code"), (0.0, "itself before")),
            None => Evidence::new("utilization_percent", (0.0, "readings"), (1.0, "the node's other GPUs")),
        }
    }

    fn claim(&self, is_over: bool) -> String {
        let by = match self.xid {
            Some(79) => "the driver says that it has fallen off the bus (Xid 79)".to_owned(),
            Some(code) => format!("the driver says that its firmware does not answer (Xid {code})"),
            None => "it cannot be read, and the node's other GPUs can".to_owned(),
        };
        if is_over { format!("{by}; it tells of itself again, was lost") } else { format!("{by}, lost") }
    }

    fn verdict(&self, _: Option<&PortRef>, is_over: bool) -> String {
        if is_over { "was lost and is back" } else { "is lost to its node" }.to_owned()
    }

    fn query(&self, shown: &Shown<'_>) -> Query {
        Query::of_inside(shown, "gpu", &["temperature_c", "utilization_percent", "xid", "last_xid"])
    }

    fn amount(&self) -> f64 {
        1.0
    }

    #[cfg(test)]
    fn sample() -> GpuLost {
        GpuLost { xid: Some(79) }
    }
}

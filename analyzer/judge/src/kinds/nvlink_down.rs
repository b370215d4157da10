//! Links between GPUs that were up and are down: one, several of one GPU, or those of a node.

use super::class::SECOND;
use super::{Class, Evidence, KindOfFact, Query, Shown, Suspect};
use crate::fabric::PortRef;
use crate::incident::{Chart, Form, Severity};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NvlinkDown {
    /// Links that went down together; of one, it is that link itself.
    pub links: u32,
    /// Links of other GPUs that went down with it: the other end of the same link, perhaps.
    pub with_it: Vec<Suspect>,
}

impl KindOfFact for NvlinkDown {
    const CLASS: Class = Class {
        name: "nvlink_down",
        severity: Severity::Critical,
        rank: 3,
        renames_open: true,
        resolves_after_ns: 30 * SECOND,
        confidence: 0.95,
        action: "drain the node and reset the GPU; if the link stays down, check its far end (GPU, NVSwitch tray, cable or bridge) \
                 and replace the board",
        is_down: true,
        ..Class::INSIDE
    };

    fn evidence(&self) -> Evidence {
        Evidence::new("link_up", (0.0, "state"), (1.0, "itself before"))
    }

    fn claim(&self, is_over: bool) -> String {
        match (self.links, is_over) {
            (1, false) => "the NVLink was up, down".to_owned(),
            (1, true) => "the NVLink is up again, was down".to_owned(),
            (links, false) => format!("{links} NVLinks went down together, down"),
            (links, true) => format!("{links} NVLinks went down together, were down"),
        }
    }

    fn verdict(&self, _: Option<&PortRef>, is_over: bool) -> String {
        match (self.links, is_over) {
            (1, false) => "is down".to_owned(),
            (1, true) => "was down and is up again".to_owned(),
            (links, false) => format!("has lost {links} NVLinks at once"),
            (links, true) => format!("had lost {links} NVLinks at once"),
        }
    }

    fn query(&self, shown: &Shown<'_>) -> Query {
        match self.links {
            1 => Query::of_inside(shown, "gpu_link", &["link_up", "link_state", "tx_bytes"]),
            _ => Query::of_device(shown, "gpu_link", &["port", "link_up", "link_state"]),
        }
    }

    fn chart(&self, shown: &Shown<'_>) -> Option<Chart> {
        (self.links == 1).then(|| Chart::of("state", Form::States, shown.raw("link_up")))
    }

    fn amount(&self) -> f64 {
        f64::from(self.links)
    }

    fn suspects(&self) -> &[Suspect] {
        &self.with_it
    }

    #[cfg(test)]
    fn sample() -> NvlinkDown {
        NvlinkDown { links: 1, with_it: Vec::new() }
    }
}

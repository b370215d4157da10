//! A link that has lost its carrier though nobody set it down.

use super::class::SECOND;
use super::{Class, Evidence, KindOfFact, Query, Shown};
use crate::fabric::PortRef;
use crate::incident::{Chart, Form};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LinkDown {
    /// `false`: the link was down when it was first read, though the plan has a cable there.
    pub was_up: bool,
}

impl KindOfFact for LinkDown {
    const CLASS: Class = Class {
        name: "link_down",
        rank: 4,
        renames_open: true,
        resolves_after_ns: 30 * SECOND,
        confidence: 0.97,
        action: "check that both ends are seated and lit; replace optic or cable if it does not come back",
        is_down: true,
        ..Class::LINK
    };

    fn evidence(&self) -> Evidence {
        let reference_of = if self.was_up { "itself before" } else { "plan" };
        Evidence::new("link_up", (0.0, "state"), (1.0, reference_of))
    }

    fn claim(&self, is_over: bool) -> String {
        match (self.was_up, is_over) {
            (true, false) => "was up, down",
            (true, true) => "is up again, was down",
            (false, false) => "is cabled in the plan and was never seen up, down",
            (false, true) => "is up, was down",
        }
        .to_owned()
    }

    fn verdict(&self, _: Option<&PortRef>, is_over: bool) -> String {
        if is_over { "was down and is up again" } else { "is down" }.to_owned()
    }

    fn query(&self, shown: &Shown<'_>) -> Query {
        Query::of_port(shown, &["link_up", "link_down_events"])
    }

    fn chart(&self, shown: &Shown<'_>) -> Option<Chart> {
        Some(Chart::of("state", Form::States, shown.raw("link_up")))
    }

    fn amount(&self) -> f64 {
        1.0
    }

    #[cfg(test)]
    fn sample() -> LinkDown {
        LinkDown { was_up: true }
    }
}

//! A link that goes down again and again, and comes up by itself in between.

use super::class::SECOND;
use super::{Class, Evidence, FactKind, KindOfFact, Query, Shown};
use crate::fabric::PortRef;
use crate::incident::{Chart, Form};
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LinkFlap {
    /// How often it went down in the last six hours.
    pub downs: u32,
    /// The longest time from one of the last downs to the next, ns.
    pub longest_gap_ns: i64,
}

/// A flap is over once the link has stayed up for this many times the longest gap between its downs. If downs come at
/// random with a mean gap g, the chance that a gap exceeds 3 g is e^-3, one in twenty. A link that goes down every two
/// minutes is watched for six.
const GAPS: i64 = 3;
/// No flap is held open for longer than this after its last down: two downs five hours apart are two incidents, and a
/// pager that shows a link as failing for hours after it was mended is not believed.
const AT_MOST_NS: i64 = 900 * SECOND;

impl KindOfFact for LinkFlap {
    const CLASS: Class = Class {
        name: "link_flap",
        rank: 5,
        renames_open: true,
        resolves_after_ns: 30 * SECOND,
        absent_with: Some(FactKind::LinkDown),
        confidence: 0.97,
        action: "drain the node or cost out the link, then reseat or replace the optic and cable at both ends",
        is_down: true,
        ..Class::LINK
    };

    fn evidence(&self) -> Evidence {
        Evidence::new("link_down_events", (f64::from(self.downs), "downs in 6 h"), (1.0, "itself before"))
    }

    fn claim(&self, _: bool) -> String {
        format!("went down {} times in six hours, flapping", self.downs)
    }

    fn verdict(&self, _: Option<&PortRef>, _: bool) -> String {
        format!("flaps: it went down {} times in six hours", self.downs)
    }

    fn query(&self, shown: &Shown<'_>) -> Query {
        Query::of_port(shown, &["link_up", "link_down_events"])
    }

    fn chart(&self, shown: &Shown<'_>) -> Option<Chart> {
        Some(Chart::of("downs", Form::Values, shown.raw("link_down_events")))
    }

    fn amount(&self) -> f64 {
        f64::from(self.downs)
    }

    fn resolves_after_ns(&self) -> i64 {
        self.longest_gap_ns.saturating_mul(GAPS).clamp(Self::CLASS.resolves_after_ns, AT_MOST_NS)
    }

    #[cfg(test)]
    fn sample() -> LinkFlap {
        LinkFlap { downs: 10, longest_gap_ns: 120 * SECOND }
    }
}

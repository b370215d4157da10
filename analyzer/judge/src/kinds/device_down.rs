//! A device most of whose links went down at one time: a switch that reboots or lost its power, a node that died. One
//! trouble, and not one a link.

use super::class::SECOND;
use super::{Class, Evidence, KindOfFact, Query, Shown};
use crate::fabric::PortRef;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeviceDown {
    /// Links that went down together.
    pub links: u32,
    /// Links that the device has.
    pub of: u32,
}

impl KindOfFact for DeviceDown {
    const CLASS: Class = Class {
        name: "device_down",
        rank: 6,
        renames_open: true,
        resolves_after_ns: 30 * SECOND,
        confidence: 0.97,
        action: "check the device's power and console: it rebooted or died; its cables are not accused",
        is_down: true,
        holds_its_parts: true,
        ..Class::LINK
    };

    fn evidence(&self) -> Evidence {
        Evidence::new("link_up", (f64::from(self.links), "links down"), (f64::from(self.of), "its links"))
    }

    fn claim(&self, is_over: bool) -> String {
        let DeviceDown { links, of } = self;
        let now = if is_over { "most are up again, were down" } else { "down" };
        format!("{links} of its {of} links went down together, {now}")
    }

    fn verdict(&self, _: Option<&PortRef>, is_over: bool) -> String {
        let DeviceDown { links, of } = self;
        match is_over {
            true => format!("was dark: {links} of its {of} links went down together, and most are up again"),
            false => format!("went dark: {links} of its {of} links are down"),
        }
    }

    fn query(&self, shown: &Shown<'_>) -> Query {
        Query::of_port(shown, &["link_up", "link_down_events"])
    }

    fn amount(&self) -> f64 {
        f64::from(self.links)
    }

    #[cfg(test)]
    fn sample() -> DeviceDown {
        DeviceDown { links: 34, of: 34 }
    }
}

//! One announcement of maintenance, and the events that tell the judge of it.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use weft_judge::fabric::{Announcement, LinkEvent, PortRef};
use weft_wire::plan::Plan;

/// The source of what an operator announces.
pub const HTTP: &str = "http";

/// A device with all that belongs to it, one port of a device, or all devices of a rack. Exactly one of `device` and `rack` is
/// given.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AnnouncedPart {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub device: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub port: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub rack: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announced {
    pub id: String,
    pub parts: Vec<AnnouncedPart>,
    pub from_ns: i64,
    /// `None`: until it is said to be over.
    pub until_ns: Option<i64>,
    pub who: String,
    pub reason: String,
    /// Who told weft: `http`, `slurm`, `kubernetes`.
    pub source: String,
}

/// An announcement is one line of an event: blanks and line breaks in a row become one blank.
pub fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl Announced {
    pub fn is_over(&self, now_ns: i64) -> bool {
        self.until_ns.is_some_and(|until_ns| until_ns <= now_ns)
    }

    pub fn names_racks(&self) -> bool {
        self.parts.iter().any(|part| !part.rack.is_empty())
    }

    /// One event for each device or port, the devices of racks by the plan in force.
    pub fn events(&self, plan: &Plan, ts_ns: i64) -> Vec<LinkEvent> {
        let places: BTreeSet<PortRef> = self.parts.iter().flat_map(|part| places(part, plan)).collect();
        let event = |at: PortRef| {
            let told = Announcement {
                id: self.id.clone(),
                at,
                from_ns: self.from_ns,
                until_ns: self.until_ns,
                who: self.who.clone(),
                reason: self.reason.clone(),
                is_end: false,
            };
            told.event(ts_ns)
        };
        places.into_iter().map(event).collect()
    }
}

fn places(part: &AnnouncedPart, plan: &Plan) -> Vec<PortRef> {
    match part.rack.as_str() {
        "" => vec![PortRef::new(&*part.device, &*part.port)],
        rack => {
            let there = plan.devices.iter().filter(|device| device.rack == rack);
            there.map(|device| PortRef::new(&*device.device, "")).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use weft_judge::testkit::star;

    #[test]
    fn a_rack_is_all_devices_that_the_plan_has_there() {
        let mut plan = star(4);
        plan.devices.iter_mut().skip(2).for_each(|device| device.rack = "r7".into());
        let part = |device: &str, port: &str, rack: &str| AnnouncedPart {
            device: device.into(),
            port: port.into(),
            rack: rack.into(),
        };
        let parts = vec![part("", "", "r7"), part("h3", "", ""), part("h0", "eth1", ""), part("", "", "nowhere")];
        let told = Announced { id: "m1".into(), parts, from_ns: 5, reason: "new kernel".into(), ..Default::default() };
        let events = told.events(&plan, 7);
        let at: Vec<_> = events.iter().map(|event| format!("{} {}", event.device, event.port)).collect();
        assert_eq!(at, ["h0 eth1", "h1 ", "h2 ", "h3 "]);
        assert!(events.iter().all(|event| event.ts_ns == 7 && event.text == "id=m1 from_ns=5 reason=new kernel"));
    }
}

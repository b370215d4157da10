//! A row of the result: what was done, what weft said, and whether that is right.

use crate::faults::Place;
use crate::receiver::Alert;
use crate::topology::Topology;
use serde::Serialize;

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Expected {
    pub class: String,
    pub device: String,
    pub port: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Named {
    pub class: String,
    pub device: String,
    pub port: String,
    pub confidence: Option<f64>,
}

/// Contract: `{fault,expected,named,seconds,lost_said,lost_measured,ok}`; `pass` and `false_alerts` are the lab's own.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    pub pass: String,
    pub fault: String,
    pub expected: Expected,
    /// Null when no alert named the part.
    pub named: Option<Named>,
    /// From injection to the first webhook that named the part with its class.
    pub seconds: Option<f64>,
    pub lost_said: Option<f64>,
    pub lost_measured: Option<f64>,
    /// Alerts of the round that accuse another part.
    pub false_alerts: Vec<Named>,
    /// Part and class right, nothing else accused.
    pub ok: bool,
}

/// What the pager heard in one round.
pub struct Heard {
    /// The alert that names the part; of the right class if there is one.
    pub named: Option<Alert>,
    pub others: Vec<Alert>,
}

/// Sorts a round's alerts. Alerts about data or benign events accuse no hardware; a part named again under another class
/// (a link down that turns out to flap) is the same part.
pub fn sort(topology: &Topology, place: &Place, class: &str, alerts: &[Alert]) -> Heard {
    let accusing = alerts.iter().filter(|a| a.is_firing() && accuses(a));
    let (mut right, others): (Vec<&Alert>, Vec<&Alert>) = accusing.partition(|a| is_part(topology, place, a));
    right.sort_by_key(|a| (a.label("class") != class, a.received_ns));
    Heard { named: right.first().map(|a| (*a).clone()), others: others.into_iter().cloned().collect() }
}

/// Whether an alert blames a part: not data, not benign, not the dead man's heartbeat.
pub fn accuses(alert: &Alert) -> bool {
    !alert.label("device").is_empty() && !matches!(alert.label("family"), "data" | "benign")
}

/// A cable is named by either end; a whole device by its name and no port.
fn is_part(topology: &Topology, place: &Place, alert: &Alert) -> bool {
    let (device, port) = (alert.label("device"), alert.label("port"));
    match topology.cable_at(&place.device, &place.port) {
        Some(cable) => topology.cables[cable].touches(device, port),
        None => device == place.device && port.is_empty(),
    }
}

impl From<&Alert> for Named {
    fn from(alert: &Alert) -> Self {
        let label = |name: &str| alert.label(name).to_owned();
        Self {
            class: label("class"),
            device: label("device"),
            port: label("port"),
            confidence: alert.number("confidence"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alert(class: &str, family: &str, device: &str, port: &str, received_ns: i64) -> Alert {
        let labels = [("class", class), ("family", family), ("device", device), ("port", port)];
        let labels = labels.into_iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
        Alert { status: "firing".into(), labels, received_ns, ..Alert::default() }
    }

    fn place(device: &str, port: &str) -> Place {
        Place { device: device.into(), port: port.into() }
    }

    #[test]
    fn either_end_of_a_cable_will_do_and_the_right_class_goes_first() {
        let alerts = [
            alert("link_down", "failing link", "leaf1", "swp1", 1),
            alert("link_flap", "failing link", "leaf1", "swp1", 2),
            alert("counter_reset", "data", "h2", "eth1", 3),
        ];
        let heard = sort(&Topology::standard(), &place("h1", "eth1"), "link_flap", &alerts);
        assert_eq!(heard.named.map(|a| a.received_ns), Some(2));
        assert!(heard.others.is_empty());
    }

    #[test]
    fn another_part_is_falsely_accused() {
        let alerts =
            [alert("host_straggler", "straggler", "h2", "", 1), alert("slow_link", "failing link", "h1", "eth1", 2)];
        let heard = sort(&Topology::standard(), &place("h1", ""), "host_straggler", &alerts);
        assert!(heard.named.is_none());
        assert_eq!(heard.others.len(), 2);
    }
}

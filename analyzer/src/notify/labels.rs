//! Labels of alerts: their identity to Alertmanager and to pagers, so no value ever stands in one.
//!
//! | label | from |
//! |---|---|
//! | `alertname` `class` `family` `severity` | what the incident is now; when one of them changes, the alert becomes another |
//! | `device` `port` `incident` | fixed while the incident lives |
//! | `job` `rack` `rail` `peer` | as they were known when the incident was first told ([`FROZEN`]) |
//! | all of `[alerts] external_labels` | the configuration |

use super::places::Places;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use weft_judge::incident::{Culprit, Incident, Kind, Severity};
use weft_settings::Wrong;

/// In order of names, as Alertmanager writes and hashes them.
pub type Labels = BTreeMap<String, String>;

/// Weft's own labels of what an incident is and where.
const OWN: [&str; 7] = ["alertname", "class", "family", "severity", "device", "port", "incident"];
/// What may become known, or change, while the incident lives: it stays as it was first told.
pub const FROZEN: [&str; 4] = ["job", "rack", "rail", "peer"];

/// `[alerts]`: what is said on every alert, whoever receives it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AlertsConfig {
    /// Labels put on every alert, such as `{ cluster = "a" }`, so that several clusters can share a receiver.
    pub external_labels: Labels,
}

impl AlertsConfig {
    pub fn check(&self) -> Result<(), Wrong> {
        let wrong = self.external_labels.iter().find_map(|(name, value)| Some((name, wrong_label(name, value)?)));
        let key = |name: &str| format!("alerts.external_labels.{name}");
        wrong.map_or(Ok(()), |(name, what)| Err(Wrong::new(&key(name), what)))
    }
}

/// What is wrong with a label that is to be put on every alert, and how to mend it.
fn wrong_label(name: &str, value: &str) -> Option<&'static str> {
    match name {
        _ if !is_label_name(name) => Some("it is no label name: write letters, digits and _, no digit first"),
        _ if name.starts_with("__") => Some("names with __ at their begin are Prometheus' own: give it another name"),
        _ if OWN.contains(&name) || FROZEN.contains(&name) => Some("it is a label of weft's own: give it another name"),
        _ if value.is_empty() => Some("an empty value is no label to Alertmanager: leave the label out"),
        _ => None,
    }
}

fn is_label_name(name: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.starts_with(|c: char| word(c) && !c.is_ascii_digit()) && name.chars().all(word)
}

/// What makes it this alert and no other: when one of these changes, the receiver is told again.
pub fn own(incident: &Incident) -> Labels {
    let culprit = incident.culprits.first();
    let device = culprit.map_or("", |culprit| culprit.device.as_str());
    let port = culprit.map_or("", |culprit| culprit.port.as_str());
    let family = if incident.kind == Kind::Data { "data" } else { incident.family.as_str() };
    pairs([
        ("alertname", alertname(&incident.class)),
        ("class", incident.class.clone()),
        ("family", family.to_owned()),
        ("severity", severity(incident.severity).to_owned()),
        ("device", device.to_owned()),
        ("port", port.to_owned()),
        ("incident", incident.id.clone()),
    ])
}

/// As far as they are known now.
pub fn frozen(incident: &Incident, places: &Places) -> Labels {
    let Some(culprit) = incident.culprits.first() else {
        return pairs([("job", places.job(incident))]);
    };
    pairs([
        ("job", places.job(incident)),
        ("rack", places.rack(culprit)),
        ("rail", places.rail(culprit)),
        ("peer", peer(culprit)),
    ])
}

/// `device:port` of the cable's far end.
fn peer(culprit: &Culprit) -> String {
    match (culprit.peer_device.as_str(), culprit.peer_port.as_str()) {
        (device, "") => device.to_owned(),
        (device, port) => format!("{device}:{port}"),
    }
}

/// An empty label is no label to Alertmanager: it would drop it, and the fingerprints would differ.
pub fn pairs(all: impl IntoIterator<Item = (&'static str, String)>) -> Labels {
    let said = all.into_iter().filter(|(_, value)| !value.is_empty());
    said.map(|(name, value)| (name.to_owned(), value)).collect()
}

/// `link_down` → `WeftLinkDown`.
fn alertname(class: &str) -> String {
    class.split('_').fold(String::from("Weft"), |mut name, word| {
        let mut letters = word.chars();
        name.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        name + letters.as_str()
    })
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "info",
        Severity::Warning => "warning",
        Severity::Critical => "critical",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_written_as_prometheus_does() {
        for (class, name) in [("link_down", "WeftLinkDown"), ("nic", "WeftNic"), ("rule:x_ö__y", "WeftRule:xöY")] {
            assert_eq!(alertname(class), name);
        }
    }

    #[test]
    fn external_labels_are_checked_by_name() {
        assert!(wrong_label("cluster", "a").is_none() && wrong_label("_Region2", "ö \"x\"").is_none());
        let wrong = [("", "a"), ("2nd", "a"), ("a-b", "a"), ("ä", "a"), ("__name__", "a"), ("cluster", "")];
        for (name, value) in wrong.into_iter().chain([("device", "a"), ("job", "a"), ("alertname", "a")]) {
            assert!(wrong_label(name, value).is_some(), "{name:?}");
        }
    }
}

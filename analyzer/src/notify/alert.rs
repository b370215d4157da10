//! An incident as a pager speaks of it. Labels are the identity, so no value ever stands in one.

use crate::incident::{Incident, Kind, Severity, State};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// In order of names, as Alertmanager writes and hashes them.
pub type Labels = BTreeMap<String, String>;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Firing,
    Resolved,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alert {
    pub status: Status,
    pub labels: Labels,
    pub annotations: Labels,
    /// Event time at which the incident opened.
    pub starts_ns: i64,
    /// Event time of recovery; `None` while firing.
    pub ends_ns: Option<i64>,
    /// The page of this incident.
    pub generator_url: String,
    /// Event time of the incident's latest transition.
    pub changed_ns: i64,
}

/// Where weft's page is, for links in alerts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Links {
    /// Without a slash at its end.
    pub external_url: String,
}

impl Links {
    pub fn incident(&self, id: &str) -> String {
        format!("{}/incidents/{id}", self.external_url)
    }
}

impl Alert {
    /// `None` for what is never sent: an incident only suspected, or resolved before it opened.
    pub fn of(incident: &Incident, links: &Links) -> Option<Alert> {
        let starts_ns = incident.opened_ns?;
        let (status, ends_ns) = match incident.state {
            State::Suspected => return None,
            State::Open => (Status::Firing, None),
            State::Resolved => (Status::Resolved, incident.resolved_ns),
        };
        let generator_url = links.incident(&incident.id);
        Some(Alert {
            status,
            labels: labels(incident),
            annotations: annotations(incident, &generator_url),
            starts_ns,
            ends_ns,
            generator_url,
            changed_ns: incident.transitions.last().map_or(starts_ns, |last| last.ts_ns),
        })
    }

    /// Always firing while weft sees; when it stops coming, weft is blind or dead. `started_ns` is wall time.
    pub fn dead_man(started_ns: i64, links: &Links) -> Alert {
        let summary = "weft is alive and sees its fabric; when this alert stops coming, weft is silent";
        Alert {
            status: Status::Firing,
            labels: pairs(
                [("alertname", DEAD_MAN), ("family", "weft"), ("severity", "info")].map(|(k, v)| (k, v.into())),
            ),
            annotations: pairs([("summary", summary.into())]),
            starts_ns: started_ns,
            ends_ns: None,
            generator_url: links.external_url.clone(),
            changed_ns: started_ns,
        }
    }

    pub fn name(&self) -> &str {
        &self.labels["alertname"]
    }

    /// The incident's id; empty for the dead-man alert.
    pub fn incident(&self) -> &str {
        self.labels.get("incident").map_or("", String::as_str)
    }

    /// Alertmanager's fingerprint of a label set: FNV-1a over `name 0xff value 0xff` in order of names.
    pub fn fingerprint(&self) -> String {
        let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
        for (name, value) in &self.labels {
            for byte in [name.as_bytes(), b"\xff", value.as_bytes(), b"\xff"].concat() {
                hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
            }
        }
        format!("{hash:016x}")
    }
}

const DEAD_MAN: &str = "WeftDeadMan";

/// Whether two updates of one incident are the same news: a receiver is told again of another state or other labels.
pub fn rings_alike(a: &Incident, b: &Incident) -> bool {
    a.state == b.state && labels(a) == labels(b)
}

fn labels(incident: &Incident) -> Labels {
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

/// An empty label is no label to Alertmanager: it would drop it, and the fingerprints would differ.
fn pairs(all: impl IntoIterator<Item = (&'static str, String)>) -> Labels {
    let said = all.into_iter().filter(|(_, value)| !value.is_empty());
    said.map(|(name, value)| (name.to_owned(), value)).collect()
}

/// `link_down` → `WeftLinkDown`.
fn alertname(class: &str) -> String {
    let words = class.split('_').filter(|word| !word.is_empty());
    words.fold(String::from("Weft"), |name, word| name + &word[..1].to_ascii_uppercase() + &word[1..])
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Info => "info",
        Severity::Warning => "warning",
        Severity::Critical => "critical",
    }
}

fn annotations(incident: &Incident, url: &str) -> Labels {
    let lost = incident.jobs.iter().filter_map(|job| job.lost_step_time).max_by(f64::total_cmp);
    let jobs: Vec<&str> = incident.jobs.iter().map(|job| job.job.as_str()).collect();
    pairs([
        ("summary", incident.sentence.clone()),
        ("action", incident.action.clone()),
        ("lost_step_time", lost.map_or_else(String::new, |lost| format!("{lost:.3}"))),
        ("confidence", format!("{:.2}", incident.confidence)),
        ("jobs", jobs.join(", ")),
        ("url", url.to_owned()),
    ])
}

/// Event times are ns since 1970, which a calendar names up to the year 2262: all of them.
pub(super) fn rfc3339(ns: i64) -> String {
    Timestamp::from_nanosecond(i128::from(ns)).unwrap_or(Timestamp::UNIX_EPOCH).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_times_are_written_as_prometheus_does() {
        assert_eq!(alertname("link_down"), "WeftLinkDown");
        assert_eq!(rfc3339(1_700_000_000_500_000_000), "2023-11-14T22:13:20.5Z");
        assert_eq!(rfc3339(i64::MAX), "2262-04-11T23:47:16.854775807Z");
    }

    /// The empty label set's is the offset basis of FNV-1a, as in Prometheus' own `LabelSet.Fingerprint`.
    #[test]
    fn fingerprints_are_alertmanagers() {
        let mut alert = Alert::dead_man(0, &Links::default());
        alert.labels.clear();
        assert_eq!(alert.fingerprint(), "cbf29ce484222325");
    }
}

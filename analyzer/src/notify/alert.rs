//! An incident as a pager speaks of it.

use super::labels::{self, FROZEN, Labels, pairs};
use super::places::Places;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::sync::{Arc, PoisonError, RwLock};
use weft_judge::incident::{Incident, State};

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
    /// Event time at which the trouble began (the incident's onset), as it was first told: the same in every telling,
    /// also of its end and under another name.
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

/// What alerts say beside the incident itself.
#[derive(Clone, Debug, Default)]
pub struct Context {
    pub links: Links,
    /// On every alert.
    pub external_labels: Labels,
    /// Of the plan in force.
    pub places: Arc<RwLock<Places>>,
}

impl Alert {
    /// `None` for what is never sent: an incident only suspected, or resolved before it opened.
    pub fn of(incident: &Incident, context: &Context) -> Option<Alert> {
        incident.opened_ns?;
        let (status, ends_ns) = match incident.state {
            State::Suspected => return None,
            State::Open => (Status::Firing, None),
            State::Resolved => (Status::Resolved, incident.resolved_ns.map(|ends_ns| ends_ns.max(incident.onset_ns))),
        };
        let generator_url = context.links.incident(&incident.id);
        let mut labels = context.external_labels.clone();
        labels.extend(labels::frozen(incident, &context.places.read().unwrap_or_else(PoisonError::into_inner)));
        labels.extend(labels::own(incident));
        Some(Alert {
            status,
            labels,
            annotations: annotations(incident, &generator_url),
            starts_ns: incident.onset_ns,
            ends_ns,
            generator_url,
            changed_ns: incident.transitions.last().map_or(incident.onset_ns, |last| last.ts_ns),
        })
    }

    /// Keeps what must not change while the incident lives as it was told before: its start, and the labels that are
    /// only looked up ([`FROZEN`]).
    pub fn freeze(&mut self, first: &Alert) {
        self.starts_ns = first.starts_ns;
        self.ends_ns = self.ends_ns.map(|ends_ns| ends_ns.max(first.starts_ns));
        for name in FROZEN {
            match first.labels.get(name) {
                Some(value) => self.labels.insert(name.to_owned(), value.clone()),
                None => self.labels.remove(name),
            };
        }
    }

    /// Whether it is the same news to a receiver, in whatever words.
    pub fn is_same_news(&self, other: &Alert) -> bool {
        (self.status, &self.labels) == (other.status, &other.labels)
    }

    /// Always firing while weft sees; when it stops coming, weft is blind or dead. `started_ns` is wall time.
    pub fn dead_man(started_ns: i64, context: &Context) -> Alert {
        let summary = "weft is alive and sees its fabric; when this alert stops coming, weft is silent";
        let own =
            pairs([("alertname", DEAD_MAN), ("family", "weft"), ("severity", "info")].map(|(k, v)| (k, v.into())));
        Alert {
            status: Status::Firing,
            labels: context.external_labels.clone().into_iter().chain(own).collect(),
            annotations: pairs([("summary", summary.into())]),
            starts_ns: started_ns,
            ends_ns: None,
            generator_url: context.links.external_url.clone(),
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
pub fn is_same_news(a: &Incident, b: &Incident) -> bool {
    a.state == b.state && labels::own(a) == labels::own(b)
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
    fn times_are_written_as_prometheus_does() {
        assert_eq!(rfc3339(1_700_000_000_500_000_000), "2023-11-14T22:13:20.5Z");
        assert_eq!(rfc3339(i64::MAX), "2262-04-11T23:47:16.854775807Z");
    }

    /// The empty label set's is the offset basis of FNV-1a, as in Prometheus' own `LabelSet.Fingerprint`.
    #[test]
    fn fingerprints_are_alertmanagers() {
        let mut alert = Alert::dead_man(0, &Context::default());
        alert.labels.clear();
        assert_eq!(alert.fingerprint(), "cbf29ce484222325");
    }
}

//! What a receiver has not heard yet. Only a change of state or of labels (class, culprit, severity) is news: numbers
//! and sentences may grow without ringing twice.

use super::log::DeliveryLog;
use crate::notify::{Alert, Batch, Labels, Status};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What a receiver last heard of an incident.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sent {
    pub alert: Alert,
    pub delivery: String,
    /// Wall time of the answer; of the try while `unsure`.
    pub at_ns: i64,
    /// Tried, and no answer said whether it was heard.
    #[serde(default)]
    pub unsure: bool,
    /// What the incident was called before, while the receiver may still believe it on.
    #[serde(default)]
    pub besides: Vec<Alert>,
}

impl Sent {
    pub fn heard(alert: Alert, delivery: String) -> Sent {
        Sent { alert, delivery, at_ns: now_ns(), unsure: false, besides: Vec::new() }
    }

    /// Other names of the incident that the receiver may believe on.
    fn others(self, labels: &Labels) -> Vec<Alert> {
        let own = Some(self.alert).filter(|alert| alert.status == Status::Firing);
        self.besides.into_iter().chain(own).filter(|alert| alert.labels != *labels).collect()
    }
}

/// The batch of what is news to the receiver; `None` when nothing is.
pub fn news(receiver: &str, alerts: Vec<Alert>, log: &dyn DeliveryLog) -> Option<Batch> {
    let mut batch = Batch { delivery: String::new(), alerts: Vec::new(), replaced: Vec::new() };
    for alert in alerts {
        let last = log.last(receiver, alert.incident());
        if !is_news(&alert, last.as_ref()) {
            continue;
        }
        batch.replaced.extend(last.into_iter().flat_map(|last| last.others(&alert.labels)));
        batch.alerts.push(alert);
    }
    batch.delivery = delivery_id(receiver, &batch.alerts);
    (!batch.alerts.is_empty()).then_some(batch)
}

/// An end is news only to who heard, or may have heard, of the beginning.
fn is_news(alert: &Alert, last: Option<&Sent>) -> bool {
    match (alert.status, last) {
        (Status::Firing, None) => true,
        (Status::Resolved, None) => false,
        (Status::Resolved, Some(last)) => last.alert.status == Status::Firing,
        (Status::Firing, Some(last)) => {
            // Older than what was told already: a restart reads its window again.
            let stale = alert.changed_ns < last.alert.changed_ns;
            !stale && (last.unsure || (last.alert.status, &last.alert.labels) != (alert.status, &alert.labels))
        }
    }
}

/// What is written down before a request goes out: when its answer is lost, the beginnings in it may have been heard.
pub fn tries(receiver: &str, batch: &Batch, log: &dyn DeliveryLog) -> Vec<Sent> {
    let firing = batch.alerts.iter().filter(|alert| alert.status == Status::Firing);
    let of = |alert: &Alert| {
        let last = log.last(receiver, alert.incident());
        if last.as_ref().is_some_and(|last| last.unsure && last.delivery == batch.delivery) {
            return None;
        }
        let besides = last.map_or_else(Vec::new, |last| last.others(&alert.labels));
        Some(Sent { unsure: true, besides, ..Sent::heard(alert.clone(), batch.delivery.clone()) })
    };
    firing.filter_map(of).collect()
}

/// The same change has the same id, also when it is told again after a crash.
fn delivery_id(receiver: &str, alerts: &[Alert]) -> String {
    let mut hasher = xxhash_rust::xxh3::Xxh3::new();
    let mut eat = |text: &str| hasher.update(format!("{}:{text}", text.len()).as_bytes());
    eat(receiver);
    for alert in alerts {
        eat(if alert.status == Status::Firing { "firing" } else { "resolved" });
        eat(&alert.changed_ns.to_string());
        alert.labels.iter().for_each(|(name, value)| {
            eat(name);
            eat(value);
        });
    }
    format!("{:032x}", hasher.digest128())
}

/// Wall time: of the delivery, never of the fault.
pub fn now_ns() -> i64 {
    i64::try_from(Timestamp::now().as_nanosecond()).unwrap_or(i64::MAX)
}

//! What a receiver has not heard yet. Only a change of state or of labels (class, culprit, severity) is news: numbers
//! and sentences may grow without ringing twice.

use super::log::DeliveryLog;
use crate::notify::{Alert, Batch, Status};
use serde::{Deserialize, Serialize};

/// What a receiver last heard of an incident.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sent {
    pub alert: Alert,
    pub delivery: String,
    /// Wall time of the answer.
    pub at_ns: i64,
}

/// The batch of what is news to the receiver; `None` when nothing is.
pub fn news(receiver: &str, alerts: Vec<Alert>, log: &dyn DeliveryLog) -> Option<Batch> {
    let mut batch = Batch { delivery: String::new(), alerts: Vec::new(), replaced: Vec::new() };
    for alert in alerts {
        let last = log.last(receiver, alert.incident()).map(|sent| sent.alert);
        if !is_news(&alert, last.as_ref()) {
            continue;
        }
        batch.replaced.extend(last.filter(|last| last.status == Status::Firing && last.labels != alert.labels));
        batch.alerts.push(alert);
    }
    batch.delivery = delivery_id(receiver, &batch.alerts);
    (!batch.alerts.is_empty()).then_some(batch)
}

/// An end is news only to who heard of the beginning.
fn is_news(alert: &Alert, last: Option<&Alert>) -> bool {
    match (alert.status, last) {
        (Status::Firing, None) => true,
        (Status::Resolved, None) => false,
        (Status::Resolved, Some(last)) => last.status == Status::Firing,
        (Status::Firing, Some(last)) => {
            // Older than what was told already: a restart reads its window again.
            let stale = alert.changed_ns < last.changed_ns;
            !stale && (last.status, &last.labels) != (alert.status, &alert.labels)
        }
    }
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

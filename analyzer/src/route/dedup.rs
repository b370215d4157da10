//! What a receiver has not heard yet. Only a change of state or of labels (class, culprit, severity) is news: numbers
//! and sentences may grow without ringing twice.

use super::delivery_queue::Waiting;
use super::log::DeliveryLog;
use super::sent::Sent;
use crate::notify::{Alert, Batch, Status};

/// The request of a delivery. Its id is that of its first try.
pub fn batch(receiver: &str, waiting: &Waiting, log: &dyn DeliveryLog) -> Batch {
    let others = |alert: &Alert| log.last(receiver, alert.incident()).map(|last| last.others(&alert.labels));
    let delivery = waiting.delivery.clone().unwrap_or_else(|| delivery_id(receiver, &waiting.alerts));
    let replaced = waiting.alerts.iter().filter_map(others).flatten().collect();
    Batch { delivery, alerts: waiting.alerts.clone(), replaced }
}

/// An end is news only to who heard, or may have heard, of the beginning.
pub fn is_news(alert: &Alert, last: Option<&Sent>) -> bool {
    match (alert.status, last) {
        (Status::Firing, None) => true,
        (Status::Resolved, None) => false,
        (Status::Resolved, Some(last)) => last.alert.status == Status::Firing,
        (Status::Firing, Some(last)) => {
            // Older than what was told already: a restart reads its window again.
            let stale = alert.changed_ns < last.alert.changed_ns;
            !stale && (last.unsure || !last.alert.is_same_news(alert))
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

//! What each receiver last heard of each incident.

use super::dedup::Sent;
use crate::notify::Status;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Deliveries kept of incidents that are over: enough to tell a restart from news.
pub const KEPT_RESOLVED: usize = 10_000;

pub trait DeliveryLog: Send + Sync {
    fn last(&self, receiver: &str, incident: &str) -> Option<Sent>;

    /// Durable when it returns. An error costs at worst a delivery told twice under one id.
    fn record(&self, receiver: &str, sent: &[Sent]) -> anyhow::Result<()>;

    /// Every last delivery, by receiver and incident.
    fn all(&self) -> Vec<(String, Sent)>;

    /// What this receiver believes to be on.
    fn firing(&self, receiver: &str) -> Vec<Sent> {
        let of = |(name, sent): &(String, Sent)| name == receiver && sent.alert.status == Status::Firing;
        self.all().into_iter().filter(of).map(|(_, sent)| sent).collect()
    }
}

/// Forgotten at the end of the process.
#[derive(Default)]
pub struct MemoryLog {
    last: Mutex<BTreeMap<(String, String), Sent>>,
}

impl DeliveryLog for MemoryLog {
    fn last(&self, receiver: &str, incident: &str) -> Option<Sent> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.get(&(receiver.to_owned(), incident.to_owned())).cloned()
    }

    fn record(&self, receiver: &str, sent: &[Sent]) -> anyhow::Result<()> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        for sent in sent {
            last.insert((receiver.to_owned(), sent.alert.incident().to_owned()), sent.clone());
        }
        for key in surplus(last.iter()) {
            last.remove(&key);
        }
        Ok(())
    }

    fn all(&self) -> Vec<(String, Sent)> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.iter().map(|((receiver, _), sent)| (receiver.clone(), sent.clone())).collect()
    }
}

/// Keys of the oldest resolved deliveries beyond [`KEPT_RESOLVED`].
fn surplus<'a>(all: impl ExactSizeIterator<Item = (&'a (String, String), &'a Sent)>) -> Vec<(String, String)> {
    if all.len() <= KEPT_RESOLVED {
        return Vec::new();
    }
    let over = all.filter(|(_, sent)| sent.alert.status == Status::Resolved);
    let mut over: Vec<_> = over.map(|(key, sent)| (sent.at_ns, key.clone())).collect();
    over.sort();
    let surplus = over.len().saturating_sub(KEPT_RESOLVED);
    over.into_iter().take(surplus).map(|(_, key)| key).collect()
}

/// [`surplus`] for a log that is stored elsewhere.
pub(super) fn surplus_of(all: &BTreeMap<(String, String), Sent>) -> Vec<(String, String)> {
    surplus(all.iter())
}

//! What each receiver last heard of each incident.

use super::sent::Sent;
use crate::notify::Status;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Deliveries kept of incidents that are over: enough to tell a restart from news.
pub const KEPT_RESOLVED: usize = 10_000;

pub trait DeliveryLog: Send + Sync {
    fn last(&self, receiver: &str, incident: &str) -> Option<Sent>;

    /// Durable when it returns. An error costs at worst a delivery told twice under one id.
    fn record(&self, receiver: &str, sent: &[Sent]) -> anyhow::Result<()>;

    /// Every last delivery, by receiver and incident.
    fn all(&self) -> Vec<(String, Sent)>;

    /// What this receiver believes to be on, or may believe.
    fn firing(&self, receiver: &str) -> Vec<Sent> {
        let is_on = |sent: &Sent| sent.alert.status == Status::Firing && !sent.refused;
        self.all().into_iter().filter(|(name, sent)| name == receiver && is_on(sent)).map(|(_, sent)| sent).collect()
    }

    /// Wall time until which this receiver asked to be left alone; it may have passed.
    fn rests_until(&self, receiver: &str) -> Option<i64>;

    /// Durable when it returns.
    fn rest(&self, receiver: &str, until_ns: i64) -> anyhow::Result<()>;
}

/// Receiver and incident.
pub(super) type Key = (String, String);

/// Forgotten at the end of the process.
#[derive(Default)]
pub struct MemoryLog {
    last: Mutex<BTreeMap<Key, Sent>>,
    rests: Mutex<BTreeMap<String, i64>>,
}

impl MemoryLog {
    fn last(&self) -> MutexGuard<'_, BTreeMap<Key, Sent>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn rests(&self) -> MutexGuard<'_, BTreeMap<String, i64>> {
        self.rests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The keys of what is forgotten to make room.
    pub(super) fn put(&self, sent: impl IntoIterator<Item = (String, Sent)>) -> Vec<Key> {
        let mut last = self.last();
        last.extend(sent.into_iter().map(|(receiver, sent)| ((receiver, sent.alert.incident().to_owned()), sent)));
        let gone = surplus(&last);
        for key in &gone {
            last.remove(key);
        }
        gone
    }
}

impl DeliveryLog for MemoryLog {
    fn last(&self, receiver: &str, incident: &str) -> Option<Sent> {
        self.last().get(&(receiver.to_owned(), incident.to_owned())).cloned()
    }

    fn record(&self, receiver: &str, sent: &[Sent]) -> anyhow::Result<()> {
        self.put(sent.iter().map(|sent| (receiver.to_owned(), sent.clone())));
        Ok(())
    }

    fn all(&self) -> Vec<(String, Sent)> {
        self.last().iter().map(|((receiver, _), sent)| (receiver.clone(), sent.clone())).collect()
    }

    fn rests_until(&self, receiver: &str) -> Option<i64> {
        self.rests().get(receiver).copied()
    }

    fn rest(&self, receiver: &str, until_ns: i64) -> anyhow::Result<()> {
        self.rests().insert(receiver.to_owned(), until_ns);
        Ok(())
    }
}

/// Keys of the oldest resolved deliveries beyond [`KEPT_RESOLVED`].
fn surplus(all: &BTreeMap<Key, Sent>) -> Vec<Key> {
    if all.len() <= KEPT_RESOLVED {
        return Vec::new();
    }
    let over = all.iter().filter(|(_, sent)| sent.alert.status == Status::Resolved);
    let mut over: Vec<_> = over.map(|(key, sent)| (sent.at_ns, key)).collect();
    over.sort();
    let surplus = over.len().saturating_sub(KEPT_RESOLVED);
    over.into_iter().take(surplus).map(|(_, key)| key.clone()).collect()
}

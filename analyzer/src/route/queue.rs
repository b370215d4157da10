//! What one receiver has still to be told, in order.

use crate::incident::Incident;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;

/// Deep enough for every link of a leaf pair to change twice while a receiver is away; a few MB.
const DEPTH: usize = 4096;
/// Alerts in one request: receivers bound the body, Alertmanager's webhook commonly at some hundreds.
const BATCH: usize = 64;

pub struct Queue {
    waiting: Mutex<VecDeque<Arc<Incident>>>,
    more: Notify,
    dropped: metrics::Counter,
}

impl Queue {
    pub fn new(receiver: &str) -> Queue {
        let dropped = metrics::counter!("weft_dropped_total", "where" => format!("notify.{receiver}"));
        Queue { waiting: Mutex::default(), more: Notify::new(), dropped }
    }

    pub fn push(&self, incident: Arc<Incident>) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() == DEPTH {
            waiting.pop_front();
            self.dropped.increment(1);
        }
        waiting.push_back(incident);
        drop(waiting);
        self.more.notify_one();
    }

    /// The next updates, at least one, each incident once: a second update of one is left for the next call.
    pub async fn take(&self) -> Vec<Arc<Incident>> {
        loop {
            let updates = self.take_now();
            if !updates.is_empty() {
                return updates;
            }
            self.more.notified().await;
        }
    }

    /// As [`Queue::take`], but empty when nothing waits.
    pub fn take_now(&self) -> Vec<Arc<Incident>> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let mut updates: Vec<Arc<Incident>> = Vec::new();
        while let Some(next) = waiting.front() {
            if updates.len() == BATCH || updates.iter().any(|update| update.id == next.id) {
                break;
            }
            updates.extend(waiting.pop_front());
        }
        updates
    }
}

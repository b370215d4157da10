//! The numbered feed of incident updates: what the page, `weft demo` and the pager's pipeline hear of.
//!
//! A bounded ring of the latest updates lets a reader that was away catch up by number; whoever was away longer is told
//! so and reads the incidents anew.

use serde::Serialize;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::broadcast;
use weft_judge::incident::Incident;

/// Updates kept for readers that come back: a minute of a bad fabric (17 a second) and hours of a good one.
pub const RING: usize = 1024;

/// An incident that is new or changed, whole, as it now stands.
#[derive(Debug, Serialize)]
pub struct Update {
    /// Rises by one an update.
    pub number: u64,
    #[serde(flatten)]
    pub incident: Incident,
}

#[derive(Debug)]
pub struct Feed {
    state: Mutex<Ring>,
    sender: broadcast::Sender<Arc<Update>>,
}

#[derive(Debug)]
struct Ring {
    next: u64,
    kept: VecDeque<Arc<Update>>,
}

/// What a reader that comes back has missed.
pub struct Resumed {
    /// False when some of it is gone: read the incidents anew.
    pub complete: bool,
    pub missed: Vec<Arc<Update>>,
    pub live: broadcast::Receiver<Arc<Update>>,
}

impl Feed {
    /// `first` is the number of the first update: above every number given out by an earlier process.
    pub fn new(first: u64) -> Feed {
        let ring = Ring { next: first, kept: VecDeque::with_capacity(RING) };
        Feed { state: Mutex::new(ring), sender: broadcast::Sender::new(RING) }
    }

    pub fn publish(&self, incident: Incident) -> Arc<Update> {
        let mut ring = self.lock();
        let update = Arc::new(Update { number: ring.next, incident });
        ring.next += 1;
        if ring.kept.len() == RING {
            ring.kept.pop_front();
        }
        ring.kept.push_back(update.clone());
        // Sent under the lock, so that `resume` sees every update exactly once. No listener is no error.
        let _ = self.sender.send(update.clone());
        update
    }

    /// Updates from now on. A receiver that falls behind by more than [`RING`] is told so.
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Update>> {
        self.sender.subscribe()
    }

    /// What came after update number `last`, and what is still to come.
    pub fn resume(&self, last: u64) -> Resumed {
        let ring = self.lock();
        let oldest = ring.kept.front().map_or(ring.next, |update| update.number);
        let complete = last < ring.next && last + 1 >= oldest;
        let missed = ring.kept.iter().filter(|update| update.number > last).cloned().collect();
        Resumed { complete, missed, live: self.sender.subscribe() }
    }

    /// The number of the latest update, or one below the first.
    pub fn latest(&self) -> u64 {
        self.lock().next.saturating_sub(1)
    }

    fn lock(&self) -> MutexGuard<'_, Ring> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

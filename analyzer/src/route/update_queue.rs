//! Updates of incidents that one receiver's task has not looked at yet, in order.

use super::group::BATCH;
use crate::notify::is_same_news;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;
use weft_judge::incident::Incident;

/// Deep enough for every link of a leaf pair to change twice while a receiver is away; a few MB.
const DEPTH: usize = 4096;

pub struct UpdateQueue {
    waiting: Mutex<Waiting>,
    more: Notify,
    dropped: metrics::Counter,
}

/// Updates by their turn, and the turns of each incident, in order.
#[derive(Default)]
struct Waiting {
    updates: BTreeMap<u64, Arc<Incident>>,
    turns: HashMap<String, Vec<u64>>,
    next: u64,
}

impl Waiting {
    /// True when the latest update of this incident that waits rings alike: then it is told as it now stands.
    fn replace(&mut self, incident: &Arc<Incident>) -> bool {
        let latest = self.turns.get(&incident.id).and_then(|turns| self.updates.get_mut(turns.last()?));
        let Some(latest) = latest.filter(|latest| is_same_news(latest, incident)) else { return false };
        latest.clone_from(incident);
        true
    }

    fn push(&mut self, incident: Arc<Incident>) {
        self.turns.entry(incident.id.clone()).or_default().push(self.next);
        self.updates.insert(self.next, incident);
        self.next += 1;
    }

    fn remove(&mut self, turn: u64) -> Option<Arc<Incident>> {
        let incident = self.updates.remove(&turn)?;
        if let Some(turns) = self.turns.get_mut(&incident.id) {
            turns.retain(|t| *t != turn);
            if turns.is_empty() {
                self.turns.remove(&incident.id);
            }
        }
        Some(incident)
    }

    /// The oldest update that a newer one of its incident follows, or the oldest of all.
    fn least_needed(&self) -> Option<u64> {
        let is_last = |turn: u64, id: &str| self.turns.get(id).and_then(|turns| turns.last()) == Some(&turn);
        let followed = self.updates.iter().find(|(turn, incident)| !is_last(**turn, &incident.id));
        followed.or_else(|| self.updates.first_key_value()).map(|(turn, _)| *turn)
    }
}

impl UpdateQueue {
    pub fn new(receiver: &str) -> UpdateQueue {
        let dropped = metrics::counter!("weft_dropped_total", "where" => format!("notify.{receiver}"));
        UpdateQueue { waiting: Mutex::default(), more: Notify::new(), dropped }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One entry an incident and change that rings: numbers and sentences may grow while it waits.
    pub fn push(&self, incident: Arc<Incident>) {
        let mut waiting = self.waiting();
        if waiting.replace(&incident) {
            return;
        }
        waiting.push(incident);
        if waiting.updates.len() > DEPTH {
            let least = waiting.least_needed();
            least.and_then(|turn| waiting.remove(turn));
            self.dropped.increment(1);
        }
        drop(waiting);
        self.more.notify_one();
    }

    /// Counts what was dropped after it was taken.
    pub fn count_dropped(&self, updates: usize) {
        self.dropped.increment(updates as u64);
    }

    /// Returns when something waits.
    pub async fn filled(&self) {
        while self.waiting().updates.is_empty() {
            self.more.notified().await;
        }
    }

    /// The next updates, each incident once: a second update of one is left for the next call.
    pub fn take_now(&self) -> Vec<Arc<Incident>> {
        let mut waiting = self.waiting();
        let mut updates: Vec<Arc<Incident>> = Vec::new();
        while let Some((&turn, next)) = waiting.updates.first_key_value() {
            if updates.len() == BATCH || updates.iter().any(|update| update.id == next.id) {
                break;
            }
            updates.extend(waiting.remove(turn));
        }
        updates
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use weft_judge::sample::{Changed, open};

    fn taken(queue: &UpdateQueue) -> Vec<(String, String, f64)> {
        let all = std::iter::from_fn(|| Some(queue.take_now()).filter(|updates| !updates.is_empty()));
        all.flatten().map(|i| (i.id.clone(), i.class.clone(), i.confidence)).collect()
    }

    #[test]
    fn what_rings_alike_waits_once_and_as_it_now_stands() {
        let queue = UpdateQueue::new("test");
        for confidence in [0.5, 0.6, 0.7] {
            for id in ["a", "b"] {
                queue.push(Arc::new(Incident { confidence, ..open(id) }));
            }
        }
        queue.push(Arc::new(open("a").into_class("link_flap", 20)));
        queue.push(Arc::new(open("a").into_class("link_flap", 20).resolved(30)));
        let flap = |confidence: f64| ("a".to_owned(), "link_flap".to_owned(), confidence);
        let down = |id: &str| (id.to_owned(), "link_down".to_owned(), 0.7);
        assert_eq!(taken(&queue), [down("a"), down("b"), flap(0.97), flap(0.97)]);
        assert!(queue.waiting().turns.is_empty());
    }

    #[test]
    fn a_full_queue_drops_what_a_newer_update_follows() {
        let queue = UpdateQueue::new("test");
        queue.push(Arc::new(open("oldest")));
        for n in 0..DEPTH - 2 {
            queue.push(Arc::new(open(&format!("{n}"))));
        }
        queue.push(Arc::new(open("flaps")));
        queue.push(Arc::new(open("flaps").into_class("link_flap", 20)));
        queue.push(Arc::new(open("more")));
        let told = taken(&queue);
        let of = |id: &str| told.iter().filter(|(told, ..)| told == id).map(|(_, class, _)| class.as_str()).collect();
        let of: [Vec<&str>; 4] = ["oldest", "0", "flaps", "more"].map(of);
        assert_eq!((told.len(), of[2].clone()), (DEPTH, vec!["link_flap"]));
        assert_eq!(
            [of[0].len(), of[1].len(), of[3].len()],
            [0, 1, 1],
            "only when nothing else can go, the oldest goes"
        );
    }
}

//! The hub: one bounded queue with one reader. What the reader has not committed, the next reader gets again.
//!
//! ```text
//! push ──room?──► queue ──next──► unacked ──commit──► acknowledged to whoever pushed
//!                   ▲                │
//!                   └─ reader gone ──┘
//! ```

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, oneshot, watch};

use crate::stats::{Counters, add, set};
use crate::throttle::Throttle;
use crate::{Delivery, Incoming, Publisher, Subscriber, Topic, TransportError, TransportStats, UNCOMMITTED};

/// A hub has one partition.
const PARTITION: i32 = 0;
/// The semaphore over bytes counts units of this many, so that its permits fit a u32.
const ROOM_UNIT: usize = 1024;
/// Collectors whose latest inventory is kept.
const RETAINED_KEYS: usize = 65_536;

/// Bounds on what the analyzer's process holds for its reader.
#[derive(Clone, Copy, Debug)]
pub struct HubLimits {
    /// Messages waiting to be read; a further push waits (a TCP sender is stopped by its window).
    pub queued: usize,
    /// Their bytes.
    pub queued_bytes: usize,
    /// Deliveries not yet committed: at this many `next` waits for a commit rather than grow.
    pub uncommitted: usize,
    /// Their bytes.
    pub uncommitted_bytes: usize,
    /// Open connections of a [`super::DirectServer`].
    pub connections: usize,
    /// The largest message, bytes.
    pub max_message_bytes: usize,
}

impl Default for HubLimits {
    fn default() -> Self {
        HubLimits {
            queued: 16_384,
            queued_bytes: 64 << 20,
            uncommitted: 262_144,
            uncommitted_bytes: 512 << 20,
            connections: 16_384,
            max_message_bytes: 8 << 20,
        }
    }
}

/// Where publishers and connections put messages, and one subscriber takes them.
pub struct Hub {
    limits: HubLimits,
    state: Mutex<State>,
    readable: Notify,
    room: Arc<Semaphore>,
    room_bytes: Arc<Semaphore>,
    pub(super) counters: Counters,
    complaint: Throttle,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Entry>,
    unacked: VecDeque<Entry>,
    unacked_bytes: usize,
    next_offset: i64,
    /// Everything before this offset was committed.
    committed: i64,
    /// The latest inventory of each key, for a reader that comes later.
    retained: BTreeMap<String, Bytes>,
    reader: bool,
    closed: bool,
}

struct Entry {
    offset: i64,
    topic: Topic,
    key: String,
    payload: Bytes,
    ack: Ack,
    /// Held while queued, given back on delivery.
    room: Option<(OwnedSemaphorePermit, OwnedSemaphorePermit)>,
}

/// Who waits for the commit.
pub(super) enum Ack {
    Call(oneshot::Sender<()>),
    /// The last acknowledged sequence number of a connection: commits come in order, so one number says all.
    Connection {
        acked: watch::Sender<u64>,
        sequence: u64,
    },
}

impl Ack {
    fn fire(self) {
        match self {
            // The caller may have given up waiting; then nobody is to be told.
            Ack::Call(done) => drop(done.send(())),
            Ack::Connection { acked, sequence } => {
                acked.send_if_modified(|last| std::mem::replace(last, sequence.max(*last)) < sequence);
            }
        }
    }
}

impl Hub {
    pub fn new(limits: HubLimits) -> Arc<Self> {
        Arc::new(Hub {
            limits,
            state: Mutex::default(),
            readable: Notify::new(),
            room: Arc::new(Semaphore::new(limits.queued.max(1))),
            room_bytes: Arc::new(Semaphore::new(limits.queued_bytes.div_ceil(ROOM_UNIT).max(1))),
            counters: Counters::default(),
            complaint: Throttle::default(),
        })
    }

    pub fn limits(&self) -> HubLimits {
        self.limits
    }

    pub fn publisher(self: &Arc<Self>) -> Arc<dyn Publisher> {
        Arc::new(HubPublisher(Arc::clone(self)))
    }

    /// The one reader. Dropped, it leaves what it has not committed to the next.
    pub fn subscribe(self: &Arc<Self>) -> Result<Box<dyn Subscriber>, TransportError> {
        Ok(Box::new(HubSubscriber::new(self, false)?))
    }

    pub fn stats(&self) -> TransportStats {
        set(&self.counters.lag, self.lock().queue.len() as u64);
        self.counters.snapshot()
    }

    /// Waits for room, then queues. Errors: too large, or closed.
    pub(super) async fn push(&self, topic: Topic, key: String, payload: Bytes, ack: Ack) -> Result<(), TransportError> {
        let max = self.limits.max_message_bytes;
        if payload.len() > max {
            return Err(TransportError::TooLarge { bytes: payload.len(), max });
        }
        let room = self.admit(payload.len()).await?;
        let mut state = self.lock();
        if state.closed {
            return Err(TransportError::Closed);
        }
        if topic == Topic::Inventory {
            state.retain(&key, &payload);
        }
        let offset = state.next_offset;
        state.next_offset += 1;
        state.queue.push_back(Entry { offset, topic, key, payload, ack, room: Some(room) });
        drop(state);
        self.readable.notify_one();
        Ok(())
    }

    async fn admit(&self, bytes: usize) -> Result<(OwnedSemaphorePermit, OwnedSemaphorePermit), TransportError> {
        // A message over the whole bound passes alone rather than never.
        let units = bytes.div_ceil(ROOM_UNIT).clamp(1, self.limits.queued_bytes.div_ceil(ROOM_UNIT).max(1));
        let units = u32::try_from(units).unwrap_or(u32::MAX);
        let closed = |_| TransportError::Closed;
        let one = Arc::clone(&self.room).acquire_owned().await.map_err(closed)?;
        let bytes = Arc::clone(&self.room_bytes).acquire_many_owned(units).await.map_err(closed)?;
        Ok((one, bytes))
    }

    /// A message for the reader, if one waits and enough of those before it is committed.
    fn take(&self) -> Option<Delivery> {
        let mut state = self.lock();
        if !self.has_room_uncommitted(&state) {
            return None;
        }
        let mut entry = state.queue.pop_front()?;
        entry.room = None;
        let delivery = entry.delivery();
        state.unacked_bytes += entry.payload.len();
        state.unacked.push_back(entry);
        let settled = state.settle();
        drop(state);
        self.acknowledge(settled);
        self.delivered(&delivery);
        Some(delivery)
    }

    fn has_room_uncommitted(&self, state: &State) -> bool {
        let (waiting, bytes) = (state.unacked.len(), state.unacked_bytes);
        let has_room = waiting < self.limits.uncommitted.max(1) && bytes < self.limits.uncommitted_bytes.max(1);
        if !has_room
            && !state.queue.is_empty()
            && let Some(suppressed) = self.complaint.admit()
        {
            tracing::warn!(waiting, bytes, suppressed, "direct transport: no more is read until some is committed");
        }
        has_room
    }

    fn delivered(&self, delivery: &Delivery) {
        add(&self.counters.delivered, 1);
        add(&self.counters.delivered_bytes, delivery.payload.len() as u64);
    }

    fn commit(&self, next_offset: i64) {
        let mut state = self.lock();
        state.committed = state.committed.max(next_offset);
        let settled = state.settle();
        drop(state);
        add(&self.counters.committed, 1);
        self.acknowledge(settled);
    }

    fn acknowledge(&self, settled: Vec<Entry>) {
        for entry in settled {
            add(&self.counters.acknowledged, 1);
            add(&self.counters.acknowledged_bytes, entry.payload.len() as u64);
            entry.ack.fire();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Keeps an inventory for later readers. Over the bound it is still delivered, and told again in its collector's frames.
    fn retain(&mut self, key: &str, payload: &Bytes) {
        if self.retained.len() < RETAINED_KEYS || self.retained.contains_key(key) {
            self.retained.insert(key.to_owned(), payload.clone());
        }
    }

    /// Takes out what is safe: all before the committed position, and inventories that nothing uncommitted precedes
    /// (kept is all that they ask for, but acknowledgements must stay in order).
    fn settle(&mut self) -> Vec<Entry> {
        let committed = self.committed;
        let safe = |entry: &Entry| entry.offset < committed || entry.topic == Topic::Inventory;
        let count = self.unacked.iter().take_while(|entry| safe(entry)).count();
        let settled: Vec<Entry> = self.unacked.drain(..count).collect();
        self.unacked_bytes -= settled.iter().map(|entry| entry.payload.len()).sum::<usize>();
        settled
    }
}

impl Entry {
    fn delivery(&self) -> Delivery {
        Delivery {
            topic: self.topic,
            partition: if self.topic == Topic::Inventory { UNCOMMITTED } else { PARTITION },
            offset: self.offset,
            key: self.key.clone(),
            payload: self.payload.clone(),
            broker_ts_ms: None,
        }
    }
}

struct HubPublisher(Arc<Hub>);

#[async_trait]
impl Publisher for HubPublisher {
    async fn publish(&self, topic: Topic, key: &str, payload: Bytes) -> Result<(), TransportError> {
        let (done, committed) = oneshot::channel();
        self.0.push(topic, key.to_owned(), payload, Ack::Call(done)).await?;
        committed.await.map_err(|_| TransportError::Closed)
    }

    fn stats(&self) -> TransportStats {
        self.0.stats()
    }
}

struct HubSubscriber {
    hub: Arc<Hub>,
    /// Said first.
    assigned: bool,
    /// Inventories kept before this reader came, still to be told.
    retained: VecDeque<Delivery>,
    /// No other reader will come: release the publishers when this one goes.
    last: bool,
}

impl HubSubscriber {
    fn new(hub: &Arc<Hub>, last: bool) -> Result<Self, TransportError> {
        let mut state = hub.lock();
        if state.reader {
            let reason = "the hub has a subscriber already; drop it before another subscribes".into();
            return Err(TransportError::Setting { key: "direct".into(), reason });
        }
        state.reader = true;
        let retained = state.retained.iter().map(|(key, payload)| inventory(key, payload)).collect();
        drop(state);
        Ok(HubSubscriber { hub: Arc::clone(hub), assigned: false, retained, last })
    }
}

fn inventory(key: &str, payload: &Bytes) -> Delivery {
    Delivery {
        topic: Topic::Inventory,
        partition: UNCOMMITTED,
        offset: 0,
        key: key.to_owned(),
        payload: payload.clone(),
        broker_ts_ms: None,
    }
}

#[async_trait]
impl Subscriber for HubSubscriber {
    async fn next(&mut self) -> Result<Incoming, TransportError> {
        if !std::mem::replace(&mut self.assigned, true) {
            return Ok(Incoming::Assigned(vec![PARTITION]));
        }
        if let Some(delivery) = self.retained.pop_front() {
            self.hub.delivered(&delivery);
            return Ok(Incoming::Delivery(delivery));
        }
        loop {
            if let Some(delivery) = self.hub.take() {
                return Ok(Incoming::Delivery(delivery));
            }
            // A commit need not wake this: it takes the subscriber, so whoever commits has stopped waiting here.
            self.hub.readable.notified().await;
        }
    }

    async fn commit_all(&mut self, positions: &[(i32, i64)]) -> Result<(), TransportError> {
        for (partition, next_offset) in positions {
            if *partition == PARTITION {
                self.hub.commit(*next_offset);
            }
        }
        Ok(())
    }

    fn stats(&self) -> TransportStats {
        self.hub.stats()
    }
}

impl Drop for HubSubscriber {
    fn drop(&mut self) {
        let mut state = self.hub.lock();
        state.reader = false;
        while let Some(entry) = state.unacked.pop_back() {
            state.queue.push_front(entry);
        }
        state.unacked_bytes = 0;
        if self.last {
            state.closed = true;
            state.queue.clear();
            self.hub.room.close();
            self.hub.room_bytes.close();
        }
    }
}

/// Both ends in one process, `capacity` messages between them. Dropping the subscriber ends the publisher's calls.
pub fn in_process(capacity: usize) -> (Arc<dyn Publisher>, Box<dyn Subscriber>) {
    let hub = Hub::new(HubLimits { queued: capacity, ..HubLimits::default() });
    let subscriber = HubSubscriber { hub: Arc::clone(&hub), assigned: false, retained: VecDeque::new(), last: true };
    hub.lock().reader = true;
    (hub.publisher(), Box::new(subscriber))
}

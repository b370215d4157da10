//! Frames on their way out: numbered when made, sent when possible, dropped oldest first when there is no room. Those that
//! the far side refuses as they are now lie aside, within the same bounds.

use crate::telemetry::Telemetry;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;
use weft_transport::Topic;
use weft_wire::{Frame, Inventory, MAX_FRAME_BYTES, Section, WireError};

/// `[collector] queue`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct QueueConfig {
    /// Frames that may wait to be sent, the oldest going first: 900 are a quarter of an hour at one a second.
    pub frames: usize,
    /// Frames that wait take no more memory than this; the oldest go first.
    pub bytes: usize,
    /// Frames sent and not yet acknowledged.
    pub in_flight: usize,
}

impl Default for QueueConfig {
    fn default() -> QueueConfig {
        QueueConfig { frames: 900, bytes: 16 << 20, in_flight: 64 }
    }
}

/// Who the frames are from.
#[derive(Clone, Debug, PartialEq)]
pub struct Sender {
    pub collector: String,
    pub boot: u64,
}

/// Never blocks and never fails for want of room: sampling goes on whatever the network does.
#[derive(Debug)]
pub struct Outbox {
    sender: Sender,
    config: QueueConfig,
    telemetry: Arc<Telemetry>,
    state: Mutex<State>,
    ready: Notify,
}

#[derive(Debug, Default)]
struct State {
    queue: VecDeque<Bytes>,
    /// Refused as they are now, in the order in which they were put here; older than what is queued.
    aside: BTreeMap<u64, (Topic, Bytes)>,
    aside_ever: u64,
    /// Of both.
    bytes: usize,
    next_sequence: u64,
    inventory_version: u64,
    /// For the compacted topic: only the latest matters, so a newer one takes its place.
    inventory: Option<Bytes>,
    closed: bool,
}

impl State {
    fn take_aside(&mut self, number: u64) -> Option<(Topic, Bytes)> {
        let (topic, payload) = self.aside.remove(&number)?;
        self.bytes -= payload.len();
        Some((topic, payload))
    }
}

/// What to publish next.
#[derive(Debug, PartialEq)]
pub enum Outgoing {
    Frame(Bytes),
    Inventory(Bytes),
}

impl Outbox {
    pub fn new(sender: Sender, config: QueueConfig, telemetry: Arc<Telemetry>) -> Outbox {
        Outbox { sender, config, telemetry, state: Mutex::default(), ready: Notify::new() }
    }

    /// Makes a frame of the sections, gives it the next number, and queues it.
    pub fn push(&self, sections: Vec<Section>, inventory: Option<Inventory>, now_ns: i64) -> Result<(), WireError> {
        let mut state = self.lock();
        if let Some(inventory) = &inventory {
            state.inventory_version = inventory.version;
        }
        let frame = Frame {
            collector: self.sender.collector.clone(),
            boot: self.sender.boot,
            sequence: state.next_sequence,
            flush_ts_ns: now_ns,
            clock_error_us: crate::clock::error_us(),
            inventory_version: state.inventory_version,
            dropped_frames: self.telemetry.dropped_frames.get(),
            inventory,
            sections,
        };
        // The number is spent also on a frame that does not encode: what was sampled and lost must leave a gap.
        state.next_sequence += 1;
        self.telemetry.frames.add(1);
        let bytes = frame.encode().inspect_err(|_| self.telemetry.dropped_frames.add(1))?;
        self.telemetry.frame_bytes.add(bytes.len() as u64);
        state.bytes += bytes.len();
        state.queue.push_back(bytes.into());
        self.make_room(&mut state);
        self.ready.notify_one();
        Ok(())
    }

    fn make_room(&self, state: &mut State) {
        let limit = self.config.bytes.max(MAX_FRAME_BYTES);
        let held = |state: &State| state.queue.len() + state.aside.len();
        while held(state) > self.config.frames.max(1) || (state.bytes > limit && held(state) > 1) {
            let aside = state.aside.pop_first().map(|(_, aside)| aside);
            let Some((topic, oldest)) = aside.or_else(|| Some((Topic::Frames, state.queue.pop_front()?))) else {
                return;
            };
            state.bytes -= oldest.len();
            self.telemetry.dropped_frames.add(u64::from(topic == Topic::Frames));
        }
    }

    /// The far side refuses this one as it is now: it waits here, and those behind it pass.
    pub fn put_aside(&self, topic: Topic, payload: Bytes) {
        let mut state = self.lock();
        if topic == Topic::Inventory {
            // Only the latest matters.
            let old = state.aside.iter().find(|(_, (of, _))| *of == topic).map(|(&number, _)| number);
            old.into_iter().for_each(|number| drop(state.take_aside(number)));
        }
        let number = state.aside_ever;
        state.aside_ever += 1;
        state.bytes += payload.len();
        state.aside.insert(number, (topic, payload));
        self.make_room(&mut state);
    }

    /// The smallest that lies aside, with its number: while it is refused, so are the others.
    pub fn smallest_aside(&self) -> Option<(u64, Topic, Bytes)> {
        let state = self.lock();
        let (&number, (topic, payload)) = state.aside.iter().min_by_key(|(_, (_, payload))| payload.len())?;
        Some((number, *topic, payload.clone()))
    }

    /// That one has passed after all.
    pub fn passed_aside(&self, number: u64) {
        drop(self.lock().take_aside(number));
    }

    /// What lies aside is sent next, before what is queued.
    pub fn take_back_aside(&self) {
        let mut state = self.lock();
        while let Some((topic, payload)) =
            state.aside.last_key_value().map(|(&n, _)| n).and_then(|n| state.take_aside(n))
        {
            if topic == Topic::Inventory {
                // One told since then is newer.
                state.inventory.get_or_insert(payload);
            } else {
                state.bytes += payload.len();
                state.queue.push_front(payload);
            }
        }
        self.ready.notify_one();
    }

    /// The end: nothing will be tried again.
    pub fn give_up_aside(&self) {
        let aside = std::mem::take(&mut self.lock().aside);
        self.telemetry.dropped_frames.add(aside.values().filter(|(topic, _)| *topic == Topic::Frames).count() as u64);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells the inventory topic.
    pub fn announce(&self, inventory: &Inventory) -> Result<(), WireError> {
        let bytes = inventory.encode()?;
        self.lock().inventory = Some(bytes.into());
        self.ready.notify_one();
        Ok(())
    }

    /// Waits for something to send; `None` when the outbox was closed and all is sent.
    pub async fn next(&self) -> Option<Outgoing> {
        loop {
            {
                let mut state = self.lock();
                if let Some(inventory) = state.inventory.take() {
                    return Some(Outgoing::Inventory(inventory));
                }
                if let Some(frame) = state.queue.pop_front() {
                    state.bytes -= frame.len();
                    return Some(Outgoing::Frame(frame));
                }
                if state.closed {
                    return None;
                }
            }
            self.ready.notified().await;
        }
    }

    /// Nothing more will be pushed.
    pub fn close(&self) {
        self.lock().closed = true;
        self.ready.notify_one();
    }

    pub fn queued(&self) -> usize {
        let state = self.lock();
        state.queue.len() + state.aside.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use weft_wire::SchemaCache;

    fn outbox(frames: usize) -> (Outbox, Arc<Telemetry>) {
        let telemetry = Arc::new(Telemetry::default());
        let sender = Sender { collector: "n1".into(), boot: 7 };
        (Outbox::new(sender, QueueConfig { frames, ..QueueConfig::default() }, telemetry.clone()), telemetry)
    }

    #[tokio::test]
    async fn a_full_queue_drops_the_oldest_and_leaves_a_gap() {
        let (outbox, telemetry) = outbox(2);
        for now_ns in 0..4 {
            outbox.push(Vec::new(), None, now_ns).unwrap();
        }
        outbox.close();
        let mut sequences = Vec::new();
        while let Some(Outgoing::Frame(bytes)) = outbox.next().await {
            sequences.push(Frame::decode(&bytes, &mut SchemaCache::default()).unwrap().sequence);
        }
        assert_eq!(sequences, [2, 3]);
        assert_eq!(telemetry.dropped_frames.get(), 2);
    }

    #[tokio::test]
    async fn the_latest_inventory_goes_first() {
        let (outbox, _) = outbox(2);
        let inventory = |version| Inventory {
            collector: "n1".into(),
            boot: 7,
            version,
            devices: Vec::new(),
            ports: Vec::new(),
            profiles: Vec::new(),
            schemas: Vec::new(),
            flush_period_ms: 1000,
            neighbors: Vec::new(),
        };
        outbox.push(Vec::new(), Some(inventory(1)), 0).unwrap();
        outbox.announce(&inventory(1)).unwrap();
        outbox.announce(&inventory(2)).unwrap();
        let Some(Outgoing::Inventory(bytes)) = outbox.next().await else { panic!("an inventory") };
        assert_eq!(Inventory::decode(&bytes).unwrap().version, 2);
        assert!(matches!(outbox.next().await, Some(Outgoing::Frame(_))));
    }
}

//! Frames on their way out: numbered when made, sent when possible, dropped oldest first when there is no room.

use crate::telemetry::Telemetry;
use serde::Deserialize;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;
use weft_wire::{Frame, Inventory, MAX_FRAME_BYTES, Section, WireError};

/// `[collector] queue`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct QueueConfig {
    /// 900 frames are a quarter of an hour at one a second.
    pub frames: usize,
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
    queue: VecDeque<Vec<u8>>,
    bytes: usize,
    next_sequence: u64,
    inventory_version: u64,
    /// For the compacted topic: only the latest matters, so a newer one takes its place.
    inventory: Option<Vec<u8>>,
    closed: bool,
}

/// What to publish next.
#[derive(Debug, PartialEq)]
pub enum Outgoing {
    Frame(Vec<u8>),
    Inventory(Vec<u8>),
}

impl Outbox {
    pub fn new(sender: Sender, config: QueueConfig, telemetry: Arc<Telemetry>) -> Outbox {
        Outbox { sender, config, telemetry, state: Mutex::default(), ready: Notify::new() }
    }

    /// Makes a frame of the sections, gives it the next number, and queues it.
    pub fn push(&self, sections: Vec<Section>, inventory: Option<Inventory>, now_ns: i64) -> Result<(), WireError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
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
        state.queue.push_back(bytes);
        self.make_room(&mut state);
        self.ready.notify_one();
        Ok(())
    }

    fn make_room(&self, state: &mut State) {
        let limit = self.config.bytes.max(MAX_FRAME_BYTES);
        while state.queue.len() > self.config.frames.max(1) || (state.bytes > limit && state.queue.len() > 1) {
            if let Some(oldest) = state.queue.pop_front() {
                state.bytes -= oldest.len();
                self.telemetry.dropped_frames.add(1);
            }
        }
    }

    /// Tells the inventory topic.
    pub fn announce(&self, inventory: &Inventory) -> Result<(), WireError> {
        let bytes = inventory.encode()?;
        self.state.lock().unwrap_or_else(PoisonError::into_inner).inventory = Some(bytes);
        self.ready.notify_one();
        Ok(())
    }

    /// Waits for something to send; `None` when the outbox was closed and all is sent.
    pub async fn next(&self) -> Option<Outgoing> {
        loop {
            {
                let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
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
        self.state.lock().unwrap_or_else(PoisonError::into_inner).closed = true;
        self.ready.notify_one();
    }

    pub fn queued(&self) -> usize {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).queue.len()
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
        };
        outbox.push(Vec::new(), Some(inventory(1)), 0).unwrap();
        outbox.announce(&inventory(1)).unwrap();
        outbox.announce(&inventory(2)).unwrap();
        let Some(Outgoing::Inventory(bytes)) = outbox.next().await else { panic!("an inventory") };
        assert_eq!(Inventory::decode(&bytes).unwrap().version, 2);
        assert!(matches!(outbox.next().await, Some(Outgoing::Frame(_))));
    }
}

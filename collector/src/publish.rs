//! Sends what the outbox holds: many frames in flight, each tried again until it is acknowledged or refused for good.
//!
//! ```text
//! outbox ─► in flight ─┬─► acknowledged
//!     ▲                ├─► waits and is offered again (the far side is away, a right is missing)
//!     │                ├─► given up (it can never pass), counted
//!     └── aside ◄──────┘   this one is refused as it is now: those behind it pass; tried again every few seconds
//! ```

use crate::outbox::{Outbox, Outgoing};
use crate::telemetry::Telemetry;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tracing::{debug, warn};
use weft_transport::{Publisher, Throttle, Topic, TransportError};

const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(10);
const PROBE_EVERY: Duration = Duration::from_secs(5);

/// What all sending tasks share.
struct Sending {
    outbox: Arc<Outbox>,
    publisher: Arc<dyn Publisher>,
    collector: String,
    telemetry: Arc<Telemetry>,
    complaint: Throttle,
    /// How often one of the refused messages is offered again.
    probe_every: Duration,
}

/// Ends when the outbox is closed and everything is acknowledged or refused.
pub async fn publish_all(
    outbox: Arc<Outbox>,
    publisher: Arc<dyn Publisher>,
    collector: &str,
    in_flight: usize,
    telemetry: Arc<Telemetry>,
) {
    let (collector, complaint) = (collector.to_owned(), Throttle::default());
    let sending = Sending { outbox, publisher, collector, telemetry, complaint, probe_every: PROBE_EVERY };
    Arc::new(sending).run(in_flight).await;
}

impl Sending {
    async fn run(self: Arc<Self>, in_flight: usize) {
        let shared = self;
        let slots = Arc::new(Semaphore::new(in_flight.max(1)));
        let mut sending = JoinSet::new();
        let probing = tokio_util::task::AbortOnDropHandle::new(tokio::spawn(shared.clone().probe()));
        loop {
            // A slot first: a frame waits in the outbox, where it is counted and may be dropped, not here.
            let Ok(slot) = slots.clone().acquire_owned().await else { return };
            let Some(outgoing) = shared.outbox.next().await else { break };
            while sending.try_join_next().is_some() {}
            let shared = shared.clone();
            sending.spawn(async move {
                shared.send(outgoing).await;
                drop(slot);
            });
        }
        sending.join_all().await;
        drop(probing);
        shared.outbox.give_up_aside();
    }

    async fn send(&self, outgoing: Outgoing) {
        let (topic, payload) = match outgoing {
            Outgoing::Frame(bytes) => (Topic::Frames, bytes),
            Outgoing::Inventory(bytes) => (Topic::Inventory, bytes),
        };
        let mut wait = FIRST_WAIT;
        loop {
            let Err(error) = self.publisher.publish(topic, &self.collector, payload.clone()).await else {
                return self.telemetry.published.add(u64::from(topic == Topic::Frames));
            };
            self.telemetry.publish_failures.add(1);
            match error {
                TransportError::Refused { .. } => {
                    self.complain(topic, &error, "put aside; trying again");
                    return self.outbox.put_aside(topic, payload);
                }
                error if error.is_retryable() => self.complain(topic, &error, "not acknowledged; trying again"),
                error => {
                    self.telemetry.dropped_frames.add(u64::from(topic == Topic::Frames));
                    return self.complain(topic, &error, "given up");
                }
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }

    /// A line an interval: while the far side is away every message in flight fails alike. What somebody has to mend the
    /// transport says by itself.
    fn complain(&self, topic: Topic, error: &TransportError, then: &str) {
        if matches!(error, TransportError::Waiting { .. } | TransportError::Refused { .. }) {
            debug!(%error, topic = topic.name(), "{then}");
        } else if let Some(suppressed) = self.complaint.admit() {
            warn!(%error, topic = topic.name(), suppressed, "{then}");
        }
    }

    /// Offers the smallest of the refused again and again: when it passes, the limit was raised, and all go on their way.
    async fn probe(self: Arc<Self>) {
        loop {
            tokio::time::sleep(self.probe_every).await;
            let Some((number, topic, payload)) = self.outbox.smallest_aside() else { continue };
            match self.publisher.publish(topic, &self.collector, payload).await {
                Ok(()) => {
                    self.telemetry.published.add(u64::from(topic == Topic::Frames));
                    self.outbox.passed_aside(number);
                    self.outbox.take_back_aside();
                }
                Err(TransportError::Refused { .. }) => {}
                // Something else stands in the way now: let them wait with the others.
                Err(_) => self.outbox.take_back_aside(),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outbox::{QueueConfig, Sender};
    use async_trait::async_trait;
    use bytes::Bytes;
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use weft_wire::{Frame, SchemaCache};

    /// A far side with a limit that may be raised.
    #[derive(Default)]
    struct Limited {
        max: AtomicUsize,
        got: Mutex<Vec<Bytes>>,
        asked: AtomicUsize,
    }

    #[async_trait]
    impl Publisher for Limited {
        async fn publish(&self, _: Topic, _: &str, payload: Bytes) -> Result<(), TransportError> {
            self.asked.fetch_add(1, Ordering::Relaxed);
            match payload.len() > self.max.load(Ordering::Relaxed) {
                true => Err(TransportError::Refused { sentence: "too large".into(), bytes: payload.len() }),
                false => {
                    self.got.lock().unwrap().push(payload);
                    Ok(())
                }
            }
        }
    }

    fn sequences(far: &Limited) -> Vec<u64> {
        let decoded = |bytes: &Bytes| Frame::decode(bytes, &mut SchemaCache::default()).unwrap().sequence;
        let mut all: Vec<u64> = far.got.lock().unwrap().iter().map(decoded).collect();
        all.sort_unstable();
        all
    }

    struct Rig {
        outbox: Arc<Outbox>,
        telemetry: Arc<Telemetry>,
        far: Arc<Limited>,
        task: tokio::task::JoinHandle<()>,
    }

    /// Two in flight, far more refused messages than that, and a probe every few milliseconds.
    fn rig(queue: usize, max: usize) -> Rig {
        let telemetry = Arc::new(Telemetry::default());
        let sender = Sender { collector: "n7".into(), boot: 3 };
        let config = QueueConfig { frames: queue, ..QueueConfig::default() };
        let outbox = Arc::new(Outbox::new(sender, config, telemetry.clone()));
        let far = Arc::new(Limited { max: AtomicUsize::new(max), ..Limited::default() });
        let sending = Sending {
            outbox: outbox.clone(),
            publisher: far.clone(),
            collector: "n7".into(),
            telemetry: telemetry.clone(),
            complaint: Throttle::default(),
            probe_every: Duration::from_millis(5),
        };
        let task = tokio::spawn(Arc::new(sending).run(2));
        Rig { outbox, telemetry, far, task }
    }

    async fn until(holds: impl Fn() -> bool) {
        let waiting = async {
            while !holds() {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), waiting).await.expect("in time");
    }

    fn push(rig: &Rig, frames: i64) {
        (0..frames).for_each(|now_ns| rig.outbox.push(Vec::new(), None, now_ns).unwrap());
    }

    #[tokio::test]
    async fn refused_frames_block_nobody_and_go_when_the_limit_is_raised() {
        let rig = rig(100, 0);
        push(&rig, 20);
        // All have been offered, and some of them again.
        until(|| rig.far.asked.load(Ordering::Relaxed) > 25).await;
        assert_eq!((rig.outbox.queued(), sequences(&rig.far)), (20, vec![]));
        rig.far.max.store(1 << 20, Ordering::Relaxed);
        until(|| rig.telemetry.published.get() == 20).await;
        assert_eq!(sequences(&rig.far), (0..20).collect::<Vec<_>>());
        assert_eq!((rig.telemetry.dropped_frames.get(), rig.outbox.queued()), (0, 0));
    }

    #[tokio::test]
    async fn what_is_put_aside_is_bounded_and_its_drops_are_counted() {
        let rig = rig(5, 0);
        for _ in 0..20 {
            let asked = rig.far.asked.load(Ordering::Relaxed);
            push(&rig, 1);
            until(|| rig.far.asked.load(Ordering::Relaxed) > asked).await;
        }
        until(|| rig.telemetry.dropped_frames.get() == 15).await;
        assert_eq!(rig.outbox.queued(), 5);
        rig.far.max.store(1 << 20, Ordering::Relaxed);
        until(|| rig.telemetry.published.get() == 5).await;
        assert_eq!(sequences(&rig.far), [15, 16, 17, 18, 19]);
    }

    #[tokio::test]
    async fn at_the_end_what_is_still_refused_is_counted() {
        let rig = rig(100, 0);
        push(&rig, 3);
        until(|| rig.far.asked.load(Ordering::Relaxed) >= 3).await;
        rig.outbox.close();
        rig.task.await.unwrap();
        assert_eq!(rig.telemetry.dropped_frames.get(), 3);
    }
}

//! Sends what the outbox holds: many frames in flight, each tried again until it is acknowledged or refused for good.

use crate::outbox::{Outbox, Outgoing};
use crate::telemetry::Telemetry;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tracing::warn;
use weft_transport::{Publisher, Topic};

const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// Ends when the outbox is closed and everything is acknowledged or refused.
pub async fn publish_all(
    outbox: &Outbox,
    publisher: Arc<dyn Publisher>,
    collector: &str,
    in_flight: usize,
    telemetry: Arc<Telemetry>,
) {
    let slots = Arc::new(Semaphore::new(in_flight.max(1)));
    let mut sending = JoinSet::new();
    loop {
        // A slot first: a frame waits in the outbox, where it is counted and may be dropped, not here.
        let Ok(slot) = slots.clone().acquire_owned().await else { return };
        let Some(outgoing) = outbox.next().await else { break };
        while sending.try_join_next().is_some() {}
        let (publisher, telemetry, key) = (publisher.clone(), telemetry.clone(), collector.to_owned());
        sending.spawn(async move {
            send(publisher.as_ref(), outgoing, &key, &telemetry).await;
            drop(slot);
        });
    }
    sending.join_all().await;
}

async fn send(publisher: &dyn Publisher, outgoing: Outgoing, key: &str, telemetry: &Telemetry) {
    let (topic, payload) = match outgoing {
        Outgoing::Frame(bytes) => (Topic::Frames, bytes.into()),
        Outgoing::Inventory(bytes) => (Topic::Inventory, bytes::Bytes::from(bytes)),
    };
    let mut wait = FIRST_WAIT;
    loop {
        match publisher.publish(topic, key, payload.clone()).await {
            Ok(()) => return telemetry.published.add(u64::from(topic == Topic::Frames)),
            Err(error) if error.is_retryable() => {
                telemetry.publish_failures.add(1);
                warn!(%error, topic = topic.name(), "not acknowledged; trying again");
            }
            Err(error) => {
                telemetry.publish_failures.add(1);
                telemetry.dropped_frames.add(1);
                return warn!(%error, topic = topic.name(), bytes = payload.len(), "given up");
            }
        }
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

//! A replay that others judge: the frames go to a transport.

use super::args::ReplayArgs;
use super::disturb::Disturber;
use super::pace::{Pace, Speed};
use super::report::{ReplayError, ReplayReport, report};
use crate::ingest::{IngestStats, TICK_NS};
use bytes::Bytes;
use std::time::Instant;
use weft_trace::FrameSource;
use weft_transport::{Publisher, PublisherOptions, Topic, TransportUrl};

/// Publishes the frames for others to judge; the inventories go to their own topic too.
pub async fn publish(args: &ReplayArgs, url: &TransportUrl) -> Result<ReplayReport, ReplayError> {
    let began = Instant::now();
    let publisher = weft_transport::publisher(url, &PublisherOptions::default()).await?;
    let mut source = FrameSource::open(&args.trace, TICK_NS)?;
    let mut pace = Pace::new(args.speed);
    let mut disturber = Disturber::new(args.disturb);
    let mut stats = IngestStats::default();
    while let Some(frames) = source.next_tick()? {
        stats.ticks += 1;
        for inventory in frames.iter().filter_map(|f| f.inventory.as_ref()) {
            send_retrying(publisher.as_ref(), Topic::Inventory, &inventory.collector, inventory.encode()?.into())
                .await?;
        }
        let now_ns = disturber.send_all(frames)?;
        stats.frames += publish_arrived(publisher.as_ref(), &mut disturber, now_ns, &mut pace).await?;
    }
    stats.frames += publish_arrived(publisher.as_ref(), &mut disturber, i64::MAX, &mut Pace::new(Speed::Max)).await?;
    Ok(report(&stats, source.samples(), 0, began))
}

/// Publishes what has arrived, one tick's frames in flight at a time; returns how many.
async fn publish_arrived(
    publisher: &dyn Publisher,
    disturber: &mut Disturber,
    now_ns: i64,
    pace: &mut Pace,
) -> Result<u64, ReplayError> {
    let mut batch = Vec::new();
    while let Some((arrival_ns, message)) = disturber.arrived(now_ns) {
        if let Some(wait) = pace.until(arrival_ns) {
            tokio::time::sleep(wait).await;
        }
        batch.push(message);
    }
    let sent = batch.len() as u64;
    let sends = batch.iter().map(|m| send_retrying(publisher, Topic::Frames, &m.key, m.payload.clone()));
    futures::future::try_join_all(sends).await?;
    Ok(sent)
}

async fn send_retrying(
    publisher: &dyn Publisher,
    topic: Topic,
    key: &str,
    payload: Bytes,
) -> Result<(), weft_transport::TransportError> {
    use backon::Retryable;
    let send = || publisher.publish(topic, key, payload.clone());
    send.retry(backon::ExponentialBuilder::default()).when(|e| e.is_retryable()).await
}

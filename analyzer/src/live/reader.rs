//! Between the subscriber and the intake's thread: a bounded queue each way.

use super::intake::{Intake, Poison, Step};
use super::merge::Merge;
use super::options::LiveError;
use bytes::Bytes;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use weft_transport::{Incoming, Publisher, Subscriber, Topic, TransportError, UNCOMMITTED};

/// Messages read and not yet taken in: a third of a second of the largest fleet. Beyond that the transport holds them.
const QUEUE: usize = 4096;
/// Unreadable messages waiting to be published; more are dropped and counted.
const POISON_QUEUE: usize = 1024;
/// How often what was taken in is written and committed.
const SETTLE: Duration = Duration::from_millis(500);

/// How often messages that wait for a silent partition are looked at again.
const PATIENCE: Duration = Duration::from_millis(100);

/// Runs until the subscription ends or `stop`.
pub async fn run(
    mut subscriber: Box<dyn Subscriber>,
    dead_letters: Option<Arc<dyn Publisher>>,
    intake: Intake,
    stop: CancellationToken,
) -> Result<(), LiveError> {
    let (to_intake, steps) = mpsc::channel(QUEUE);
    let (settled, mut positions) = mpsc::channel(4);
    let (poison, poisoned) = mpsc::channel(POISON_QUEUE);
    let worker = tokio::task::spawn_blocking(move || intake.run(steps, settled, poison));
    let burial = tokio::spawn(bury(dead_letters, poisoned));
    let ended = pump(subscriber.as_mut(), &to_intake, &mut positions, &stop).await;
    drop(to_intake);
    while let Some(done) = positions.recv().await {
        commit(subscriber.as_mut(), done).await?;
    }
    let judged = worker.await.map_err(|e| LiveError::Panicked(e.to_string()))?;
    let _ = burial.await;
    judged?;
    ended
}

async fn pump(
    subscriber: &mut dyn Subscriber,
    to_intake: &mpsc::Sender<Step>,
    positions: &mut mpsc::Receiver<BTreeMap<i32, i64>>,
    stop: &CancellationToken,
) -> Result<(), LiveError> {
    let mut settle = ticking(SETTLE);
    let mut patience = ticking(PATIENCE);
    let mut merge = Merge::default();
    loop {
        // Room first, then a message: a message that was read is never dropped.
        let room = tokio::select! {
            biased;
            () = stop.cancelled() => return Ok(()),
            Some(done) = positions.recv() => {
                commit(subscriber, done).await?;
                continue;
            }
            room = to_intake.reserve() => room,
        };
        let Ok(room) = room else { return Ok(()) };
        if let Some(delivery) = merge.next(Instant::now(), wall_ms()) {
            room.send(Step::Take(delivery));
            continue;
        }
        tokio::select! {
            biased;
            () = stop.cancelled() => return Ok(()),
            Some(done) = positions.recv() => commit(subscriber, done).await?,
            _ = settle.tick() => room.send(Step::Settle),
            _ = patience.tick(), if !merge.is_empty() => {}
            incoming = subscriber.next() => on_incoming(&mut merge, incoming)?,
        }
    }
}

fn ticking(period: Duration) -> tokio::time::Interval {
    let mut interval = tokio::time::interval(period);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    interval
}

fn wall_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis() as i64)
}

fn on_incoming(merge: &mut Merge, incoming: Result<Incoming, TransportError>) -> Result<(), LiveError> {
    let now = Instant::now();
    match incoming {
        Ok(Incoming::Delivery(delivery)) => merge.add(delivery, now),
        Ok(Incoming::Assigned(partitions)) => {
            tracing::info!(?partitions, "partitions assigned");
            merge.assign(&partitions, now);
        }
        Ok(Incoming::Revoked(partitions)) => {
            tracing::info!(?partitions, "partitions revoked");
            merge.revoke(&partitions);
        }
        Err(error) if error.is_retryable() => tracing::warn!(%error, "the transport failed; going on"),
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

/// An outage is no reason to stop: what is not committed comes again, and is known by its sequence number.
async fn commit(subscriber: &mut dyn Subscriber, done: BTreeMap<i32, i64>) -> Result<(), LiveError> {
    let positions: Vec<_> = done.into_iter().filter(|(partition, _)| *partition != UNCOMMITTED).collect();
    if positions.is_empty() {
        return Ok(());
    }
    match subscriber.commit_all(&positions).await {
        Err(error) if !error.is_retryable() => Err(error.into()),
        Err(error) => {
            tracing::warn!(%error, "positions not committed; they will be with the next");
            Ok(())
        }
        Ok(()) => Ok(()),
    }
}

/// Publishes unreadable messages as they came.
async fn bury(publisher: Option<Arc<dyn Publisher>>, mut poisoned: mpsc::Receiver<Poison>) {
    while let Some(Poison { key, reason, payload }) = poisoned.recv().await {
        tracing::warn!(key, reason, "a message nobody can read");
        let Some(publisher) = &publisher else { continue };
        let payload = payload.unwrap_or_else(Bytes::new);
        if let Err(error) = publisher.publish(Topic::DeadLetter, &key, payload).await {
            metrics::counter!("weft_dropped_total", "where" => "dead_letter").increment(1);
            tracing::warn!(%error, "the dead-letter topic did not take it");
        }
    }
}

//! What comes of a delivery: heard, tried again later, or given up.

use super::super::dedup;
use super::super::delivery_queue::Waiting;
use super::super::log::DeliveryLog;
use super::super::sent::Sent;
use super::{Active, Receiver, Standing};
use crate::clock::now_ns;
use crate::notify::{Alert, Batch, Fault, SendError, Status};
use futures::FutureExt;
use std::any::Any;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

impl Receiver {
    /// One request: what is news, else what is repeated.
    pub(super) async fn send_next(&mut self, now: Instant) {
        match self.deliveries.take(now) {
            Some(waiting) => drop(self.deliver(waiting).await),
            None => self.repeat_next().await,
        }
    }

    /// What is queued is tried once, unless the receiver asked for rest; what it refuses is told after the next start.
    pub(super) async fn farewell(&mut self) {
        loop {
            match self.queue.take_now() {
                updates if updates.is_empty() => break,
                updates => self.take_updates(updates),
            }
        }
        while !self.pace.is_asked_to_wait((self.clock)()) {
            let Some(waiting) = self.deliveries.take((self.clock)()) else { return };
            if self.deliver(waiting).await == Err(Fault::Passing) {
                return;
            }
        }
    }

    async fn deliver(&mut self, mut waiting: Waiting) -> Result<(), Fault> {
        let batch = dedup::batch(self.notifier.name(), &waiting, &*self.log);
        waiting.delivery = Some(batch.delivery.clone());
        self.record(dedup::tries(self.notifier.name(), &batch, &*self.log)).await;
        match self.send(&batch).await {
            Ok(()) => {
                self.delivered(batch).await;
                Ok(())
            }
            Err(error) => {
                let wait = self.rest(&error).await;
                self.refused(waiting, &error, wait).await;
                Err(error.fault)
            }
        }
    }

    /// A notifier that panics takes down neither the task nor what else waits: it fails for this body.
    pub(super) async fn send(&mut self, batch: &Batch) -> Result<(), SendError> {
        let sent = AssertUnwindSafe(self.notifier.send(batch)).catch_unwind().await;
        let sent = sent.unwrap_or_else(|panic| {
            let message = format!("the notifier panicked: {}", words(&*panic));
            Err(SendError { fault: Fault::Body, retry_after: None, message })
        });
        if sent.is_ok() {
            self.pace.accepted();
        }
        sent
    }

    /// The receiver is left alone for a while; how long.
    pub(super) async fn rest(&mut self, error: &SendError) -> Duration {
        let wait = self.pace.refused((self.clock)(), error.retry_after);
        if let Some(asked) = error.retry_after {
            let until_ns = now_ns().saturating_add(i64::try_from(asked.as_nanos()).unwrap_or(i64::MAX));
            self.write("rest", move |log, receiver| log.rest(receiver, until_ns)).await;
        }
        wait
    }

    async fn refused(&mut self, waiting: Waiting, error: &SendError, wait: Duration) {
        let receiver = self.notifier.name();
        let delivery = waiting.delivery.as_deref().unwrap_or_default();
        let incidents: Vec<&str> = waiting.alerts.iter().map(Alert::incident).collect();
        let (alerts, next_try_s) = (waiting.alerts.len(), wait.as_secs_f64());
        if error.fault == Fault::Passing {
            tracing::warn!(receiver, delivery, ?incidents, next_try_s, "not delivered, will be tried again: {error}");
            self.count("retried", alerts);
            return self.deliveries.refused(waiting, (self.clock)());
        }
        if alerts > 1 {
            tracing::warn!(receiver, delivery, ?incidents, next_try_s, "not taken, will be tried in halves: {error}");
            self.count("retried", alerts);
        } else {
            tracing::error!(receiver, delivery, ?incidents, "given up, the receiver takes no such body: {error}");
        }
        if let Some(at_fault) = self.deliveries.halve(waiting) {
            self.give_up(at_fault).await;
        }
    }

    /// For as long as the incident stays as it is.
    async fn give_up(&mut self, alert: Alert) {
        self.count("gave_up", 1);
        if alert.status == Status::Resolved {
            self.active.remove(alert.incident());
        }
        let last = self.log.last(self.notifier.name(), alert.incident());
        let (delivery, besides) = last.map(|last| (last.delivery, last.besides)).unwrap_or_default();
        self.record(vec![Sent { refused: true, besides, ..Sent::heard(alert, delivery) }]).await;
    }

    async fn delivered(&mut self, batch: Batch) {
        let (receiver, delivery) = (self.notifier.name(), &batch.delivery);
        tracing::info!(receiver, delivery, alerts = batch.alerts.len(), "delivered");
        self.count("delivered", batch.alerts.len());
        let sent = batch.alerts.iter().map(|alert| Sent::heard(alert.clone(), batch.delivery.clone())).collect();
        for alert in batch.alerts {
            let id = alert.incident().to_owned();
            match alert.status {
                Status::Firing => self.active.insert(id, Active { alert, standing: Standing::On }),
                Status::Resolved => self.active.remove(&id),
            };
        }
        self.record(sent).await;
    }

    async fn record(&self, sent: Vec<Sent>) {
        if !sent.is_empty() {
            self.write("delivery", move |log, receiver| log.record(receiver, &sent)).await;
        }
    }

    /// On a thread that may wait for the disk.
    async fn write(
        &self,
        what: &'static str,
        write: impl FnOnce(&dyn DeliveryLog, &str) -> anyhow::Result<()> + Send + 'static,
    ) {
        let (log, receiver) = (Arc::clone(&self.log), self.notifier.name().to_owned());
        let written = tokio::task::spawn_blocking(move || write(&*log, &receiver)).await;
        if let Err(error) = written.map_err(anyhow::Error::from).and_then(|result| result) {
            tracing::error!(receiver = self.notifier.name(), what, "the delivery log cannot be written: {error:#}");
        }
    }
}

fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("without words")
}

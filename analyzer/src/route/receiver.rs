//! One receiver's task: takes what is queued for it through the pipeline, and says again what has to be said again.

use super::dedup::{self, Sent};
use super::log::DeliveryLog;
use super::queue::Queue;
use super::silence::Silence;
use super::{Alive, RouteOptions, group, inhibit};
use crate::incident::Incident;
use crate::notify::{Alert, Batch, Links, Notifier, NotifyConfig, NotifyKind, SendError, Status};
use backon::{BackoffBuilder, ExponentialBuilder, Retryable};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Interval, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

pub struct Receiver {
    notifier: Arc<dyn Notifier>,
    queue: Arc<Queue>,
    log: Arc<dyn DeliveryLog>,
    silences: Vec<Silence>,
    links: Links,
    wants_data: bool,
    /// Alertmanager forgets what is not repeated; a webhook rings at each repeat.
    repeats: bool,
    heartbeat: bool,
    every: Duration,
    alive: Alive,
    stop: CancellationToken,
    /// What this receiver believes to be on, as it was last described to us.
    active: BTreeMap<String, Alert>,
    /// What it should have heard and was too ill to: offered once more at each repeat.
    owed: BTreeMap<String, Alert>,
    started_ns: i64,
}

/// Incidents owed to a receiver that is away for long; beyond it the page alone tells.
const OWED: usize = 4096;

#[derive(Clone, Copy, PartialEq)]
enum Patience {
    Retry,
    Once,
}

impl Receiver {
    pub fn new(
        config: &NotifyConfig,
        notifier: Arc<dyn Notifier>,
        options: &RouteOptions,
        queue: Arc<Queue>,
        stop: CancellationToken,
    ) -> Receiver {
        let firing = options.log.firing(config.receiver());
        Receiver {
            notifier,
            queue,
            log: options.log.clone(),
            silences: options.silences.iter().filter_map(|config| Silence::new(config).ok()).collect(),
            links: options.links.clone(),
            wants_data: config.data,
            repeats: config.kind == NotifyKind::Alertmanager,
            heartbeat: config.sends_heartbeat(),
            every: Duration::from_secs(config.resend_s),
            alive: options.alive.clone(),
            stop,
            active: firing.into_iter().map(|sent| (sent.alert.incident().to_owned(), sent.alert)).collect(),
            owed: BTreeMap::new(),
            started_ns: now_ns(),
        }
    }

    pub async fn run(mut self) {
        let mut resend = self.resend_interval();
        loop {
            tokio::select! {
                biased;
                _ = self.stop.cancelled() => break,
                updates = self.queue.take() => self.tell(updates).await,
                _ = resend.tick() => self.repeat().await,
            }
        }
        loop {
            match self.queue.take_now() {
                updates if updates.is_empty() => return,
                updates => self.tell(updates).await,
            }
        }
    }

    fn resend_interval(&self) -> Interval {
        let mut interval = interval(self.every);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        interval
    }

    /// inhibit → silence → group → dedup → deliver.
    async fn tell(&mut self, updates: Vec<Arc<Incident>>) {
        let said = updates.iter().filter(|i| inhibit::passes(i, self.wants_data)).filter(|i| !self.silenced(i));
        for group in group::by_name(said.filter_map(|i| Alert::of(i, &self.links))) {
            self.refresh(&group);
            self.tell_news(group, Patience::Retry).await;
        }
    }

    async fn tell_news(&mut self, alerts: Vec<Alert>, patience: Patience) {
        if let Some(batch) = dedup::news(self.notifier.name(), alerts, &*self.log) {
            self.deliver(batch, patience).await;
        }
    }

    fn silenced(&self, incident: &Incident) -> bool {
        self.silences.iter().any(|silence| silence.covers(incident))
    }

    /// What is repeated is repeated as it now stands, and what is owed is replaced by what is newer.
    fn refresh(&mut self, alerts: &[Alert]) {
        for alert in alerts {
            self.owed.remove(alert.incident());
        }
        for alert in alerts.iter().filter(|alert| alert.status == Status::Firing) {
            if let Some(active) = self.active.get_mut(alert.incident()) {
                active.annotations.clone_from(&alert.annotations);
            }
        }
    }

    async fn deliver(&mut self, batch: Batch, patience: Patience) {
        match self.send(&batch, patience).await {
            Ok(()) => self.delivered(batch).await,
            Err(error) => self.failed(batch, &error),
        }
    }

    fn failed(&mut self, batch: Batch, error: &SendError) {
        let (receiver, delivery) = (self.notifier.name(), &batch.delivery);
        let incidents: Vec<&str> = batch.alerts.iter().map(Alert::incident).collect();
        if error.retryable && self.owed.len() + batch.alerts.len() <= OWED {
            tracing::warn!(receiver, delivery, ?incidents, %error, "not delivered; owed");
            self.owed.extend(batch.alerts.into_iter().map(|alert| (alert.incident().to_owned(), alert)));
            return;
        }
        tracing::error!(receiver, delivery, ?incidents, %error, "not delivered; given up");
        self.count("gave_up", batch.alerts.len());
    }

    /// Tries again while the error says that it may help, for about a minute; once only when stopping.
    async fn send(&self, batch: &Batch, patience: Patience) -> Result<(), SendError> {
        let tries = if self.stop.is_cancelled() || patience == Patience::Once { 0 } else { 8 };
        let policy = ExponentialBuilder::default()
            .with_min_delay(Duration::from_millis(200))
            .with_max_delay(Duration::from_secs(30))
            .with_max_times(tries)
            .with_jitter();
        let send = || self.notifier.send(batch);
        let sending = send.retry(policy.build()).when(|error| error.retryable).notify(|error, wait| {
            tracing::warn!(receiver = self.notifier.name(), delivery = batch.delivery, %error, ?wait, "will try again");
            self.count("retried", 1);
        });
        tokio::select! {
            result = sending => result,
            // One more try at once, with all that is left of the farewell.
            _ = self.stopped_while_retrying() => self.notifier.send(batch).await,
        }
    }

    async fn stopped_while_retrying(&self) {
        if self.stop.is_cancelled() {
            std::future::pending::<()>().await;
        }
        self.stop.cancelled().await;
    }

    async fn delivered(&mut self, batch: Batch) {
        tracing::info!(
            receiver = self.notifier.name(),
            delivery = batch.delivery,
            alerts = batch.alerts.len(),
            "delivered"
        );
        self.count("delivered", batch.alerts.len());
        let at_ns = now_ns();
        let sent: Vec<Sent> = batch
            .alerts
            .iter()
            .map(|alert| Sent { alert: alert.clone(), delivery: batch.delivery.clone(), at_ns })
            .collect();
        for alert in batch.alerts {
            match alert.status {
                Status::Firing => self.active.insert(alert.incident().to_owned(), alert),
                Status::Resolved => self.active.remove(alert.incident()),
            };
        }
        self.record(sent).await;
    }

    async fn record(&self, sent: Vec<Sent>) {
        let (log, receiver) = (self.log.clone(), self.notifier.name().to_owned());
        let recorded = tokio::task::spawn_blocking(move || log.record(&receiver, &sent)).await;
        if let Err(error) = recorded.map_err(anyhow::Error::from).and_then(|result| result) {
            tracing::error!(receiver = self.notifier.name(), %error, "the delivery log cannot be written");
        }
    }

    /// What is owed, then active alerts and the dead-man alert, once each; a failure is left to the next round.
    async fn repeat(&mut self) {
        for group in group::by_name(std::mem::take(&mut self.owed).into_values()) {
            self.tell_news(group, Patience::Once).await;
        }
        let active = self.active.values().filter(|_| self.repeats).cloned();
        let dead_man = (self.heartbeat && (self.alive)()).then(|| Alert::dead_man(self.started_ns, &self.links));
        for alerts in group::by_name(active.chain(dead_man)) {
            let delivery = format!("repeat-{:x}-{}", now_ns(), alerts[0].name());
            let batch = Batch { delivery, alerts, replaced: Vec::new() };
            let outcome = match self.notifier.send(&batch).await {
                Ok(()) => "repeated",
                Err(error) => {
                    tracing::warn!(receiver = self.notifier.name(), %error, "not repeated; the next round tries again");
                    "not_repeated"
                }
            };
            self.count(outcome, batch.alerts.len());
        }
    }

    fn count(&self, outcome: &'static str, alerts: usize) {
        let receiver = self.notifier.name().to_owned();
        metrics::counter!("weft_deliveries_total", "receiver" => receiver, "outcome" => outcome)
            .increment(alerts as u64);
    }
}

/// Wall time: of the delivery, never of the fault.
fn now_ns() -> i64 {
    i64::try_from(Timestamp::now().as_nanosecond()).unwrap_or(i64::MAX)
}

//! One receiver's task: takes what is queued for it through the pipeline, and says again what has to be said again.

use super::dedup::{self, Sent, now_ns};
use super::log::DeliveryLog;
use super::queue::Queue;
use super::silence::Silence;
use super::{Alive, Known, RouteOptions, group, inhibit};
use crate::incident::{Incident, State};
use crate::notify::{Alert, Batch, Links, Notifier, NotifyConfig, NotifyKind, SendError, Status};
use backon::{BackoffBuilder, ExponentialBuilder, Retryable};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
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
    known: watch::Receiver<Known>,
    /// What this receiver believes to be on, as it was last described to us.
    active: BTreeMap<String, Active>,
    /// What it should have heard and was too ill to: offered once more at each repeat.
    owed: BTreeMap<String, Alert>,
    started_ns: i64,
}

/// Incidents owed to a receiver that is away for long; beyond it the page alone tells.
const OWED: usize = 4096;

struct Active {
    alert: Alert,
    standing: Standing,
}

#[derive(Clone, Copy, PartialEq)]
enum Standing {
    /// Told by an earlier run; in this one nobody has spoken of it yet.
    Remembered,
    Told,
    /// Not to be told any more (silenced since, say): not repeated, but its end is still told.
    Hushed,
}

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
        known: watch::Receiver<Known>,
        stop: CancellationToken,
    ) -> Receiver {
        let remembered = |sent: Sent| {
            let active = Active { alert: sent.alert, standing: Standing::Remembered };
            (active.alert.incident().to_owned(), active)
        };
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
            known,
            active: options.log.firing(config.receiver()).into_iter().map(remembered).collect(),
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
                // After what was offered at the start: the queue is empty.
                Ok(()) = self.known.changed() => self.end_unknown().await,
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
        for update in updates.iter().filter(|i| i.state != State::Suspected) {
            let standing = if self.may_hear(update) { Standing::Told } else { Standing::Hushed };
            if let Some(active) = self.active.get_mut(&update.id) {
                active.standing = standing;
            }
        }
        let said = updates.iter().filter(|i| self.is_end(i) || self.may_hear(i));
        for group in group::by_name(said.filter_map(|i| Alert::of(i, &self.links))) {
            self.refresh(&group);
            self.tell_news(group, Patience::Retry).await;
        }
    }

    fn may_hear(&self, incident: &Incident) -> bool {
        inhibit::passes(incident, self.wants_data) && !self.silences.iter().any(|silence| silence.covers(incident))
    }

    /// Of something this receiver was told of, whatever it may hear by now.
    fn is_end(&self, incident: &Incident) -> bool {
        let last = || self.log.last(self.notifier.name(), &incident.id);
        incident.state == State::Resolved && last().is_some_and(|sent| sent.alert.status == Status::Firing)
    }

    /// What an earlier run told of and nobody knows any more has ended. When, nobody can say: now.
    async fn end_unknown(&mut self) {
        let Some(open) = self.known.borrow_and_update().clone() else { return };
        let mut over = Vec::new();
        for (id, active) in self.active.iter_mut().filter(|(_, active)| active.standing == Standing::Remembered) {
            match open.contains(id) {
                true => active.standing = Standing::Told,
                false => over.push(Alert {
                    status: Status::Resolved,
                    ends_ns: Some(now_ns().max(active.alert.starts_ns)),
                    ..active.alert.clone()
                }),
            }
        }
        for group in group::by_name(over.into_iter()) {
            self.tell_news(group, Patience::Retry).await;
        }
    }

    /// Whether the receiver answers.
    async fn tell_news(&mut self, alerts: Vec<Alert>, patience: Patience) -> bool {
        match dedup::news(self.notifier.name(), alerts, &*self.log) {
            Some(batch) => self.deliver(batch, patience).await,
            None => true,
        }
    }

    /// What is repeated is repeated as it now stands, and what is owed is replaced by what is newer.
    fn refresh(&mut self, alerts: &[Alert]) {
        for alert in alerts {
            self.owed.remove(alert.incident());
        }
        for alert in alerts.iter().filter(|alert| alert.status == Status::Firing) {
            if let Some(active) = self.active.get_mut(alert.incident()) {
                active.alert.annotations.clone_from(&alert.annotations);
            }
        }
    }

    async fn deliver(&mut self, batch: Batch, patience: Patience) -> bool {
        self.record(dedup::tries(self.notifier.name(), &batch, &*self.log)).await;
        match self.send(&batch, patience).await {
            Ok(()) => self.delivered(batch).await,
            Err(error) => {
                self.failed(batch, &error);
                return !error.retryable;
            }
        }
        true
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
        // What is over is not repeated, whether or not the receiver would hear of its end.
        for alert in batch.alerts.iter().filter(|alert| alert.status == Status::Resolved) {
            self.active.remove(alert.incident());
        }
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
        let sent = batch.alerts.iter().map(|alert| Sent::heard(alert.clone(), batch.delivery.clone())).collect();
        for alert in batch.alerts {
            let id = alert.incident().to_owned();
            match alert.status {
                Status::Firing => self.active.insert(id, Active { alert, standing: Standing::Told }),
                Status::Resolved => self.active.remove(&id),
            };
        }
        self.record(sent).await;
    }

    async fn record(&self, sent: Vec<Sent>) {
        if sent.is_empty() {
            return;
        }
        let (log, receiver) = (self.log.clone(), self.notifier.name().to_owned());
        let recorded = tokio::task::spawn_blocking(move || log.record(&receiver, &sent)).await;
        if let Err(error) = recorded.map_err(anyhow::Error::from).and_then(|result| result) {
            tracing::error!(receiver = self.notifier.name(), %error, "the delivery log cannot be written");
        }
    }

    /// What is owed, then active alerts and the dead-man alert, once each; a failure is left to the next round.
    async fn repeat(&mut self) {
        let owed = group::by_name(std::mem::take(&mut self.owed).into_values());
        let active = self.active.values().filter(|active| self.repeats && active.standing == Standing::Told);
        let active = active.map(|active| active.alert.clone()).collect::<Vec<_>>();
        let mut answers = true;
        for group in owed {
            // Who does not answer is not asked for each group anew.
            match answers && !self.stop.is_cancelled() {
                true => answers = self.tell_news(group, Patience::Once).await,
                false => self.owed.extend(group.into_iter().map(|alert| (alert.incident().to_owned(), alert))),
            }
        }
        let dead_man = (self.heartbeat && (self.alive)()).then(|| Alert::dead_man(self.started_ns, &self.links));
        for alerts in group::by_name(active.into_iter().chain(dead_man)) {
            if answers && !self.stop.is_cancelled() {
                answers = self.say_again(alerts).await;
            }
        }
    }

    /// Whether the receiver answers.
    async fn say_again(&self, alerts: Vec<Alert>) -> bool {
        let delivery = format!("repeat-{:x}-{}", now_ns(), alerts[0].name());
        let batch = Batch { delivery, alerts, replaced: Vec::new() };
        let Err(error) = self.notifier.send(&batch).await else {
            self.count("repeated", batch.alerts.len());
            return true;
        };
        tracing::warn!(receiver = self.notifier.name(), %error, "not repeated; the next round tries again");
        self.count("not_repeated", batch.alerts.len());
        !error.retryable
    }

    fn count(&self, outcome: &'static str, alerts: usize) {
        let receiver = self.notifier.name().to_owned();
        metrics::counter!("weft_deliveries_total", "receiver" => receiver, "outcome" => outcome)
            .increment(alerts as u64);
    }
}

#[cfg(test)]
mod tests;

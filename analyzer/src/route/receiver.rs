//! One receiver's task: takes the updates that are queued for it through the pipeline, and repeats what must be repeated.

mod deliver;
mod repeat;
mod round;

use super::dedup;
use super::delivery_queue::DeliveryQueue;
use super::inhibit;
use super::log::DeliveryLog;
use super::options::{Alive, Known, RouteOptions};
use super::pace::Pace;
use super::sent::Sent;
use super::silence::Silence;
use super::update_queue::UpdateQueue;
use crate::clock::now_ns;
use crate::notify::{Alert, Context, Notifier, NotifyConfig, Status};
use futures::FutureExt;
use round::Repeat;
use std::collections::{BTreeMap, VecDeque};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use weft_judge::incident::{Incident, State};

pub struct Receiver {
    notifier: Arc<dyn Notifier>,
    queue: Arc<UpdateQueue>,
    log: Arc<dyn DeliveryLog>,
    silences: Vec<Silence>,
    context: Context,
    wants_data: bool,
    /// Alertmanager forgets what is not repeated; a webhook rings at each repeat.
    repeats: bool,
    heartbeat: bool,
    every: Duration,
    /// When the next round of repeats begins.
    round_at: Instant,
    alive: Alive,
    stop: CancellationToken,
    known: watch::Receiver<Known>,
    /// What this receiver believes to be on, as it was last described to us.
    active: BTreeMap<String, Active>,
    /// What it has still to hear.
    deliveries: DeliveryQueue,
    /// What is left of this round of repeats.
    again: VecDeque<Repeat>,
    pace: Pace,
    started_ns: i64,
    /// [`Instant::now`], but in tests.
    clock: Clock,
}

type Clock = Arc<dyn Fn() -> Instant + Send + Sync>;

struct Active {
    alert: Alert,
    standing: Standing,
}

#[derive(Clone, Copy, PartialEq)]
enum Standing {
    /// An earlier run sent it; in this run no update of its incident has come yet.
    Remembered,
    /// The incident is open, and the receiver is to be reminded of it.
    On,
    /// The receiver is not to hear of the incident any more, because it was silenced since, say. It is not repeated, but its
    /// end is still sent.
    Silenced,
}

/// The values of `result` of `weft_deliveries_total`. All count alerts, not requests.
const RESULTS: [&str; 5] = ["delivered", "retried", "gave_up", "repeated", "not_repeated"];
/// No rest that was asked for is longer; one that the log tells of and that is, was written by another clock.
const LONGEST_REST: Duration = Duration::from_secs(3600);
/// After a fault of ours the task goes on this much later: a fault that comes again and again must not spin.
const AFTER_PANIC: Duration = Duration::from_secs(1);

impl Receiver {
    pub fn new(
        config: &NotifyConfig,
        notifier: Arc<dyn Notifier>,
        options: &RouteOptions,
        queue: Arc<UpdateQueue>,
        known: watch::Receiver<Known>,
        stop: CancellationToken,
    ) -> Receiver {
        let remembered = |sent: Sent| {
            let active = Active { alert: sent.alert, standing: Standing::Remembered };
            (active.alert.incident().to_owned(), active)
        };
        let receiver = Receiver {
            notifier,
            queue,
            log: options.log.clone(),
            silences: options.silences.iter().filter_map(|config| Silence::new(config).ok()).collect(),
            context: options.context.clone(),
            wants_data: config.data,
            repeats: config.repeats(),
            heartbeat: config.sends_heartbeat(),
            every: Duration::from_secs(config.resend_s),
            round_at: Instant::now(),
            alive: options.alive.clone(),
            stop,
            known,
            active: options.log.firing(config.receiver()).into_iter().map(remembered).collect(),
            deliveries: DeliveryQueue::default(),
            again: VecDeque::new(),
            pace: Pace::resting(rest_of_an_earlier_run(&*options.log, config.receiver())),
            started_ns: now_ns(),
            clock: Arc::new(Instant::now),
        };
        RESULTS.into_iter().for_each(|result| receiver.count(result, 0));
        receiver
    }

    /// Until it is stopped. A panic in here is a fault of ours, and costs at most what was under way.
    pub async fn run(mut self) {
        while AssertUnwindSafe(self.serve()).catch_unwind().await.is_err() {
            tracing::error!(receiver = self.notifier.name(), "the receiver's task panicked; it goes on");
            tokio::time::sleep(AFTER_PANIC).await;
        }
        if AssertUnwindSafe(self.farewell()).catch_unwind().await.is_err() {
            tracing::error!(receiver = self.notifier.name(), "the receiver's task panicked at its end");
        }
    }

    /// Does what there is to do, and waits for more.
    async fn serve(&mut self) {
        while !self.stop.is_cancelled() {
            if self.act().await {
                continue;
            }
            let wake_at = self.wake_at();
            tokio::select! {
                _ = self.stop.cancelled() => {}
                _ = self.queue.filled() => {}
                Ok(()) = self.known.changed() => self.known.mark_changed(),
                _ = sleep_until(wake_at) => {}
            }
        }
    }

    /// One thing that can be done now; false when there is none. What waits is told before more is heard.
    async fn act(&mut self) -> bool {
        let now = (self.clock)();
        if self.next_request_at(now).is_some_and(|at| at <= now) {
            self.send_next(now).await;
            return true;
        }
        if self.round_at <= now {
            self.round_at = now + self.every;
            self.begin_round();
            return true;
        }
        let updates = self.queue.take_now();
        if !updates.is_empty() {
            self.take_updates(updates);
            return true;
        }
        // After what was offered at the start: the queue is empty.
        let is_given_what_is_known = self.known.has_changed().unwrap_or(false);
        if is_given_what_is_known {
            self.end_unknown();
        }
        is_given_what_is_known
    }

    /// When there is something to do again, if nothing comes in.
    fn wake_at(&self) -> Instant {
        self.next_request_at((self.clock)()).map_or(self.round_at, |at| at.min(self.round_at))
    }

    /// `None` when there is nothing to tell.
    fn next_request_at(&self, now: Instant) -> Option<Instant> {
        let again_at = (!self.again.is_empty()).then_some(now);
        let ready_at = self.deliveries.ready_at(now).into_iter().chain(again_at).min()?;
        Some(ready_at.max(self.pace.due().unwrap_or(now)))
    }

    /// inhibit → silence → dedup → delivery queue.
    fn take_updates(&mut self, updates: Vec<Arc<Incident>>) {
        for incident in updates.iter().filter(|incident| incident.state != State::Suspected) {
            let may_receive = self.may_receive(incident);
            if let Some(active) = self.active.get_mut(&incident.id) {
                active.standing = if may_receive { Standing::On } else { Standing::Silenced };
            }
            match may_receive || self.is_end(incident) {
                true => self.admit(incident),
                false => self.deliveries.remove(&incident.id),
            }
        }
    }

    fn may_receive(&self, incident: &Incident) -> bool {
        inhibit::passes(incident, self.wants_data) && !self.silences.iter().any(|silence| silence.covers(incident))
    }

    /// Of something this receiver was told of, or should have been, whatever it may hear by now.
    fn is_end(&self, incident: &Incident) -> bool {
        let is_on = |alert: &Alert| alert.status == Status::Firing;
        let last = || self.log.last(self.notifier.name(), &incident.id);
        incident.state == State::Resolved
            && (self.deliveries.find(&incident.id).is_some_and(is_on) || last().is_some_and(|sent| is_on(&sent.alert)))
    }

    fn admit(&mut self, incident: &Incident) {
        let Some(mut alert) = Alert::of(incident, &self.context) else { return };
        let last = self.log.last(self.notifier.name(), &incident.id);
        let waiting = self.deliveries.find(&incident.id).cloned();
        match waiting.as_ref().or(last.as_ref().map(|last| &last.alert)) {
            Some(first) => alert.freeze(first),
            None => alert.starts_ns = self.notifier.starts_ns(alert.starts_ns, now_ns()),
        }
        self.refresh(&alert);
        let is_news = dedup::is_news(&alert, last.as_ref());
        // The receiver was away, and the incident came and went meanwhile.
        let is_untold_end = alert.status == Status::Resolved && waiting.is_some();
        let is_stale = waiting.is_some_and(|waiting| waiting.changed_ns > alert.changed_ns);
        if is_stale {
            return;
        }
        if !is_news && !is_untold_end {
            return self.deliveries.remove(&incident.id);
        }
        let tried = last.filter(|last| last.unsure && last.alert.is_same_news(&alert)).map(|last| last.delivery);
        self.put(alert, tried);
    }

    fn put(&mut self, alert: Alert, tried: Option<String>) {
        let dropped = self.deliveries.push(alert, tried);
        if dropped > 0 {
            self.queue.count_dropped(dropped);
        }
    }

    /// What is repeated is repeated as it now stands.
    fn refresh(&mut self, alert: &Alert) {
        if alert.status == Status::Firing
            && let Some(active) = self.active.get_mut(alert.incident())
        {
            active.alert.annotations.clone_from(&alert.annotations);
        }
    }

    /// What an earlier run told of and nobody knows any more has ended. When, nobody can say: now.
    fn end_unknown(&mut self) {
        let Some(open) = self.known.borrow_and_update().clone() else { return };
        let mut over = Vec::new();
        for (id, active) in self.active.iter_mut().filter(|(_, active)| active.standing == Standing::Remembered) {
            match open.contains(id) {
                true => active.standing = Standing::On,
                false => over.push(Alert {
                    status: Status::Resolved,
                    ends_ns: Some(now_ns().max(active.alert.starts_ns)),
                    ..active.alert.clone()
                }),
            }
        }
        over.into_iter().for_each(|alert| self.put(alert, None));
    }

    fn count(&self, result: &'static str, alerts: usize) {
        let receiver = self.notifier.name().to_owned();
        metrics::counter!("weft_deliveries_total", "receiver" => receiver, "result" => result).increment(alerts as u64);
    }
}

/// A receiver's wish to be left alone outlasts a restart of ours.
fn rest_of_an_earlier_run(log: &dyn DeliveryLog, receiver: &str) -> Option<Instant> {
    let left_ns = log.rests_until(receiver)?.saturating_sub(now_ns());
    let left = Duration::from_nanos(u64::try_from(left_ns).ok()?);
    Some(Instant::now() + left.min(LONGEST_REST))
}

#[cfg(test)]
mod tests;

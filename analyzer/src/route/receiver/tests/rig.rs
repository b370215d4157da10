//! A receiver and a pager that answers as the test says. Time is the test's own: nothing waits for real.

use super::super::super::log::{DeliveryLog, MemoryLog};
use super::super::super::options::{Known, RouteOptions};
use super::super::super::silence::SilenceConfig;
use super::super::super::update_queue::UpdateQueue;
use super::super::Receiver;
use crate::notify::{Alert, Batch, Context, Endpoint, Fault, Notifier, NotifyConfig, NotifyKind, SendError, Status};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use weft_judge::incident::Incident;

/// What the pager does with a request, by its time since the start in seconds and its content.
pub type Answer = Box<dyn Fn(f64, &Batch) -> Result<(), SendError> + Send + Sync>;

pub fn passing(message: &str) -> SendError {
    SendError { fault: Fault::Passing, retry_after: None, message: message.into() }
}

pub fn resting(seconds: u64) -> SendError {
    SendError { retry_after: Some(Duration::from_secs(seconds)), ..passing("answered 429") }
}

pub fn of_the_body() -> SendError {
    SendError { fault: Fault::Body, ..passing("answered 400") }
}

pub fn tells_of(batch: &Batch, incident: &str) -> bool {
    batch.alerts.iter().any(|alert| alert.incident() == incident)
}

/// A request: when, what, and whether it was taken.
#[derive(Clone)]
pub struct Request {
    pub at_s: f64,
    pub batch: Batch,
    pub taken: bool,
}

impl Request {
    /// The ids it tells of; an end has a `!` before it.
    pub fn ids(&self) -> Vec<String> {
        let name = |alert: &Alert| match alert.status {
            Status::Firing => alert.incident().to_owned(),
            Status::Resolved => format!("!{}", alert.incident()),
        };
        self.batch.alerts.iter().map(name).collect()
    }
}

pub struct Pager {
    /// ns since the start.
    now_ns: Arc<AtomicU64>,
    answer: Mutex<Answer>,
    requests: Mutex<Vec<Request>>,
}

#[async_trait::async_trait]
impl Notifier for Pager {
    fn name(&self) -> &str {
        "pager"
    }

    async fn send(&self, batch: &Batch) -> Result<(), SendError> {
        let at_s = self.now_ns.load(Ordering::SeqCst) as f64 / 1e9;
        // An answer that panics must not poison the lock.
        let answer =
            std::panic::AssertUnwindSafe(|| (self.answer.lock().unwrap_or_else(|e| e.into_inner()))(at_s, batch));
        let result = std::panic::catch_unwind(answer);
        let taken = matches!(result, Ok(Ok(())));
        self.requests.lock().unwrap().push(Request { at_s, batch: batch.clone(), taken });
        result.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

pub struct Rig {
    pub pager: Arc<Pager>,
    pub log: Arc<dyn DeliveryLog>,
    queue: Arc<UpdateQueue>,
    known: watch::Sender<Known>,
    receiver: Receiver,
    begin: Instant,
}

impl Rig {
    pub fn start(answer: impl Fn(f64, &Batch) -> Result<(), SendError> + Send + Sync + 'static) -> Rig {
        Rig::start_with("webhook", Arc::new(MemoryLog::default()), Vec::new(), answer)
    }

    /// After a run that left `log`.
    pub fn start_with(
        kind: &str,
        log: Arc<dyn DeliveryLog>,
        silences: Vec<SilenceConfig>,
        answer: impl Fn(f64, &Batch) -> Result<(), SendError> + Send + Sync + 'static,
    ) -> Rig {
        let url = Endpoint::try_from("http://127.0.0.1:1/".to_owned()).unwrap();
        let config = NotifyConfig { name: "pager".into(), ..NotifyConfig::new(NotifyKind::named(kind).unwrap(), url) };
        let answer: Answer = Box::new(answer);
        let now_ns = Arc::new(AtomicU64::new(0));
        let pager = Pager { now_ns: now_ns.clone(), answer: Mutex::new(answer), requests: Mutex::default() };
        let pager = Arc::new(pager);
        let options = RouteOptions {
            receivers: Vec::new(),
            silences,
            context: Context::default(),
            log: log.clone(),
            alive: Arc::new(|| false),
        };
        let (known, queue) = (watch::Sender::new(None), Arc::new(UpdateQueue::new("test")));
        let stop = CancellationToken::new();
        let mut receiver = Receiver::new(&config, pager.clone(), &options, queue.clone(), known.subscribe(), stop);
        let begin = Instant::now();
        receiver.clock = Arc::new(move || begin + Duration::from_nanos(now_ns.load(Ordering::SeqCst)));
        Rig { pager, log, queue, known, receiver, begin }
    }

    pub fn answer(&self, answer: impl Fn(f64, &Batch) -> Result<(), SendError> + Send + Sync + 'static) {
        *self.pager.answer.lock().unwrap_or_else(|e| e.into_inner()) = Box::new(answer);
    }

    pub fn offer(&self, incident: Incident) {
        self.queue.push(Arc::new(incident));
    }

    /// As at the start of an analyzer: the ids of all that is on.
    pub fn offer_known(&self, ids: &[&str]) {
        self.known.send_replace(Some(Arc::new(ids.iter().map(|id| (*id).to_owned()).collect())));
    }

    /// Offers, and lets the task act on it.
    pub async fn tell(&mut self, incident: Incident) {
        self.offer(incident);
        self.pass(0.001).await;
    }

    /// As [`Receiver::run`] acts while that time passes.
    pub async fn pass(&mut self, seconds: f64) {
        let now = |rig: &Rig| Duration::from_nanos(rig.pager.now_ns.load(Ordering::SeqCst));
        let end = now(self) + Duration::from_secs_f64(seconds);
        loop {
            while self.receiver.act().await {}
            if now(self) >= end {
                return;
            }
            let next = self.receiver.wake_at().duration_since(self.begin).clamp(now(self), end);
            self.pager.now_ns.store(next.as_nanos() as u64, Ordering::SeqCst);
        }
    }

    pub fn requests(&self) -> Vec<Request> {
        self.pager.requests.lock().unwrap().clone()
    }

    /// What each request since the last call tells of.
    pub fn heard(&self) -> Vec<Vec<String>> {
        std::mem::take(&mut *self.pager.requests.lock().unwrap()).iter().map(Request::ids).collect()
    }

    /// Ends as the end of the process does; what it left behind.
    pub async fn stop(mut self) -> (Arc<dyn DeliveryLog>, Arc<Pager>) {
        self.receiver.farewell().await;
        (self.log, self.pager)
    }

    /// Ends abruptly.
    pub fn kill(self) -> Arc<dyn DeliveryLog> {
        self.log
    }
}

impl Pager {
    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }
}

//! What one receiver is told, and what it is spared.

use super::super::log::MemoryLog;
use super::super::sample::{into_class, open, resolved};
use super::super::silence::SilenceConfig;
use super::*;
use crate::notify::Endpoint;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

/// Hears all requests, and answers or does not.
struct Pager {
    heard: Mutex<Vec<Batch>>,
    mute: AtomicBool,
}

#[async_trait::async_trait]
impl Notifier for Pager {
    fn name(&self) -> &str {
        "alertmanager"
    }

    async fn send(&self, batch: &Batch) -> Result<(), SendError> {
        self.heard.lock().unwrap().push(batch.clone());
        match self.mute.load(Ordering::SeqCst) {
            true => Err(SendError { retryable: true, message: "no answer".into() }),
            false => Ok(()),
        }
    }
}

struct Rig {
    pager: Arc<Pager>,
    log: Arc<dyn DeliveryLog>,
    known: watch::Sender<Known>,
    receiver: Receiver,
}

impl Rig {
    /// A receiver that tries once, after a run that left `log`.
    fn start(log: Arc<dyn DeliveryLog>, silences: Vec<SilenceConfig>) -> Rig {
        let url = Endpoint::try_from("http://127.0.0.1:1/".to_owned()).unwrap();
        let config = NotifyConfig::new(NotifyKind::Alertmanager, url);
        let pager = Arc::new(Pager { heard: Mutex::default(), mute: AtomicBool::new(false) });
        let options = RouteOptions {
            receivers: Vec::new(),
            silences,
            links: Links::default(),
            log: log.clone(),
            alive: Arc::new(|| false),
        };
        let (known, queue) = (watch::Sender::new(None), Arc::new(Queue::new("test")));
        let receiver =
            Receiver::new(&config, pager.clone(), &options, queue, known.subscribe(), CancellationToken::new());
        Rig { pager, log, known, receiver }
    }

    fn fresh() -> Rig {
        Rig::start(Arc::new(MemoryLog::default()), Vec::new())
    }

    /// One try only: as at the farewell.
    async fn tell_once(&mut self, incident: Incident) {
        let stop = std::mem::replace(&mut self.receiver.stop, CancellationToken::new());
        self.receiver.stop.cancel();
        self.receiver.tell(vec![Arc::new(incident)]).await;
        self.receiver.stop = stop;
    }

    async fn tell(&mut self, incident: Incident) {
        self.receiver.tell(vec![Arc::new(incident)]).await;
    }

    async fn start_with(&mut self, known: &[&str]) {
        self.known.send_replace(Some(Arc::new(known.iter().map(|id| (*id).to_owned()).collect())));
        self.receiver.end_unknown().await;
    }

    fn mute(&self, mute: bool) {
        self.pager.mute.store(mute, Ordering::SeqCst);
    }

    /// Of each request since the last call, the ids it tells of; an end has a `!` before it.
    fn heard(&self) -> Vec<Vec<String>> {
        let heard = std::mem::take(&mut *self.pager.heard.lock().unwrap());
        let name = |alert: &Alert| match alert.status {
            Status::Firing => alert.incident().to_owned(),
            Status::Resolved => format!("!{}", alert.incident()),
        };
        heard.iter().map(|batch| batch.alerts.iter().map(name).collect()).collect()
    }
}

fn silence() -> Vec<SilenceConfig> {
    vec![SilenceConfig { device: Some("leaf-1".into()), ..SilenceConfig::default() }]
}

#[tokio::test]
async fn what_is_silenced_after_it_was_told_is_not_repeated_and_its_end_is_told() {
    let mut rig = Rig::fresh();
    rig.tell(open("1")).await;
    let mut rig = Rig::start(rig.log, silence());
    rig.tell(open("1")).await;
    rig.tell(open("2")).await;
    rig.start_with(&["1", "2"]).await;
    rig.receiver.repeat().await;
    assert_eq!(rig.heard(), [[""; 0]; 0]);
    rig.tell(resolved(open("1"))).await;
    rig.tell(resolved(open("2"))).await;
    rig.receiver.repeat().await;
    assert_eq!(rig.heard(), [["!1"]]);
}

#[tokio::test]
async fn what_nobody_knows_any_more_ends_at_the_start() {
    let mut rig = Rig::fresh();
    for id in ["1", "2", "3"] {
        rig.tell(open(id)).await;
    }
    let mut rig = Rig::start(rig.log, Vec::new());
    rig.receiver.repeat().await;
    assert_eq!(rig.heard(), [[""; 0]; 0], "before anyone spoke of them");
    rig.tell(open("3")).await;
    rig.start_with(&["2"]).await;
    assert_eq!(rig.heard(), [["!1"]], "3 is of this run");
    rig.receiver.repeat().await;
    assert_eq!(rig.heard(), [["2", "3"]]);
}

#[tokio::test]
async fn the_end_is_told_of_what_may_have_been_heard() {
    let mut rig = Rig::fresh();
    rig.mute(true);
    rig.tell_once(open("1")).await;
    rig.tell_once(open("2")).await;
    rig.mute(false);
    rig.tell(resolved(open("1"))).await;
    assert_eq!(rig.heard(), [["1"], ["2"], ["!1"]]);
    // Also after an abrupt end, and what was not answered is still news.
    let mut rig = Rig::start(rig.log, Vec::new());
    rig.tell(open("2")).await;
    rig.tell(open("2")).await;
    assert_eq!(rig.heard(), [["2"]]);
    rig.tell(resolved(open("2"))).await;
    rig.tell(resolved(open("3"))).await;
    assert_eq!(rig.heard(), [["!2"]]);
}

/// Labels are an alert's identity: both names of the incident may be on.
#[tokio::test]
async fn a_name_that_may_have_been_heard_ends_with_the_other() {
    let mut rig = Rig::fresh();
    rig.tell(open("1")).await;
    rig.mute(true);
    rig.tell_once(into_class(open("1"), "link_flap")).await;
    rig.mute(false);
    rig.tell(resolved(into_class(open("1"), "link_flap"))).await;
    let heard = rig.pager.heard.lock().unwrap();
    let replaced = heard.iter().map(|batch| batch.replaced.iter().map(|alert| alert.name()).collect());
    assert_eq!(replaced.collect::<Vec<Vec<_>>>(), [vec![], vec!["WeftLinkDown"], vec!["WeftLinkDown"]]);
}

#[tokio::test]
async fn what_is_owed_or_repeated_goes_in_requests_of_a_bounded_size() {
    let mut rig = Rig::fresh();
    rig.mute(true);
    for n in 0..150 {
        rig.tell_once(open(&format!("{n:03}"))).await;
    }
    rig.heard();
    let sizes = |rig: &Rig| rig.heard().iter().map(Vec::len).collect::<Vec<_>>();
    rig.receiver.repeat().await;
    assert_eq!(sizes(&rig), [64], "who does not answer is asked once a round");
    rig.mute(false);
    rig.receiver.repeat().await;
    assert_eq!(sizes(&rig), [64, 64, 22]);
    rig.receiver.repeat().await;
    assert_eq!(sizes(&rig), [64, 64, 22]);
}

//! Who is told what, when: inhibit → silence → dedup → line (group) → pace → deliver, a task and a queue a receiver, so
//! that a dead receiver holds up no other.
//!
//! Deliberately absent: waiting to gather a group (a link that is down is told at once; what is queued meanwhile goes
//! together) and inhibition of one incident by another (diagnosis makes one incident of one cause).

mod dedup;
mod group;
mod inhibit;
mod line;
mod log;
mod log_redb;
mod pace;
mod queue;
mod receiver;
mod silence;

pub use dedup::{Sent, now_ns};
pub use log::{DeliveryLog, MemoryLog};
pub use log_redb::RedbLog;
pub use silence::{SilenceConfig, check as check_silences};

use crate::notify::{Context, NotifyConfig, build};
use queue::Queue;
use receiver::Receiver;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use weft_judge::incident::{Incident, State};

/// True while weft sees its fabric: the dead-man alert is sent only then.
pub type Alive = Arc<dyn Fn() -> bool + Send + Sync>;

/// Ids of the incidents that are not over, of those an earlier run knew; `None` before they are offered.
type Known = Option<Arc<BTreeSet<String>>>;

pub struct RouteOptions {
    pub receivers: Vec<NotifyConfig>,
    pub silences: Vec<SilenceConfig>,
    pub context: Context,
    pub log: Arc<dyn DeliveryLog>,
    pub alive: Alive,
}

pub struct Route {
    offers: Offers,
    tasks: Vec<JoinHandle<()>>,
    stop: CancellationToken,
}

/// Where incidents are handed in.
#[derive(Clone)]
pub struct Offers {
    queues: Arc<[Arc<Queue>]>,
    known: Arc<watch::Sender<Known>>,
}

/// What is queued at the end may take this long to be told, by all receivers together; the rest is told after the next
/// start.
const FAREWELL: Duration = Duration::from_secs(3);

/// Starts a task a receiver. Needs a Tokio runtime.
pub fn start(options: RouteOptions) -> anyhow::Result<Route> {
    let stop = CancellationToken::new();
    let known = watch::Sender::new(None);
    let (mut queues, mut tasks) = (Vec::new(), Vec::new());
    for config in &options.receivers {
        let client = crate::notify::http_client(config.url.url())?;
        let notifier = build(config, client, &options.context.links);
        let queue = Arc::new(Queue::new(config.receiver()));
        let receiver = Receiver::new(config, notifier, &options, queue.clone(), known.subscribe(), stop.clone());
        tasks.push(tokio::spawn(receiver.run()));
        queues.push(queue);
    }
    Ok(Route { offers: Offers { queues: queues.into(), known: Arc::new(known) }, tasks, stop })
}

impl Offers {
    /// Offers an incident as it now stands to every receiver. Never waits: a queue that is full drops an update.
    pub fn offer(&self, incident: &Arc<Incident>) {
        for queue in self.queues.iter() {
            queue.push(incident.clone());
        }
    }

    /// Once, at the start: all that an earlier run knew of, oldest first. Whoever has heard it is spared by the delivery
    /// log; what a receiver was told of and is not among it is over.
    pub fn offer_known(&self, incidents: &[Arc<Incident>]) {
        incidents.iter().for_each(|incident| self.offer(incident));
        let open = incidents.iter().filter(|incident| incident.state != State::Resolved);
        self.known.send_replace(Some(Arc::new(open.map(|incident| incident.id.clone()).collect())));
    }
}

impl Route {
    pub fn offers(&self) -> Offers {
        self.offers.clone()
    }

    pub async fn shutdown(self) {
        self.stop.cancel();
        let deadline = Instant::now() + FAREWELL;
        for mut task in self.tasks {
            if tokio::time::timeout_at(deadline, &mut task).await.is_err() {
                task.abort();
            }
        }
    }
}

//! Which receiver is sent which alert, and when: inhibit → silence → dedup → delivery queue (group) → pace → deliver. Each
//! receiver has a task and queues of its own, so that a receiver that does not answer holds up no other.
//!
//! Deliberately absent: waiting to gather a group (a link that is down is told at once; what is queued meanwhile goes
//! together) and inhibition of one incident by another (diagnosis makes one incident of one cause).

mod dedup;
mod delivery_queue;
mod group;
mod inhibit;
mod log;
mod log_redb;
mod options;
mod pace;
mod receiver;
mod sent;
mod silence;
mod update_queue;

pub use log::{DeliveryLog, MemoryLog};
pub use log_redb::RedbLog;
pub use options::{Alive, RouteOptions};
pub use sent::Sent;
pub use silence::{SilenceConfig, check as check_silences};

use options::Known;
use receiver::Receiver;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use update_queue::UpdateQueue;
use weft_judge::incident::{Incident, State};

pub struct Route {
    offers: Offers,
    tasks: Vec<JoinHandle<()>>,
    stop: CancellationToken,
}

/// Where incidents are handed in.
#[derive(Clone)]
pub struct Offers {
    queues: Arc<[Arc<UpdateQueue>]>,
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
        let notifier = config.notifier(&options.context.links)?;
        let queue = Arc::new(UpdateQueue::new(config.receiver()));
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

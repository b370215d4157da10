//! The running collector: wiring, and shutdown in reverse order.
//!
//! ```text
//! thread weft-sampler: sources ─► board ─► frames ─┐
//! task link_events: carrier changes ──────────────►├─ outbox ─► task publish ═══► transport
//! task lldp: neighbours ─► (next flush) ──────────►│
//! task step: marks ─► buffer ─► (next flush) ──────┘
//! ```

use crate::board::{Board, Identity};
use crate::clock::now_ns;
use crate::config::{CollectorConfig, host_name};
use crate::directory::PortDirectory;
use crate::outbox::{Outbox, Sender};
use crate::publish::publish_all;
use crate::sampler::{Progress, Sampler, Watched, event_section};
use crate::schedule::Schedule;
use crate::sources::{self, LinkEvents, Lldp, Neighbors, StepBuffer, StepSocket};
use crate::status::Status;
use crate::sysfs;
use crate::telemetry::Telemetry;
use std::sync::Arc;
use std::sync::mpsc;
use std::time::Duration;
use tokio::task::JoinHandle;
use tracing::{info, warn};
use weft_transport::Publisher;
use weft_wire::EventRow;

/// What is not acknowledged by then is given up at shutdown.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// A collector at work; [`Agent::stop`] ends it.
pub struct Agent {
    pub telemetry: Arc<Telemetry>,
    outbox: Arc<Outbox>,
    stop_sampler: mpsc::Sender<()>,
    sampler: std::thread::JoinHandle<()>,
    listeners: Vec<JoinHandle<()>>,
    publisher: JoinHandle<()>,
    far_side: Arc<dyn Publisher>,
    flush: Duration,
}

/// What the sampler and the listeners share.
struct Parts {
    directory: PortDirectory,
    neighbors: Neighbors,
    outbox: Arc<Outbox>,
    steps: Arc<StepBuffer>,
    telemetry: Arc<Telemetry>,
}

impl Agent {
    /// Starts reading and sending. Needs a Tokio runtime. `config` must have been checked.
    pub fn start(config: &CollectorConfig, publisher: Arc<dyn Publisher>) -> std::io::Result<Agent> {
        let identity = identity(config);
        let telemetry = Arc::new(Telemetry::default());
        let sender = Sender { collector: identity.id.clone(), boot: identity.boot };
        let outbox = Arc::new(Outbox::new(sender, config.queue, telemetry.clone()));
        let steps = Arc::new(StepBuffer::new(config.step.keep, telemetry.clone()));
        let parts = Parts {
            directory: PortDirectory::default(),
            neighbors: Neighbors::default(),
            outbox: outbox.clone(),
            steps,
            telemetry: telemetry.clone(),
        };
        let far_side = publisher.clone();
        let publishing = {
            let (outbox, telemetry, id) = (outbox.clone(), telemetry.clone(), identity.id.clone());
            let in_flight = config.queue.in_flight;
            tokio::spawn(async move { publish_all(outbox, publisher, &id, in_flight, telemetry).await })
        };
        let (stop_sampler, stopped) = mpsc::channel();
        let sampler = make_sampler(config, identity.clone(), &parts);
        let sampler = std::thread::Builder::new()
            .name("weft-sampler".into())
            .spawn(move || sampler.run(|due_ns| sleep_until(due_ns, &stopped)))?;
        let listeners = listen(config, &identity.id, &parts);
        info!(id = identity.id, "collector reads");
        let flush = Duration::from_millis(u64::from(config.flush_ms));
        Ok(Agent { telemetry, outbox, stop_sampler, sampler, listeners, publisher: publishing, far_side, flush })
    }

    /// For whoever asks whether it does its work.
    pub fn status(&self) -> Status {
        Status::new(self.telemetry.clone(), self.outbox.clone(), self.far_side.clone(), self.flush)
    }

    pub fn queued(&self) -> usize {
        self.outbox.queued()
    }

    /// Stops reading, then sends what is left.
    pub async fn stop(self) {
        self.listeners.iter().for_each(JoinHandle::abort);
        drop(self.stop_sampler);
        let sampler = self.sampler;
        if tokio::task::spawn_blocking(move || sampler.join().is_err()).await.unwrap_or(true) {
            warn!("the sampler had panicked");
        }
        self.outbox.close();
        if tokio::time::timeout(LAST_WORDS, self.publisher).await.is_err() {
            let Telemetry { frames, published, dropped_frames, .. } = &*self.telemetry;
            let left = frames.get().saturating_sub(published.get() + dropped_frames.get());
            warn!(frames = left, "given up: not acknowledged within {} s", LAST_WORDS.as_secs());
        }
    }
}

pub fn identity(config: &CollectorConfig) -> Identity {
    Identity {
        id: if config.id.is_empty() { host_name() } else { config.id.clone() },
        kind: config.device_kind(),
        boot: now_ns() as u64,
        boot_id: sysfs::text_or_empty(&config.root().join("proc/sys/kernel/random/boot_id")),
        labels: config.labels.clone(),
        flush_period_ms: config.flush_ms,
    }
}

fn make_sampler(config: &CollectorConfig, identity: Identity, parts: &Parts) -> Sampler {
    let setup = config.setup(parts.directory.clone());
    let mut watched = Vec::new();
    for made in sources::make_all(&setup) {
        match made.source {
            Ok(source) => watched.push(Watched::new(source)),
            Err(why) => warn!(source = made.name, %why, "source is off"),
        }
    }
    Sampler {
        board: Board::new(identity),
        sources: watched,
        schedule: Schedule::new(config.rates, now_ns()),
        flush: Duration::from_millis(u64::from(config.flush_ms)),
        slow_read: Duration::from_millis(u64::from(config.slow_read_ms)),
        outbox: parts.outbox.clone(),
        steps: parts.steps.clone(),
        neighbors: (parts.neighbors.clone(), parts.directory.clone()),
        telemetry: parts.telemetry.clone(),
        progress: Progress::default(),
    }
}

/// False when the agent stops. Wakes often enough to feed systemd's watchdog.
fn sleep_until(due_ns: i64, stopped: &mpsc::Receiver<()>) -> bool {
    if let Err(error) = sd_notify::notify(&[sd_notify::NotifyState::Watchdog]) {
        tracing::debug!(%error, "no watchdog told");
    }
    let wait = Duration::from_nanos(due_ns.saturating_sub(now_ns()).max(0) as u64);
    matches!(stopped.recv_timeout(wait), Err(mpsc::RecvTimeoutError::Timeout))
}

fn listen(config: &CollectorConfig, id: &str, parts: &Parts) -> Vec<JoinHandle<()>> {
    let Parts { directory, neighbors, outbox, steps, telemetry } = parts;
    let mut tasks = Vec::new();
    let setup = config.setup(directory.clone());
    if !setup.root.is_live() {
        return tasks;
    }
    if setup.reads(sources::LISTENERS[0]) {
        let events = LinkEvents::new(id, directory.clone(), telemetry.clone());
        let outbox = outbox.clone();
        tasks.push(tokio::spawn(events.run(move |rows| tell_link_events(&rows, &outbox))));
    }
    let path = &config.step.socket;
    if setup.reads(sources::LISTENERS[1]) && !path.as_os_str().is_empty() {
        match StepSocket::bind(path) {
            Ok(socket) => tasks.push(tokio::spawn(take_marks(socket, id.to_owned(), steps.clone()))),
            Err(error) => warn!(
                path = %path.display(), %error,
                "step marks are off: needs the right to write its directory (systemd: RuntimeDirectory=weft; else CAP_DAC_OVERRIDE), \
                 or another [collector] step.socket"
            ),
        }
    }
    if setup.reads(sources::LISTENERS[2]) {
        let lldp = Lldp::new(id, config.lldp, directory.clone(), neighbors.clone(), telemetry.clone());
        tasks.push(tokio::spawn(lldp.run()));
    }
    tasks
}

fn tell_link_events(rows: &[EventRow], outbox: &Outbox) {
    let told = event_section(rows).and_then(|section| outbox.push(vec![section], None, now_ns()));
    if let Err(error) = told {
        warn!(%error, "a link event is lost");
    }
}

async fn take_marks(socket: StepSocket, device: String, steps: Arc<StepBuffer>) {
    if let Err(error) = socket.read_into(&device, &steps).await {
        warn!(%error, "step marks have ended");
    }
}

//! For benchmarks: a collector without threads, clock or network, whose every tick is a call.

use crate::agent::identity;
use crate::board::Board;
use crate::clock::now_ns;
use crate::config::CollectorConfig;
use crate::directory::PortDirectory;
use crate::outbox::{Outbox, QueueConfig, Sender};
use crate::sampler::{Progress, Sampler, Watched};
use crate::schedule::{Round, Schedule};
use crate::sources::{Neighbors, StepBuffer, make_all};
use crate::telemetry::Telemetry;
use std::sync::Arc;
use std::time::Duration;
use weft_wire::Tier;

pub struct Rig {
    sampler: Sampler,
    telemetry: Arc<Telemetry>,
    due_ns: i64,
}

impl Rig {
    pub fn new(config: &CollectorConfig) -> Rig {
        let identity = identity(config);
        let telemetry = Arc::new(Telemetry::default());
        let sender = Sender { collector: identity.id.clone(), boot: identity.boot };
        // One frame is kept: what is measured is making it, not sending it.
        let queue = QueueConfig { frames: 1, ..config.queue };
        let outbox = Arc::new(Outbox::new(sender, queue, telemetry.clone()));
        let directory = PortDirectory::default();
        let setup = config.setup(directory.clone());
        let sources = make_all(&setup).into_iter().filter_map(|made| Some(Watched::new(made.source.ok()?))).collect();
        let sampler = Sampler {
            board: Board::new(identity),
            sources,
            schedule: Schedule::new(config.rates, now_ns()),
            flush: Duration::from_millis(u64::from(config.flush_ms)),
            slow_read: Duration::from_secs(1),
            outbox,
            neighbors: (Neighbors::default(), directory),
            steps: Arc::new(StepBuffer::new(1, telemetry.clone())),
            telemetry: telemetry.clone(),
            progress: Progress::default(),
        };
        Rig { sampler, telemetry, due_ns: 0 }
    }

    /// One normal tick that ends with a frame (the first reads all tiers); bytes of the frame.
    pub fn tick(&mut self) -> usize {
        let before = self.telemetry.frame_bytes.get();
        let slowest = if self.due_ns == 0 { Tier::Slow } else { Tier::Normal };
        self.due_ns += self.sampler.flush.as_nanos() as i64;
        if let Err(error) = self.sampler.tick(&Round { slowest, due_ns: self.due_ns }) {
            tracing::error!(%error, "no frame");
        }
        (self.telemetry.frame_bytes.get() - before) as usize
    }
}

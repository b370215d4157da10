//! The simulation in real time: a thread steps it beside the wall clock, its frames go to a publisher.
//!
//! ```text
//! thread: step ─► observe ─► frames ─► bounded queue ─► task: publish (many in flight) ═► transport
//!            └─► progress (truths so far), watched by whoever shows it
//! ```

use crate::sampler::{Sampler, SamplerOptions};
use crate::sim::Sim;
use crate::sink::{FrameSink, Message, Sink, Tee, TraceSink};
use crate::truth::Truth;
use anyhow::{Context, Result};
use bytes::Bytes;
use futures::StreamExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, watch};
use weft_transport::{Publisher, Topic};

/// Frames of ten seconds of 1,024 GPUs: an analyzer that is away longer loses the rest, counted.
const QUEUE: usize = 2048;
/// Publishing waits for an acknowledgement that comes about once a second.
const IN_FLIGHT: usize = 1024;
const RETRY: Duration = Duration::from_millis(200);
/// How often the progress is told, in steps.
const TELL_EVERY: u64 = 5;

pub struct LiveOptions {
    pub sampler: SamplerOptions,
    pub seed: u64,
    /// Also write a trace here.
    pub record: Option<PathBuf>,
}

/// Where the simulation stands.
#[derive(Clone, Debug, Default)]
pub struct Progress {
    /// True time, seconds since the start.
    pub now: f64,
    pub truths: Vec<Truth>,
    /// The script is over.
    pub done: bool,
    /// Messages the queue had no room for.
    pub dropped: u64,
}

/// A simulation at work until [`Live::stop`].
pub struct Live {
    pub progress: watch::Receiver<Progress>,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<Result<()>>,
}

/// Starts the thread and the publishing task; needs a Tokio runtime.
pub fn start(sim: Sim, publisher: Arc<dyn Publisher>, options: LiveOptions) -> Result<Live> {
    let (tell, progress) = watch::channel(Progress::default());
    let (queue, messages) = mpsc::channel(QUEUE);
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = stop.clone();
    let runner = Runner::new(sim, options, queue, tell)?;
    tokio::spawn(publish_all(publisher, messages));
    let thread = std::thread::Builder::new()
        .name("weft-sim".to_owned())
        .spawn(move || runner.run(&stopped))
        .context("cannot start the simulator's thread")?;
    Ok(Live { progress, stop, thread })
}

impl Live {
    /// Ends the simulation and what it records.
    pub fn stop(self) -> Result<()> {
        self.stop.store(true, Ordering::Relaxed);
        match self.thread.join() {
            Ok(result) => result,
            Err(_) => anyhow::bail!("the simulator's thread panicked; its message is above"),
        }
    }
}

struct Runner {
    sim: Sim,
    sampler: Sampler,
    sink: Tee,
    options: LiveOptions,
    queue: mpsc::Sender<Message>,
    tell: watch::Sender<Progress>,
    dropped: u64,
}

impl Runner {
    fn new(
        sim: Sim,
        options: LiveOptions,
        queue: mpsc::Sender<Message>,
        tell: watch::Sender<Progress>,
    ) -> Result<Runner> {
        let SamplerOptions { start_ns, marks, .. } = options.sampler;
        let frames = FrameSink::new(&sim.fabric.world.topology, start_ns as u64)?;
        let trace = match &options.record {
            Some(dir) => Some(TraceSink::create(dir, &sim.fabric, start_ns, None, marks)?),
            None => None,
        };
        let sampler = Sampler::new(&sim.fabric, options.sampler, options.seed);
        Ok(Runner { sim, sampler, sink: Tee { frames, trace }, options, queue, tell, dropped: 0 })
    }

    fn run(mut self, stop: &AtomicBool) -> Result<()> {
        let begun = Instant::now();
        let mut steps = 0u64;
        while !stop.load(Ordering::Relaxed) {
            self.sim.step();
            self.sampler.observe(&mut self.sim.fabric, &mut self.sink as &mut dyn Sink)?;
            steps += 1;
            // The truth is told before the frames that show it.
            let known = self.tell.borrow().truths.len();
            if steps.is_multiple_of(TELL_EVERY) || known != self.sim.truths.len() {
                self.tell();
            }
            self.send();
            // Behind the wall clock it hurries, ahead of it it rests.
            let ahead = Duration::from_secs_f64(self.sim.now()).saturating_sub(begun.elapsed());
            std::thread::sleep(ahead);
        }
        match self.sink.trace.take() {
            Some(trace) => trace.finish(&self.sim, self.options.sampler.start_ns, "weft demo"),
            None => Ok(()),
        }
    }

    fn send(&mut self) {
        for message in self.sink.frames.take() {
            if self.queue.try_send(message).is_err() {
                self.dropped += 1;
            }
        }
    }

    fn tell(&self) {
        let progress = Progress {
            now: self.sim.now(),
            truths: self.sim.truths.clone(),
            done: self.sim.script_done(),
            dropped: self.dropped,
        };
        // Nobody may be watching.
        self.tell.send_replace(progress);
    }
}

async fn publish_all(publisher: Arc<dyn Publisher>, messages: mpsc::Receiver<Message>) {
    let stream = futures::stream::unfold(messages, |mut rx| async { rx.recv().await.map(|m| (m, rx)) });
    stream.for_each_concurrent(IN_FLIGHT, |message| publish(&publisher, message)).await;
}

async fn publish(publisher: &Arc<dyn Publisher>, message: Message) {
    let topic = if message.inventory { Topic::Inventory } else { Topic::Frames };
    let payload = Bytes::from(message.payload);
    while let Err(error) = publisher.publish(topic, &message.key, payload.clone()).await {
        if !error.is_retryable() {
            tracing::debug!(%error, collector = message.key, "a simulated frame is lost");
            return;
        }
        tokio::time::sleep(RETRY).await;
    }
}

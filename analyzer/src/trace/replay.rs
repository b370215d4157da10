//! `weft replay`: a trace through ingest, not around it.

use super::disturb::{Disturb, Disturber, Message};
use super::error::TraceError;
use super::frames::FrameSource;
use super::outcome::OutcomeFiles;
use crate::ingest::{Ingest, IngestConfig, IngestEvent, IngestStats};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;
use std::time::{Duration, Instant};
use weft_judge::engine::{Engine, EngineConfig};
use weft_judge::guard::Dropped;
use weft_transport::{Publisher, PublisherOptions, Topic, TransportUrl};
use weft_wire::Frame;

/// A longer bound than a year holds every frame of any trace.
const MOST_LATENESS_S: f64 = 366.0 * 86_400.0;

const EXAMPLES: &str = "\
Examples:
  weft replay trace/ --out verdicts/
  weft replay trace/ --speed 10 --out verdicts/
  weft replay trace/ --disturb late=2s,duplicate=0.01,shuffle,seed=5 --out verdicts/
  weft replay trace/ --speed 1 --to direct://127.0.0.1:4180";

/// Play a trace back: as frames, through ingest, into the same engine as live.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct ReplayArgs {
    /// Folder of the trace.
    pub trace: PathBuf,
    /// Times as fast as it was recorded, or `max`. Changes when, never what.
    #[arg(long, default_value = "max")]
    pub speed: Speed,
    /// Disturb the arrival: `late=D` holds back one frame in ten by up to D of event time, `duplicate=P` sends a fraction P
    /// twice, `shuffle` delays every frame by up to 2 s, `seed=N` draws. No frame arrives more than max(D, 2 s) after
    /// its flush.
    #[arg(long, default_value = "", hide_default_value = true)]
    pub disturb: Disturb,
    /// Publish the frames to a live transport (`kafka://H:P`, `direct://H:P`) instead of judging them here.
    #[arg(long)]
    pub to: Option<TransportUrl>,
    /// Folder for incidents.ndjson, transitions.ndjson and facts.ndjson.
    #[arg(long, required_unless_present = "to")]
    pub out: Option<PathBuf>,
    /// Event time that a frame may be behind the others and still count, seconds.
    #[arg(long, default_value_t = 2.0)]
    pub lateness_s: f64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Speed {
    Max,
    Times(f64),
}

impl FromStr for Speed {
    type Err = String;

    fn from_str(text: &str) -> Result<Speed, String> {
        match (text, text.trim_start_matches(['x', '×']).parse::<f64>()) {
            ("max", _) => Ok(Speed::Max),
            (_, Ok(times)) if times > 0.0 && times.is_finite() => Ok(Speed::Times(times)),
            _ => Err("write a number above 0, or max".to_owned()),
        }
    }
}

/// What a replay did, for the last line it prints.
#[derive(Clone, Debug, serde::Serialize)]
pub struct ReplayReport {
    pub samples: u64,
    pub frames: u64,
    pub ticks: u64,
    pub incidents: usize,
    pub late_rows: u64,
    pub duplicate_frames: u64,
    /// Detectors that failed or were over their budget, each with the reason, and in how many ticks.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub detectors_dropped: BTreeMap<String, u64>,
    pub seconds: f64,
}

#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    #[error("{0}")]
    Trace(#[from] TraceError),
    #[error("{path}: {source}; check that it can be written", path = path.display())]
    Out { path: PathBuf, source: std::io::Error },
    #[error("transport: {0}")]
    Transport(#[from] weft_transport::TransportError),
    #[error("frame: {0}")]
    Wire(#[from] weft_wire::WireError),
}

/// The subcommand: prints a report as JSON; 0 well, 2 failed.
pub async fn run(args: ReplayArgs) -> ExitCode {
    let done = match args.to.clone() {
        Some(url) => publish(&args, &url).await,
        None => tokio::task::spawn_blocking(move || replay(&args)).await.unwrap_or_else(|e| panic!("replay: {e}")),
    };
    match done {
        Ok(report) => {
            println!("{}", serde_json::to_string(&report).unwrap_or_default());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

/// Replays into ingest and the engine, in this thread.
pub fn replay(args: &ReplayArgs) -> Result<ReplayReport, ReplayError> {
    let began = Instant::now();
    let out = args.out.clone().unwrap_or_default();
    let failed = |source| ReplayError::Out { path: out.clone(), source };
    let mut source = FrameSource::open(&args.trace)?;
    let mut judge = Judge::new(args, &source, OutcomeFiles::create(&out).map_err(failed)?);
    let mut pace = Pace::new(args.speed);
    let mut disturber = Disturber::new(args.disturb);
    while let Some(frames) = source.next_tick()? {
        // As live: an inventory has a topic of its own too, and no frame waits for the one before it.
        for inventory in frames.iter().filter_map(|f| f.inventory.as_ref()) {
            let message = Message { key: inventory.collector.clone(), payload: inventory.encode()?.into() };
            judge.take(message).map_err(failed)?;
        }
        let now_ns = send(&mut disturber, frames)?;
        while let Some((arrival_ns, message)) = disturber.arrived(now_ns) {
            pace.wait_until(arrival_ns, std::thread::sleep);
            judge.take(message).map_err(failed)?;
        }
    }
    while let Some((_, message)) = disturber.arrived(i64::MAX) {
        judge.take(message).map_err(failed)?;
    }
    let Judged { stats, incidents, dropped } = judge.finish().map_err(failed)?;
    let report = report(&stats, source.samples(), incidents, began);
    Ok(ReplayReport { detectors_dropped: dropped, ..report })
}

fn report(stats: &IngestStats, samples: u64, incidents: usize, began: Instant) -> ReplayReport {
    ReplayReport {
        samples,
        frames: stats.frames,
        ticks: stats.ticks,
        incidents,
        late_rows: stats.late_rows,
        duplicate_frames: stats.duplicate_frames,
        detectors_dropped: BTreeMap::new(),
        seconds: began.elapsed().as_secs_f64(),
    }
}

/// Sends one tick's frames; returns the event time they bring.
fn send(disturber: &mut Disturber, frames: Vec<Frame>) -> Result<i64, ReplayError> {
    let mut now_ns = i64::MIN;
    for frame in frames {
        now_ns = now_ns.max(frame.flush_ts_ns);
        let payload = Bytes::from(frame.encode()?);
        disturber.send(frame.flush_ts_ns, Message { key: frame.collector, payload });
    }
    Ok(now_ns)
}

/// Ingest and engine, and the files their verdicts go to.
struct Judge {
    ingest: Ingest,
    engine: Engine,
    files: OutcomeFiles,
    dropped: BTreeMap<String, u64>,
}

struct Judged {
    stats: IngestStats,
    incidents: usize,
    dropped: BTreeMap<String, u64>,
}

impl Judge {
    fn new(args: &ReplayArgs, source: &FrameSource, files: OutcomeFiles) -> Judge {
        let tick_ns = source.tick_ns();
        let lateness_ns = (args.lateness_s.clamp(0.0, MOST_LATENESS_S) * 1e9) as i64;
        // Only the data decides: see `IngestConfig::close_early`.
        let config = IngestConfig { tick_ns, lateness_ns, close_early: false, ..IngestConfig::default() };
        let engine = Engine::new(source.plan.clone(), EngineConfig { tick_ns });
        Judge { ingest: Ingest::new(config), engine, files, dropped: BTreeMap::new() }
    }

    fn take(&mut self, message: Message) -> std::io::Result<()> {
        let events = self.ingest.push(&message.key, &message.payload);
        self.judge(events)
    }

    fn judge(&mut self, events: Vec<IngestEvent>) -> std::io::Result<()> {
        for event in events {
            if let IngestEvent::Tick(tick) = event {
                let outcome = self.engine.on_tick(&tick, self.ingest.entities());
                outcome.dropped.iter().for_each(|dropped| self.note(dropped));
                self.files.add(outcome)?;
            }
        }
        Ok(())
    }

    fn note(&mut self, Dropped { detector, reason, .. }: &Dropped) {
        *self.dropped.entry(format!("{detector}: {}", reason.name())).or_default() += 1;
    }

    fn finish(mut self) -> std::io::Result<Judged> {
        let events = self.ingest.finish();
        self.judge(events)?;
        let stats = self.ingest.stats().clone();
        Ok(Judged { stats, incidents: self.files.finish()?.len(), dropped: self.dropped })
    }
}

/// Publishes the frames for others to judge; the inventories go to their own topic too.
async fn publish(args: &ReplayArgs, url: &TransportUrl) -> Result<ReplayReport, ReplayError> {
    let began = Instant::now();
    let publisher = weft_transport::publisher(url, &PublisherOptions::default()).await?;
    let mut source = FrameSource::open(&args.trace)?;
    let mut pace = Pace::new(args.speed);
    let mut disturber = Disturber::new(args.disturb);
    let mut stats = IngestStats::default();
    while let Some(frames) = source.next_tick()? {
        stats.ticks += 1;
        for inventory in frames.iter().filter_map(|f| f.inventory.as_ref()) {
            send_retrying(publisher.as_ref(), Topic::Inventory, &inventory.collector, inventory.encode()?.into())
                .await?;
        }
        let now_ns = send(&mut disturber, frames)?;
        stats.frames += publish_arrived(publisher.as_ref(), &mut disturber, now_ns, &mut pace).await?;
    }
    stats.frames += publish_arrived(publisher.as_ref(), &mut disturber, i64::MAX, &mut Pace::new(Speed::Max)).await?;
    Ok(report(&stats, source.samples(), 0, began))
}

/// Publishes what has arrived, one tick's frames in flight at a time; returns how many.
async fn publish_arrived(
    publisher: &dyn Publisher,
    disturber: &mut Disturber,
    now_ns: i64,
    pace: &mut Pace,
) -> Result<u64, ReplayError> {
    let mut batch = Vec::new();
    while let Some((arrival_ns, message)) = disturber.arrived(now_ns) {
        if let Some(wait) = pace.until(arrival_ns) {
            tokio::time::sleep(wait).await;
        }
        batch.push(message);
    }
    let sent = batch.len() as u64;
    let sends = batch.iter().map(|m| send_retrying(publisher, Topic::Frames, &m.key, m.payload.clone()));
    futures::future::try_join_all(sends).await?;
    Ok(sent)
}

async fn send_retrying(
    publisher: &dyn Publisher,
    topic: Topic,
    key: &str,
    payload: Bytes,
) -> Result<(), weft_transport::TransportError> {
    use backon::Retryable;
    let send = || publisher.publish(topic, key, payload.clone());
    send.retry(backon::ExponentialBuilder::default()).when(|e| e.is_retryable()).await
}

/// Wall-clock pacing: event time runs `speed` times as fast.
struct Pace {
    speed: Speed,
    start: Option<(Instant, i64)>,
}

impl Pace {
    fn new(speed: Speed) -> Pace {
        Pace { speed, start: None }
    }

    /// How long to wait for event time to reach `ts_ns`.
    fn until(&mut self, ts_ns: i64) -> Option<Duration> {
        let Speed::Times(times) = self.speed else { return None };
        let (began, first_ns) = *self.start.get_or_insert((Instant::now(), ts_ns));
        let seconds = ts_ns.saturating_sub(first_ns).max(0) as f64 / 1e9 / times;
        let due = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
        due.checked_sub(began.elapsed()).filter(|wait| *wait > Duration::from_millis(1))
    }

    fn wait_until(&mut self, ts_ns: i64, sleep: impl FnOnce(Duration)) {
        if let Some(wait) = self.until(ts_ns) {
            sleep(wait);
        }
    }
}

//! `weft replay`: a trace through ingest, not around it.
//!
//! ```text
//! trace ─► frames ─► disturb ─► encode ─┬─► ingest ─► engine ─► incidents.ndjson, transitions.ndjson, facts.ndjson
//!                                       └─► a transport (--to): others judge
//! ```

mod disturb;
mod judge;
mod outcome;
mod pace;
mod publish;
#[cfg(test)]
pub(crate) mod tests;

pub use disturb::Disturb;
pub use judge::replay;
pub use pace::Speed;

use crate::ingest::IngestStats;
use bytes::Bytes;
use disturb::{Disturber, Message};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;
use weft_trace::TraceError;
use weft_transport::TransportUrl;
use weft_wire::Frame;

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
        Some(url) => publish::publish(&args, &url).await,
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

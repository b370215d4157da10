//! The flags of `weft replay`.

use super::allowed::Allowed;
use super::disturb::Disturb;
use super::pace::Speed;
use super::span::Span;
use std::path::{Path, PathBuf};
use weft_transport::TransportUrl;

const EXAMPLES: &str = "\
Examples:
  weft replay trace/ --out verdicts/
  weft replay trace/ --speed 10 --out verdicts/
  weft replay trace/ --disturb late=2s,duplicate=0.01,shuffle,seed=5 --out verdicts/
  weft replay trace/ --out first/ --until 60 --snapshot judge.snapshot
  weft replay trace/ --out second/ --resume judge.snapshot
  weft replay trace/ --speed 1 --to direct://127.0.0.1:4180";

/// As live: see `[analyzer] lateness_s`.
const LATENESS_S: f64 = 2.0;

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
    #[arg(long, default_value_t = LATENESS_S)]
    pub lateness_s: f64,
    #[command(flatten)]
    pub allowed: Allowed,
    #[command(flatten)]
    pub span: Span,
}

impl ReplayArgs {
    /// The whole trace as fast as it goes, undisturbed, its verdicts into a folder.
    pub fn calm(trace: &Path, out: &Path) -> ReplayArgs {
        ReplayArgs {
            trace: trace.to_owned(),
            speed: Speed::Max,
            disturb: Disturb::default(),
            to: None,
            out: Some(out.to_owned()),
            lateness_s: LATENESS_S,
            allowed: Allowed::default(),
            span: Span::default(),
        }
    }
}

//! The flags of `weft score`.

use crate::replay::Allowed;
use std::path::PathBuf;
use weft_score::{Disturbances, Output};

const EXAMPLES: &str = "\
Examples:
  weft score trace/                                       judge it and compare with its truth.csv
  weft score traces/*.tar.zst --output markdown > score.md
  weft score traces/*.tar.zst --keep verdicts/            keep what was said of each
  weft score traces/*.tar.zst --incidents verdicts/       score these, or what another system said
  weft score trace/ --output json | jq .overall.recall
  weft score traces/*.tar.zst --metamorphic               does the verdict follow a trace that is disturbed?
  weft score traces/*.tar.zst --baselines                 and what simpler rules find in them
  weft score traces/*.tar.zst --html score.html           and draw what the counters of each miss showed
  weft score trace/ --metamorphic=renamed,dropped --seed 7

Exit codes: 0 good (recall and culprit .95 or more, precision .97 or more; without any fault,
nobody accused; every verdict follows), 1 not, 2 a trace could not be scored. docs/scoring.md tells what the figures mean.";

/// Judge traces, or take what was said of them, and compare it with what was really wrong
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct ScoreArgs {
    /// Folders of traces, plain or packed as .tar.zst
    #[arg(required = true, value_name = "TRACE")]
    pub traces: Vec<PathBuf>,
    /// Judge nothing: incidents.ndjson of each trace lies in DIR/FOLDER/NAME as --keep has it; that of a single one may be in DIR
    #[arg(long, value_name = "DIR", conflicts_with = "keep")]
    pub incidents: Option<PathBuf>,
    /// Keep what is said of each trace in DIR/FOLDER/NAME: its name, and that of the folder it lies in
    #[arg(long, value_name = "DIR")]
    pub keep: Option<PathBuf>,
    /// Judge each trace again after disturbances that leave what was wrong in it as it was: all, or some of renamed, permuted,
    /// shifted, mirrored, decimated, dropped, phased, jittered, prefixed
    #[arg(
        long,
        value_name = "NAMES",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "all",
        conflicts_with = "incidents"
    )]
    pub metamorphic: Option<Disturbances>,
    /// Run other rules on the same traces too: fixed thresholds, mean + 2σ, distance to peers, median − k·MAD
    #[arg(long)]
    pub baselines: bool,
    /// Write a report as one HTML file too, with the counters of each miss and of each false incident drawn
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Draws of the disturbances: the same seed gives the same traces
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    #[command(flatten)]
    pub allowed: Allowed,
    /// table, json or markdown
    #[arg(long, default_value = "table")]
    pub output: Output,
    /// Traces judged side by side [default: one a core]
    #[arg(long, value_name = "N")]
    pub at_once: Option<usize>,
}

//! The flags of `weft calibrate`.

use crate::replay::Allowed;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  weft record --transport kafka://kafka:9092 --out sound/   until Ctrl-C, while nothing is wrong
  weft calibrate sound/                                     how often would weft have rung, and how near was it?
  weft calibrate week/*.tar.zst --resume done/              go on where the last call stopped, and add everything up
  weft calibrate sound/ --output json | jq .false_rate.bound

Exit codes: 0 nobody was accused and no evidence rose more often than by chance, 1 otherwise, 2 a trace could not be judged.
docs/scoring.md tells what the figures mean.";

/// Judge traces in which nothing was wrong: how often somebody is accused, and how often evidence rises by chance
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct CalibrateArgs {
    /// Folders of traces without any fault, plain or packed as .tar.zst
    #[arg(required = true, value_name = "TRACE")]
    pub traces: Vec<PathBuf>,
    /// Keep what each trace showed in DIR, and judge none again that is there
    #[arg(long, value_name = "DIR")]
    pub resume: Option<PathBuf>,
    #[command(flatten)]
    pub allowed: Allowed,
    /// Write the figures as JSON
    #[arg(long, value_name = "table|json", default_value = "table")]
    pub output: Output,
    /// Traces judged side by side [default: one a core]
    #[arg(long, value_name = "N")]
    pub at_once: Option<usize>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Output {
    #[default]
    Table,
    Json,
}

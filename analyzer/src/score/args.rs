//! The flags of `weft score`.

use std::path::PathBuf;
use weft_score::Output;

const EXAMPLES: &str = "\
Examples:
  weft score trace/                                       judge it and compare with its truth.csv
  weft score traces/*.tar.zst --output markdown > score.md
  weft score traces/*.tar.zst --keep verdicts/            keep what was said of each
  weft score traces/*.tar.zst --incidents verdicts/       score it again, or what another system said
  weft score trace/ --output json | jq .overall.recall

Exit codes: 0 good (recall and culprit .95 or more, precision .97 or more; without any fault, nobody accused), 1 not,
2 a trace could not be scored. What the figures mean: docs/scoring.md.";

/// Judge traces, or take what was said of them, and compare it with what was really wrong
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct ScoreArgs {
    /// Folders of traces, plain or packed as .tar.zst
    #[arg(required = true, value_name = "TRACE")]
    pub traces: Vec<PathBuf>,
    /// Judge nothing; the incidents of a trace are in DIR/NAME/incidents.ndjson, those of a single trace may be in DIR itself
    #[arg(long, value_name = "DIR", conflicts_with = "keep")]
    pub incidents: Option<PathBuf>,
    /// Keep what is said of each trace in DIR/NAME
    #[arg(long, value_name = "DIR")]
    pub keep: Option<PathBuf>,
    /// table, json or markdown
    #[arg(long, default_value = "table")]
    pub output: Output,
    /// Traces judged side by side [default: one a core]
    #[arg(long, value_name = "N")]
    pub at_once: Option<usize>,
}

//! `weft explain`: an incident's story, from the analyzer's state folder or from a replay's.

mod story;

pub use story::story;

use crate::store::StateDb;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use weft_judge::incident::Incident;

/// Tell an incident's story.
#[derive(Clone, Debug, clap::Args)]
pub struct ExplainArgs {
    /// The incident's id, or the beginning of it.
    pub incident: String,
    /// The analyzer's state folder (of an analyzer that is not running).
    #[arg(long, conflicts_with = "out", required_unless_present = "out")]
    pub state: Option<PathBuf>,
    /// A replay's folder.
    #[arg(long)]
    pub out: Option<PathBuf>,
}

/// The subcommand: 0 told, 1 no such incident, 2 failed.
pub fn run(args: &ExplainArgs) -> ExitCode {
    let incidents = match (&args.state, &args.out) {
        (Some(state), _) => of_state(state),
        (None, Some(out)) => of_replay(out),
        (None, None) => Err("give --state or --out".to_owned()),
    };
    match incidents.map(|all| find(all, &args.incident)) {
        Ok(Some(incident)) => {
            print!("{}", story(&incident));
            ExitCode::SUCCESS
        }
        Ok(None) => {
            eprintln!("no incident {}", args.incident);
            ExitCode::from(1)
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

fn find(incidents: Vec<Incident>, id: &str) -> Option<Incident> {
    let mut matching = incidents.into_iter().filter(|i| i.id.starts_with(id));
    matching.next().filter(|found| found.id == id || matching.next().is_none())
}

fn of_state(dir: &Path) -> Result<Vec<Incident>, String> {
    if !dir.join("analyzer.redb").is_file() {
        return Err(format!("{}: no state of an analyzer", dir.display()));
    }
    StateDb::open(dir).and_then(|db| db.read()).map(|r| r.incidents).map_err(|e| e.to_string())
}

fn of_replay(dir: &Path) -> Result<Vec<Incident>, String> {
    let path = dir.join("incidents.ndjson");
    let text = std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    let line = |(n, line): (usize, &str)| {
        serde_json::from_str(line).map_err(|e| format!("{}:{}: {e}; replay the trace again", path.display(), n + 1))
    };
    text.lines().enumerate().map(line).collect()
}

//! `weft explain`: an incident's story, from a running analyzer, a state folder or a replay's verdicts.

use crate::api::{Api, ApiError, UrlArgs};
use anyhow::Result;
use serde::Deserialize;
use std::path::PathBuf;
use std::process::ExitCode;
use weft_analyzer::explain;

const EXAMPLES: &str = "\
Examples:
  weft sql -c \"SELECT id, sentence FROM incident\"
  weft explain 6f1c0d2a9b3e4f58
  weft explain 6f1c --out verdicts/             of a replay
  weft explain 6f1c --state /var/lib/weft       of an analyzer that is not running";

/// Tell an incident's story
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The incident's id; from a folder, the beginning of it is enough
    incident: String,
    /// The state folder of an analyzer that is not running
    #[arg(long, value_name = "DIR", conflicts_with = "out")]
    state: Option<PathBuf>,
    /// A replay's folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    at: UrlArgs,
}

#[derive(Deserialize)]
struct Story {
    text: String,
}

/// 0 told, 1 no such incident.
pub async fn run(args: Args) -> Result<ExitCode> {
    let Args { incident, state, out, at } = args;
    if state.is_some() || out.is_some() {
        return Ok(explain::run(&explain::ExplainArgs { incident, state, out }));
    }
    let api = Api::new(&at)?;
    let request = api.client.get(api.url(&["incidents", &incident, "explain"])?);
    match api.send(request).await {
        Ok(answer) => print!("{}", answer.json::<Story>().await?.text),
        Err(error) if error.downcast_ref().is_some_and(|error: &ApiError| error.status == 404) => {
            eprintln!("weft explain: {error}");
            return Ok(ExitCode::from(1));
        }
        Err(error) => return Err(error),
    }
    Ok(ExitCode::SUCCESS)
}

//! `weft replay`: a trace through ingest, not around it.
//!
//! ```text
//! trace ─► frames ─► disturb ─► encode ─┬─► ingest ─► engine ─► incidents.ndjson, transitions.ndjson, facts.ndjson
//!                                       └─► a transport (--to): others judge
//! ```

mod allowed;
mod args;
mod disturb;
mod judge;
mod outcome;
mod pace;
mod publish;
mod report;
mod span;
#[cfg(test)]
mod tests;

pub use allowed::Allowed;
pub use args::ReplayArgs;
pub use disturb::Disturb;
pub use judge::{replay, replay_frames, replay_watched};
pub use pace::Speed;
pub use report::{ReplayError, ReplayReport};
pub use span::Span;

use std::process::ExitCode;

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

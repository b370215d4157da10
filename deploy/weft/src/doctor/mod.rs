//! `weft doctor`: what keeps weft from seeing here, and what would mend it.
//!
//! | file | what is asked |
//! |---|---|
//! | `node.rs` | what a collector can read on this machine, and how well its clock is kept |
//! | `transport.rs` | whether the far side of `[transport]` answers |
//! | `analyzer.rs` | what the analyzer says of itself, its collectors and its detectors |

mod analyzer;
mod finding;
mod node;
mod transport;

use crate::api::{Api, UrlArgs};
use anyhow::Result;
use finding::Finding;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use weft_collector::cli::{CollectorArgs, Output, configuration};
use weft_transport::TransportUrl;

const EXAMPLES: &str = "\
Examples:
  weft doctor                                    this machine, its transport, and the analyzer beside it
  weft doctor --config /etc/weft/weft.toml       as the services of this machine are configured
  weft doctor --url http://weft:9870             the analyzer elsewhere
  weft doctor --output json | jq 'select(.level == \"warning\")'

Exit codes: 0 nothing to mend, 1 something to mend, 2 failed, 64 usage.";

/// Say what keeps weft from seeing: clock, permissions, devices, transport, collectors, detectors
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Configuration file (TOML)
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Stands for / of the observed node
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,
    // No doc comment: its brackets would be links.
    #[arg(help = "Where to send: kafka://HOST:PORT[,HOST:PORT] or direct://HOST:PORT", long, value_name = "URL")]
    transport: Option<TransportUrl>,
    #[arg(long, value_enum, default_value_t = Output::Table)]
    output: Output,
    #[command(flatten)]
    at: UrlArgs,
}

/// 0 nothing to mend, 1 something.
pub async fn run(args: Args) -> Result<ExitCode> {
    let config = configuration(&collector_args(&args)?)?;
    let collector = config.collector.clone();
    let lines = tokio::task::spawn_blocking(move || weft_collector::explain(&collector)).await?;
    let mut findings = node::findings(&lines, args.root.is_none());
    findings.push(transport::finding(&config.transport).await?);
    findings.extend(analyzer::findings(&Api::new(&args.at)?).await);
    let mut out = std::io::stdout().lock();
    match args.output {
        Output::Json => finding::write_json(&findings, &mut out)?,
        Output::Table => finding::write_text(&findings, &mut out)?,
    }
    out.flush()?;
    Ok(ExitCode::from(u8::from(findings.iter().any(Finding::is_to_be_mended))))
}

fn collector_args(args: &Args) -> Result<CollectorArgs> {
    let Args { config, root, transport, .. } = args.clone();
    Ok(CollectorArgs { config, root, transport, ..CollectorArgs::defaults()? })
}

//! Logs go to stderr, since stdout belongs to the commands' answers. `WEFT_LOG` (or `RUST_LOG`) filters, [`FILTER`] by default.

use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

/// The client of Kubernetes logs every failed request by itself, twice a minute while an API server is away; weft says the same once,
/// with what to do.
const FILTER: &str = "info,kube_client=off,kube_runtime=off";

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    #[default]
    Text,
    Json,
}

/// The flag of every binary.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub struct LogArgs {
    /// How log lines look, on stderr
    #[arg(long, value_enum, default_value_t, global = true)]
    pub log: Format,
}

/// Once a process; a second call does nothing.
pub fn start(format: Format) {
    let said = std::env::var("WEFT_LOG").or_else(|_| std::env::var("RUST_LOG"));
    let filter = EnvFilter::new(said.unwrap_or_else(|_| String::from(FILTER)));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let _ = match format {
        Format::Text => log.with_ansi(std::io::stderr().is_terminal()).try_init(),
        Format::Json => log.json().try_init(),
    };
}

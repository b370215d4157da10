//! The collector's command line, shared by `weft-collector` and `weft collector`.

use crate::agent::Agent;
use crate::config::{Config, Kind};
use crate::{explain, http};
use anyhow::Context;
use clap::{Args, Parser, ValueEnum};
use serde_json::json;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;
use weft_settings::{Address, Flags, effective, exit, log};
use weft_transport::{TransportHealth, TransportUrl};

/// How long the ready line waits for a first word from the far side.
const SETTLES_WITHIN: Duration = Duration::from_secs(1);

const EXAMPLES: &str = "\
Examples:
  weft collector --once --explain                     what can be read here, and what is blind
  weft collector --transport direct://10.0.0.5:4180   read, and send to the analyzer
  weft collector --transport kafka://k1:9092,k2:9092 --id leaf3 --kind switch
  weft collector --once --explain --root /copy --output json

Ports are the interfaces with a wire of their own: a bond, bridge, VLAN, veth, tunnel or container's interface is none.
[collector.interfaces] include = [\"veth*\"] reads the named ones whatever they are, exclude leaves some out.

Switches are read by gNMI from one collector: [collector] gnmi names the file of targets (docs/gnmi.md).

Every key of the configuration file is also a variable: WEFT_COLLECTOR_FLUSH_MS, WEFT_COLLECTOR_RATES__FAST_MS, …
Exit codes: 0 well, 1 something is blind or could not be read, 2 failed, 64 usage.";

/// Read this node's fabric counters and send them to an analyzer
#[derive(Clone, Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct CollectorArgs {
    /// Configuration file (TOML)
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Name of this collector and of the device it reads [default: the host's name]
    #[arg(long)]
    pub id: Option<String>,
    /// What is read: a node's NICs, or a switch's ports
    #[arg(long, value_enum)]
    pub kind: Option<Kind>,
    // No doc comment: its brackets would be links.
    #[arg(help = "Where to send: kafka://HOST:PORT[,HOST:PORT] or direct://HOST:PORT", long, value_name = "URL")]
    pub transport: Option<TransportUrl>,
    /// Serve /metrics, /healthz and /readyz there, as localhost:9872, or :9872 for all interfaces; port 0 takes a free one
    /// [default: nowhere]
    #[arg(long, value_name = "A:P")]
    pub listen: Option<Address>,
    /// Stands for / of the observed node; netlink and sockets are off unless it is /
    #[arg(long, value_name = "DIR")]
    pub root: Option<PathBuf>,
    /// Where training loops leave their step marks; empty for no socket
    #[arg(long, value_name = "PATH")]
    pub step_socket: Option<String>,
    /// Read the configuration, print what is in force (secrets hidden), and end
    #[arg(long)]
    pub check_config: bool,
    /// Read everything once and end
    #[arg(long, requires = "explain")]
    pub once: bool,
    /// With --once: say of every counter what became of it
    #[arg(long, requires = "once")]
    pub explain: bool,
    #[arg(long, value_enum, default_value_t = Output::Table)]
    pub output: Output,
}

impl CollectorArgs {
    /// No flag is given.
    pub fn defaults() -> Result<CollectorArgs, clap::Error> {
        #[derive(Parser)]
        struct Defaults {
            #[command(flatten)]
            args: CollectorArgs,
        }
        Ok(Defaults::try_parse_from(["weft"])?.args)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Output {
    Table,
    Json,
}

#[derive(Debug, Parser)]
#[command(name = "weft-collector", version)]
struct Cli {
    #[command(flatten)]
    args: CollectorArgs,
    #[command(flatten)]
    log: log::LogArgs,
}

/// The binary `weft-collector`.
pub fn main() -> ExitCode {
    exit::parse_args::<Cli>().map_or_else(
        |said| said,
        |cli| {
            log::start(cli.log.log);
            run(cli.args)
        },
    )
}

/// Runs until SIGINT or SIGTERM. Makes its own Tokio runtime.
pub fn run(args: CollectorArgs) -> ExitCode {
    exit::code("weft collector", try_run(args))
}

fn try_run(args: CollectorArgs) -> anyhow::Result<u8> {
    let config = configuration(&args)?;
    if args.check_config {
        print!("{}", effective(&config));
        return Ok(0);
    }
    weft_transport::raise_file_limit();
    if args.once {
        return print_explanation(&config, args.output);
    }
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(serve(&config))
}

/// File, then environment, then flags.
pub fn configuration(args: &CollectorArgs) -> anyhow::Result<Config> {
    let kind = args.kind.and_then(|kind| kind.to_possible_value()).map(|kind| kind.get_name().to_owned());
    let mut flags = Flags::default();
    flags
        .set("--id", "collector.id", args.id.as_ref())
        .set("--kind", "collector.kind", kind)
        .set("--listen", "collector.listen", args.listen.as_ref())
        .set("--root", "collector.root", args.root.as_ref().map(|root| root.display().to_string()))
        .set("--step-socket", "collector.step.socket", args.step_socket.as_ref());
    TransportUrl::set_flags(args.transport.as_ref(), &mut flags);
    Ok(weft_settings::load(args.config.as_deref(), &flags)?)
}

fn print_explanation(config: &Config, output: Output) -> anyhow::Result<u8> {
    let lines = explain::explain(&config.collector);
    let mut out = io::stdout().lock();
    match output {
        Output::Json => explain::write_json(&lines, &mut out)?,
        Output::Table => explain::write_table(&lines, &mut out)?,
    }
    out.flush()?;
    Ok(explain::verdict(&lines))
}

async fn serve(config: &Config) -> anyhow::Result<u8> {
    let listener = match &config.collector.listen {
        Some(address) => Some(listen(address).await?),
        None => None,
    };
    let options = config.transport.publisher_options(&crate::agent::identity(&config.collector).id);
    let publisher = weft_transport::publisher(&config.transport.url()?, &options).await?;
    let transport = publisher.health();
    let agent = Agent::start(&config.collector, publisher)?;
    let address = listener.as_ref().map(TcpListener::local_addr).transpose()?;
    let server = listener.map(|listener| AbortOnDropHandle::new(tokio::spawn(http::serve(listener, agent.status()))));
    say_ready(address, &transport.settled(SETTLES_WITHIN).await)?;
    wait_for_signal().await?;
    sd_notify::notify(&[sd_notify::NotifyState::Stopping])?;
    agent.stop().await;
    drop(server);
    Ok(0)
}

async fn listen(address: &Address) -> anyhow::Result<TcpListener> {
    let bound = async { TcpListener::bind(&*address.socket_addrs()?).await };
    bound.await.with_context(|| format!("cannot listen on {address}"))
}

/// The line that scripts wait for. Reading has begun; whether the far side answers, and if not why, stands under
/// `transport`, and in `/readyz` ever after.
fn say_ready(http: Option<SocketAddr>, transport: &TransportHealth) -> anyhow::Result<()> {
    sd_notify::notify(&[sd_notify::NotifyState::Ready])?;
    let transport = json!({"connected": transport.connected, "reason": transport.reason()});
    let http = http.map(|address| format!("http://{address}"));
    println!("{}", json!({"ready": true, "http": http, "direct": null, "pg": null, "transport": transport}));
    Ok(io::stdout().flush()?)
}

async fn wait_for_signal() -> io::Result<()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted,
        _ = terminate.recv() => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exit_of(flags: &[&str]) -> String {
        format!("{:?}", run(Cli::parse_from([&["weft-collector", "--check-config"], flags].concat()).args))
    }

    #[test]
    fn a_bad_configuration_fails_and_is_no_usage_error() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("weft.toml");
        let file = path.display().to_string();
        let with = |text: &str| {
            std::fs::write(&path, text).unwrap();
            exit_of(&["--config", &file])
        };
        let (well, failed) = (format!("{:?}", ExitCode::SUCCESS), format!("{:?}", ExitCode::from(2)));
        assert_eq!(with("[collector]\nflush_ms = 1000\n"), well);
        for bad in ["[collector]\nflushms = 1000\n", "[collector]\nflush_ms = 1\n", "[collector]\nflush_ms = 'often'\n"]
        {
            assert_eq!(with(bad), failed, "{bad}");
        }
        assert_eq!(exit_of(&["--config", "/nonexistent/weft.toml"]), failed);
    }
}

//! The analyzer's command line, shared by `weft analyzer` and `weft-analyzer`.

use crate::config::Config;
use crate::service::{self, Service, ServiceOptions};
use crate::store::StateDb;
use anyhow::{Context, Result};
use axum::Router;
use serde_json::json;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use weft_settings::{Address, Flags, effective, exit};
use weft_transport::{DirectServer, Hub, Subscriber, SubscriberOptions, TransportError, TransportHealth, TransportUrl};
use weft_wire::plan::Plan;

/// How long the ready line waits for a first word from the broker.
const SETTLES_WITHIN: Duration = Duration::from_secs(1);

pub const EXAMPLES: &str = "\
Examples:
  weft analyzer --transport direct://0.0.0.0:4180 --plan plan/ --state /var/lib/weft
  weft analyzer --transport kafka://k1:9092,k2:9092 --plan plan/ --state /var/lib/weft
  weft analyzer --config weft.toml --check-config

Every key of the configuration file is also a variable: WEFT_HTTP_LISTEN, WEFT_ANALYZER_WINDOW_S, …
Exit codes: 0 well, 2 failed, 64 usage.";

/// Judge what collectors tell: incidents, pagers, SQL, the HTTP API.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    #[command(flatten)]
    pub common: CommonArgs,
    // No doc comment: its brackets would be links.
    #[arg(
        help = "Where frames come from: kafka://HOST:PORT[,HOST:PORT], or direct://HOST:PORT to listen there",
        long,
        value_name = "URL"
    )]
    pub transport: Option<TransportUrl>,
}

/// Flags of every role that judges.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct CommonArgs {
    /// Configuration file (TOML)
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where the HTTP API and the page are served, as localhost:9870, or :9870 for all interfaces; port 0 takes a free one
    /// (weft-analyzer has plain text in place of the page) [default: 127.0.0.1:9870]
    #[arg(long, value_name = "A:P")]
    pub listen: Option<Address>,
    /// Folder of devices.csv, ports.csv, cables.csv, jobs.csv: what should be there
    #[arg(long, value_name = "DIR")]
    pub plan: Option<PathBuf>,
    /// File of jobs, watched: a job is judged from the tick after its line on [default: jobs.csv of the plan folder]
    #[arg(long, value_name = "FILE")]
    pub jobs: Option<PathBuf>,
    /// Folder for what must outlive a restart: incidents, sequence marks, deliveries
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
    /// Read the configuration, print what is in force (secrets hidden), and end
    #[arg(long)]
    pub check_config: bool,
}

impl CommonArgs {
    /// File, then environment, then flags; `transport` where a role has such a flag.
    pub fn config(&self, transport: Option<&TransportUrl>) -> Result<Config> {
        let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
        let mut flags = Flags::default();
        flags
            .set("--listen", "http.listen", self.listen.as_ref())
            .set("--plan", "analyzer.plan", path(&self.plan))
            .set("--jobs", "analyzer.jobs", path(&self.jobs))
            .set("--state", "analyzer.state", path(&self.state));
        TransportUrl::set_flags(transport, &mut flags);
        Ok(weft_settings::load(self.config.as_deref(), &flags)?)
    }
}

/// Runs until SIGINT or SIGTERM. Makes its own Tokio runtime. `page` is served beside the API; without one, plain text
/// stands where alerts link to.
pub fn run(args: Args, page: Option<Router>) -> ExitCode {
    exit::code("weft analyzer", try_run(args, page))
}

fn try_run(args: Args, page: Option<Router>) -> Result<()> {
    let config = args.common.config(args.transport.as_ref())?;
    if args.common.check_config {
        return show(&config);
    }
    prepare_process();
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(serve(config, page))
}

/// The answer to `--check-config`: what is in force, or what a start would say of the plan and the state folder.
pub fn show(config: &Config) -> Result<()> {
    load_plan(config)?;
    config.analyzer.state.as_deref().map(StateDb::probe).transpose()?;
    print!("{}", effective(config));
    Ok(())
}

/// What a process must do once: name one of the two rustls it links, and make room for open files. Harmless to do again.
pub fn prepare_process() {
    weft_transport::raise_file_limit();
    let _ = rustls::crypto::ring::default_provider().install_default();
}

async fn serve(config: Config, page: Option<Router>) -> Result<()> {
    let listener = listen(&config.http.listen).await?;
    let http = format!("http://{}", listener.local_addr()?);
    let url = config.transport.url()?;
    let rewind = Duration::from_secs(config.analyzer.window_s).max(crate::live::LEAST_REWIND);
    let (subscriber, direct) = subscribe(&url, &config.transport.subscriber_options(rewind)).await?;
    let dead_letters = match url {
        TransportUrl::Kafka { .. } => {
            let mut options = config.transport.publisher_options("weft-analyzer");
            options.writes = vec![weft_transport::Topic::DeadLetter];
            Some(weft_transport::publisher(&url, &options).await?)
        }
        _ => None,
    };
    let transport = subscriber.health();
    let service = service::start(ServiceOptions {
        plan: load_plan(&config)?,
        state_dir: config.analyzer.state.clone(),
        config,
        subscriber,
        dead_letters,
        listener,
        page,
    });
    let service = service.await?;
    let direct_addr = direct.as_ref().map(|server| server.local_addr().to_string());
    say_ready(&http, direct_addr.as_deref(), &transport.settled(SETTLES_WITHIN).await)?;
    // The listener stays until the last acknowledgement is sent.
    until_signal(service).await
}

/// Bound, or an error that names the address.
pub async fn listen(address: &Address) -> Result<TcpListener> {
    let bound = async { TcpListener::bind(&*address.socket_addrs()?).await };
    bound.await.with_context(|| format!("cannot listen on {address}"))
}

/// With the listener of a direct transport, which knows the port that it took.
async fn subscribe(
    url: &TransportUrl,
    options: &SubscriberOptions,
) -> Result<(Box<dyn Subscriber>, Option<DirectServer>), TransportError> {
    let TransportUrl::Direct { addr } = url else {
        return Ok((weft_transport::subscriber(url, options).await?, None));
    };
    let hub = Hub::new(options.direct);
    let server = DirectServer::bind(addr, hub.clone()).await?;
    Ok((hub.subscribe()?, Some(server)))
}

async fn until_signal(mut service: Service) -> Result<()> {
    let why = tokio::select! {
        error = service.failed() => Err(error),
        signalled = wait_for_signal() => signalled.map_err(Into::into),
    };
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Stopping]);
    let ended = service.shutdown().await;
    why.and(ended)
}

/// An empty plan when none is named: weft then knows only what collectors tell of themselves.
pub fn load_plan(config: &Config) -> Result<Plan> {
    let plan = config.analyzer.plan.as_deref().map(weft_trace::load_plan).transpose()?;
    let mut plan = plan.unwrap_or_default();
    if let Some(file) = &config.analyzer.jobs {
        plan.jobs = weft_trace::load_jobs(file)?;
    }
    Ok(plan)
}

/// The line that scripts wait for, and systemd's own. The last line on stdout until the end. HTTP is answered from then
/// on; whether a broker answers, and if not why, stands under `transport`, and in `/readyz` ever after.
pub fn say_ready(http: &str, direct: Option<&str>, transport: &TransportHealth) -> Result<()> {
    let transport = json!({"connected": transport.connected, "reason": transport.reason()});
    println!("{}", json!({"ready": true, "http": http, "direct": direct, "pg": null, "transport": transport}));
    std::io::stdout().flush()?;
    // Outside systemd there is nobody to tell.
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Ready]);
    Ok(())
}

/// SIGINT or SIGTERM.
pub async fn wait_for_signal() -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted,
        _ = terminate.recv() => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_port_that_was_taken_is_known() {
        let url: TransportUrl = "direct://127.0.0.1:0".parse().unwrap();
        let (_subscriber, server) = subscribe(&url, &SubscriberOptions::default()).await.unwrap();
        let server = server.unwrap();
        let taken = server.local_addr();
        assert_ne!(taken.port(), 0);
        assert!(tokio::net::TcpStream::connect(taken).await.is_ok());
    }
}

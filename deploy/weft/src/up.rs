//! `weft up`: this machine's own counters, judged, with a page: collector, transport, analyzer in one process. Other
//! nodes' collectors may join over the direct listener.

use crate::assemble::{self, AssembleOptions};
use anyhow::{Context, Result};
use std::sync::Arc;
use weft_analyzer::cli::{CommonArgs, load_plan, say_ready, show, wait_for_signal};
use weft_analyzer::config::Config;
use weft_collector::Agent;
use weft_collector::cli::{CollectorArgs, configuration};
use weft_settings::Address;
use weft_transport::{DirectServer, Hub, HubLimits, TransportKind};

const EXAMPLES: &str = "\
Examples:
  weft up                                       the page at http://127.0.0.1:9870
  weft up --plan plan/ --state /var/lib/weft    judged against the plan, remembered over restarts
  weft up --direct 0.0.0.0:4180                 other nodes join: weft collector --transport direct://HOST:4180";

/// Watch this machine's own counters: collector, analyzer and page in one process
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    #[command(flatten)]
    common: CommonArgs,
    /// Name of this machine [default: the host's name]
    #[arg(long)]
    id: Option<String>,
    /// Listen here for other nodes' collectors; port 0 takes a free one [default: 127.0.0.1:4180]
    #[arg(long, value_name = "A:P")]
    direct: Option<Address>,
}

/// Serves until SIGINT or SIGTERM.
pub async fn run(args: Args) -> Result<()> {
    let config = args.common.config(None)?;
    anyhow::ensure!(
        config.transport.kind == TransportKind::Direct,
        "[transport] kind: `weft up` carries frames in this process; for kafka run `weft collector` and `weft analyzer`"
    );
    let direct: Address = match &args.direct {
        Some(direct) => direct.clone(),
        None => config.transport.bootstrap.parse().map_err(|why| anyhow::anyhow!("[transport] bootstrap: {why}"))?,
    };
    let collector = configuration(&collector_args(&args)?)?.collector;
    if args.common.check_config {
        return show(&config);
    }
    let hub = Hub::new(HubLimits::default());
    let direct =
        DirectServer::bind(&direct.to_string(), Arc::clone(&hub)).await.context("--direct names another address")?;
    let mut running = assemble::start(assemble_options(config, &hub)?).await?;
    let agent = Agent::start(&collector, hub.publisher()).context("cannot start the collector")?;
    // In one process there is nobody to reach.
    let transport = weft_transport::Health::steady().state();
    say_ready(&running.url, Some(&direct.local_addr().to_string()), &transport)?;
    let why = tokio::select! {
        error = running.failed() => Err(error),
        signalled = wait_for_signal() => signalled.map_err(Into::into),
    };
    agent.stop().await;
    drop(direct);
    let ended = running.shutdown().await;
    why.and(ended)
}

fn assemble_options(config: Config, hub: &Arc<Hub>) -> Result<AssembleOptions> {
    Ok(AssembleOptions {
        plan: load_plan(&config)?,
        state_dir: config.analyzer.state.clone(),
        subscriber: hub.subscribe()?,
        config,
    })
}

/// The collector's own flags, of which `up` has few: the rest stands in the file.
fn collector_args(args: &Args) -> Result<CollectorArgs> {
    Ok(CollectorArgs { config: args.common.config.clone(), id: args.id.clone(), ..CollectorArgs::defaults()? })
}

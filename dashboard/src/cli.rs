//! `weft dashboard` (and the thin binary `weft-dashboard`): the page of an analyzer that runs elsewhere.

use crate::config::{self, DashboardConfig};
use crate::{guard, proxy_router, router};
use anyhow::Context;
use axum::Router;
use axum::middleware::from_fn_with_state;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tower_http::compression::CompressionLayer;

const EXAMPLES: &str = "\
Examples:
  weft dashboard --analyzer http://10.0.0.5:9870
  weft dashboard --analyzer http://10.0.0.5:9870 --listen 0.0.0.0:9871";

/// Serve the web page of an analyzer that runs elsewhere.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Where the analyzer's HTTP API is [default: http://127.0.0.1:9870]
    #[arg(long, value_name = "URL")]
    pub analyzer: Option<String>,
    /// Address and port of the page [default: 127.0.0.1:9871]; port 0 takes a free one
    #[arg(long, value_name = "A:P")]
    pub listen: Option<String>,
    /// Configuration (TOML): [http] listen, allowed_hosts; [dashboard] analyzer
    #[arg(long, value_name = "F")]
    pub config: Option<PathBuf>,
    /// Check the configuration and stop
    #[arg(long)]
    pub check_config: bool,
}

impl Args {
    /// Flags go before the environment, that before the file.
    fn config(&self) -> anyhow::Result<DashboardConfig> {
        let mut config = DashboardConfig::load(self.config.as_deref())?;
        if let Some(listen) = &self.listen {
            config.listen = config::address(listen).context("--listen")?;
        }
        if let Some(analyzer) = &self.analyzer {
            config.analyzer.clone_from(analyzer);
        }
        Ok(config)
    }
}

/// Serves until SIGINT or SIGTERM. An error is one of configuration or of the listener.
pub async fn run(args: Args) -> anyhow::Result<()> {
    let config = args.config()?;
    let app = app(&config)?;
    if args.check_config {
        println!("well: the page on {}, the analyzer at {}", config.listen, config.analyzer);
        return Ok(());
    }
    let busy = || format!("{}: cannot listen there; name another address by --listen", config.listen);
    let listener = TcpListener::bind(config.listen).await.with_context(busy)?;
    println!(
        "{}",
        serde_json::json!({"ready": true, "http": format!("http://{}", listener.local_addr()?), "direct": null, "pg": null})
    );
    let mut terminate = signal(SignalKind::terminate())?;
    // Event streams never end by themselves: the process does not wait for them.
    tokio::select! {
        served = async { axum::serve(listener, app).await } => served.context("the page's server"),
        _ = tokio::signal::ctrl_c() => Ok(()),
        _ = terminate.recv() => Ok(()),
    }
}

fn app(config: &DashboardConfig) -> anyhow::Result<Router> {
    let allowed: Arc<[String]> = config.allowed_hosts.clone().into();
    let routes = proxy_router(&config.analyzer)?.merge(router());
    Ok(routes.layer(from_fn_with_state(allowed, guard::check)).layer(CompressionLayer::new()))
}

//! `weft dashboard` (and the thin binary `weft-dashboard`): the page of an analyzer that runs elsewhere.

use crate::config::Config;
use crate::{proxy_router, router};
use anyhow::Context;
use axum::Router;
use axum::middleware::from_fn_with_state;
use std::path::PathBuf;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tower_http::compression::CompressionLayer;
use weft_guard::AllowedHosts;
use weft_settings::{Address, Flags, effective};

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
    /// Where the page is served, as localhost:9871, or :9871 for all interfaces; port 0 takes a free one
    /// [default: 127.0.0.1:9871]
    #[arg(long, value_name = "A:P")]
    pub listen: Option<Address>,
    // No doc comment: its brackets would be links.
    #[arg(help = "Configuration (TOML): [http] listen, allowed_hosts; [dashboard] analyzer", long, value_name = "F")]
    pub config: Option<PathBuf>,
    /// Read the configuration, print what is in force, and end
    #[arg(long)]
    pub check_config: bool,
}

impl Args {
    /// File, then environment, then flags.
    fn config(&self) -> anyhow::Result<Config> {
        let mut flags = Flags::default();
        flags.set("--listen", "http.listen", self.listen.as_ref()).set(
            "--analyzer",
            "dashboard.analyzer",
            self.analyzer.as_ref(),
        );
        Ok(weft_settings::load(self.config.as_deref(), &flags)?)
    }
}

/// Serves until SIGINT or SIGTERM. An error is one of configuration or of the listener.
pub async fn run(args: Args) -> anyhow::Result<()> {
    let config = args.config()?;
    let app = app(&config)?;
    if args.check_config {
        print!("{}", effective(&config));
        return Ok(());
    }
    let address = &config.http.listen;
    let bound = async { TcpListener::bind(&*address.socket_addrs()?).await };
    let listener = bound.await.with_context(|| format!("cannot listen on {address}; name another by --listen"))?;
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

fn app(config: &Config) -> anyhow::Result<Router> {
    let allowed = AllowedHosts::new(&config.http.allowed_hosts).unwrap_or_default();
    let routes = proxy_router(&config.dashboard.analyzer)?.merge(router());
    Ok(routes.layer(from_fn_with_state(allowed, weft_guard::check)).layer(CompressionLayer::new()))
}

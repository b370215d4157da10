//! One process of analyzer, HTTP API and page, fed by whatever subscriber it is given. `weft up` and `weft demo` are
//! this plus a collector, or plus a simulated fabric.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;
use tokio::sync::broadcast;
use weft_analyzer::cli;
use weft_analyzer::config::Config;
use weft_analyzer::feed::Update;
use weft_analyzer::service::{self, Service, ServiceOptions};
use weft_transport::Subscriber;
use weft_wire::plan::Plan;

/// What an analyzer with its page is made of.
pub struct AssembleOptions {
    pub plan: Plan,
    /// Where incidents, sequence marks and deliveries are kept; `None`: in memory, forgotten at the end.
    pub state_dir: Option<PathBuf>,
    /// Frames and inventories come from here: the far end of [`weft_transport::in_process`], or a broker.
    pub subscriber: Box<dyn Subscriber>,
    /// Of `[http] listen`, port 0 takes a free one; [`Running::url`] says which.
    pub config: Config,
}

/// An analyzer with its page, at work until [`Running::shutdown`].
pub struct Running {
    /// `http://127.0.0.1:9870`: the page; the API is under `/api/v1`.
    pub url: String,
    service: Service,
}

/// Returns when the address is bound and requests are answered.
pub async fn start(options: AssembleOptions) -> Result<Running> {
    let listener = cli::listen(&options.config.http.listen).await?;
    let url = format!("http://{}", listener.local_addr()?);
    let service = service::start(ServiceOptions {
        plan: options.plan,
        state_dir: options.state_dir,
        config: options.config,
        subscriber: options.subscriber,
        // In one process there is no topic for what cannot be read: it is logged and counted.
        dead_letters: None,
        listener,
        page: Some(weft_dashboard::router()),
    })
    .await?;
    Ok(Running { url, service })
}

impl Running {
    /// Incidents as they open, change and resolve, from now on; whole each time. A receiver that lags by more than
    /// 1,024 updates is told so and goes on.
    pub fn updates(&self) -> broadcast::Receiver<Arc<Update>> {
        self.service.feed().subscribe()
    }

    /// Resolves when a part ended by itself, with its reason. Cancel-safe.
    pub async fn failed(&mut self) -> anyhow::Error {
        self.service.failed().await
    }

    /// Ends every part in reverse order of start. Drop the publisher first, so that what is under way is taken in.
    pub async fn shutdown(self) -> Result<()> {
        self.service.shutdown().await
    }
}

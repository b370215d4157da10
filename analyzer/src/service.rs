//! The analyzer put together: one straight function, ended in reverse order.
//!
//! ```text
//! subscriber ─► live (ingest → engine → store) ─► feed ─► page's event stream
//!                                       │    └──► route ─► pagers
//!                                       └──► sql, http ─► readers
//! ```

use crate::config::Config;
use crate::feed::Feed;
use crate::http::{self, AppState};
use crate::kubernetes;
use crate::live::{self, Live, LiveError, LiveOptions, LiveView};
use crate::notify::{Context as AlertContext, Links, Places};
use crate::operations::{Book, JobCalls, JobsInForce, Source};
use crate::read::ReadModel;
use crate::route::{self, DeliveryLog, MemoryLog, RedbLog, Route, RouteOptions};
use crate::slurm::{self, SlurmKind};
use crate::sql::{SqlEngine, SqlLimits};
use crate::watchdog;
use anyhow::{Context, Result, anyhow};
use axum::Router;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use weft_judge::incident::Incident;
use weft_transport::{Publisher, Subscriber};
use weft_wire::plan::Plan;

pub struct ServiceOptions {
    pub plan: Plan,
    /// `None`: in memory, forgotten at the end.
    pub state_dir: Option<PathBuf>,
    pub config: Config,
    pub subscriber: Box<dyn Subscriber>,
    /// Where messages go that nobody can read.
    pub dead_letters: Option<Arc<dyn Publisher>>,
    /// Bound already, so that an address in use is found before anything is started.
    pub listener: TcpListener,
    /// What is served where the API has no route; without one, plain text.
    pub page: Option<Router>,
}

pub struct Service {
    feed: Arc<Feed>,
    live: Option<Live>,
    route: Route,
    server: JoinHandle<std::io::Result<()>>,
    watchdog: Option<JoinHandle<()>>,
    /// Schedulers that are asked.
    schedulers: Vec<JoinHandle<()>>,
    stop: CancellationToken,
}

/// Requests under way at the end may take this long.
const FAREWELL: Duration = Duration::from_secs(3);

/// Returns when requests are answered. Needs a Tokio runtime.
pub async fn start(options: ServiceOptions) -> Result<Service> {
    let ServiceOptions { plan, state_dir, config, subscriber, dead_letters, listener, page } = options;
    http::recorder();
    let token = config.http.token()?;
    let (book, jobs) = (Arc::new(Book::open(state_dir.as_deref())?), JobsInForce::default());
    let calls = Arc::new(JobCalls::open(state_dir.as_deref(), jobs.clone())?);
    let feed = Arc::new(Feed::new(first_update(state_dir.as_deref())?));
    let seen = Arc::new(OnceLock::new());
    let places = Arc::new(RwLock::new(Places::of(&plan)));
    let route = route::start(RouteOptions {
        receivers: config.notify.clone(),
        silences: config.silence.clone(),
        context: AlertContext {
            links: links(&config, &listener)?,
            external_labels: config.alerts.external_labels.clone(),
            places: places.clone(),
        },
        log: delivery_log(state_dir.as_deref())?,
        alive: alive(seen.clone()),
    })?;
    let (asks_slurm, asks_kubernetes) = (config.slurm.kind != SlurmKind::Off, config.kubernetes.enabled);
    for (source, is_asked) in [(Source::Slurm, asks_slurm), (Source::Kubernetes, asks_kubernetes)] {
        if is_asked {
            jobs.asks(source);
        }
    }
    let live = live::start(LiveOptions {
        plan,
        jobs_file: config.analyzer.jobs_file(),
        jobs: jobs.clone(),
        book: book.clone(),
        subscriber,
        dead_letters,
        state_dir,
        lateness_ns: (config.analyzer.lateness_s * 1e9) as i64,
        false_alarms: config.analyzer.false_alarms_a_day,
        window_ns: i64::try_from(config.analyzer.window_s).unwrap_or(i64::MAX).saturating_mul(1_000_000_000),
        window_bytes: usize::try_from(config.analyzer.window_bytes).unwrap_or(usize::MAX),
        on_update: announce(&feed, &route),
        on_plan: Box::new(move |plan| *places.write().unwrap_or_else(PoisonError::into_inner) = Places::of(plan)),
    })?;
    let watchdog = watchdog::start(live.heart().clone());
    let view = live.view().clone();
    // What an earlier run may not have told.
    route.offers().offer_known(&view.incidents().into_iter().rev().collect::<Vec<_>>());
    let _ = seen.set(view.clone());
    let stop = CancellationToken::new();
    let sql =
        SqlEngine::new(view.store().clone(), SqlLimits::default()).context("threads for queries cannot be started")?;
    let sql = Arc::new(sql);
    let slurm = asks_slurm.then(|| tokio::spawn(slurm::watch(config.slurm.clone(), jobs.clone(), book.clone())));
    let kubernetes =
        asks_kubernetes.then(|| tokio::spawn(kubernetes::watch(config.kubernetes.clone(), jobs, book.clone())));
    let schedulers = slurm.into_iter().chain(kubernetes).collect();
    let config = Arc::new(config.http);
    let state = AppState { view, sql, feed: feed.clone(), config, token, book, calls, stop: stop.clone() };
    let page = page.unwrap_or_else(|| http::plain_pages(state.clone()));
    let server =
        axum::serve(listener, http::router(state, page)).with_graceful_shutdown(stop.clone().cancelled_owned());
    let server = tokio::spawn(async move { server.await });
    Ok(Service { feed, live: Some(live), route, server, watchdog, schedulers, stop })
}

/// Above all numbers of earlier runs, or a page that comes back would take new updates for old ones.
fn first_update(state_dir: Option<&Path>) -> Result<u64> {
    Ok(state_dir.map(live::last_update).transpose()?.unwrap_or(0) + 1)
}

fn links(config: &Config, listener: &TcpListener) -> Result<Links> {
    let external_url = match config.http.external_url.trim_end_matches('/') {
        "" => format!("http://{}", listener.local_addr()?),
        url => url.to_owned(),
    };
    Ok(Links { external_url })
}

fn delivery_log(state_dir: Option<&Path>) -> Result<Arc<dyn DeliveryLog>> {
    let Some(dir) = state_dir else { return Ok(Arc::new(MemoryLog::default())) };
    std::fs::create_dir_all(dir).with_context(|| format!("cannot make the state folder {}", dir.display()))?;
    Ok(Arc::new(RedbLog::open(&dir.join("deliveries.redb"))?))
}

/// The dead-man alert is sent only while weft is ready. Before the view is there, it is not.
fn alive(view: Arc<OnceLock<Arc<LiveView>>>) -> route::Alive {
    Arc::new(move || view.get().is_some_and(|view| view.health().ready))
}

fn announce(feed: &Arc<Feed>, route: &Route) -> live::OnUpdate {
    let (feed, offers) = (feed.clone(), route.offers());
    Box::new(move |incident: &Arc<Incident>| {
        offers.offer(incident);
        feed.publish((**incident).clone()).number
    })
}

impl Service {
    pub fn feed(&self) -> &Arc<Feed> {
        &self.feed
    }

    /// Resolves when a part ended by itself, with its reason. Cancel-safe.
    pub async fn failed(&mut self) -> anyhow::Error {
        let Some(live) = &mut self.live else { return std::future::pending().await };
        tokio::select! {
            ended = live.ended() => {
                self.live = None;
                ended.map_or_else(anyhow::Error::from, |()| anyhow!("the subscription ended"))
            }
            served = &mut self.server => match served {
                Ok(Ok(())) => anyhow!("the HTTP server ended"),
                Ok(Err(error)) => anyhow::Error::from(error).context("the HTTP server ended"),
                Err(error) => anyhow::Error::from(error).context("the HTTP server ended"),
            },
        }
    }

    /// Server, intake, pagers: no request sees half an analyzer, and what the last frames say is still told.
    pub async fn shutdown(mut self) -> Result<()> {
        self.stop.cancel();
        self.schedulers.iter().for_each(JoinHandle::abort);
        if !self.server.is_finished() && tokio::time::timeout(FAREWELL, &mut self.server).await.is_err() {
            self.server.abort();
        }
        let ended = match self.live {
            Some(live) => live.shutdown().await,
            None => Ok::<(), LiveError>(()),
        };
        self.route.shutdown().await;
        self.watchdog.iter().for_each(JoinHandle::abort);
        Ok(ended?)
    }
}

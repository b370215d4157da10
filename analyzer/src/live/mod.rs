//! The analyzer at work: a subscriber in, verdicts out, and what readers may see of it.
//!
//! ```text
//! Subscriber ─► reader task ─► queue ─► intake thread: Ingest ─► Engine ─► Store ─► feed, route
//!     ▲                                      │ twice a second, one transaction
//!     └────────── positions to commit ◄──────┼─► StateDb
//!                                            └─► a snapshot of the engine, each minute of event time and at a clean stop
//! ```
//! A position is committed only after the marks and incidents that follow from it are on disk.
//!
//! After a restart the messages of the last minutes are read again. All of them fill the store. Ticks up to that of the
//! snapshot are not judged again, for the engine remembers them (`resume.rs`). Those after it are, and say what the
//! earlier run had said (`continuity.rs`).

mod arrivals;
mod config;
mod continuity;
mod failures;
mod heart;
mod intake;
mod jobs_file;
mod keep;
mod merge;
mod options;
mod plans;
mod port_ids;
mod previews;
mod reader;
mod resume;
mod shared;
#[cfg(test)]
mod tests;
mod view;

pub use config::{AnalyzerConfig, false_alarms};
pub use heart::Heart;
pub use keep::LEAST_REWIND;
pub use options::{LiveError, LiveOptions, OnPlan, OnUpdate};
pub use view::LiveView;

use crate::ingest::{Ingest, IngestConfig, TICK_NS};
use crate::operations::Source;
use crate::read::ReadModel;
use crate::store::{Remembered, StateDb, Store, StoreConfig};
use continuity::Continuity;
use intake::{Intake, Kept, Tell};
use jobs_file::JobsFile;
use keep::Keeper;
use plans::Plans;
use resume::Reach;
use shared::Core;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use weft_judge::engine::EngineConfig;

/// A running analyzer. Dropping it stops nothing; call [`Live::shutdown`].
#[derive(Debug)]
pub struct Live {
    view: Arc<LiveView>,
    heart: Arc<Heart>,
    task: JoinHandle<Result<(), LiveError>>,
    /// The jobs file.
    watching: Option<JoinHandle<()>>,
    stop: CancellationToken,
}

/// Starts the tasks. Needs a Tokio runtime. Errors when the state database cannot be used.
pub fn start(options: LiveOptions) -> Result<Live, LiveError> {
    let state = options.state_dir.as_deref().map(StateDb::open).transpose()?;
    let remembered = state.as_ref().map(StateDb::read).transpose()?.unwrap_or_default();
    let ingest = IngestConfig {
        lateness_ns: options.lateness_ns,
        tick_ns: TICK_NS,
        credible_ns: weft_wire::stamp::CREDIBLE_NS,
        ..Default::default()
    };
    let config = StoreConfig { window_ns: options.window_ns, window_bytes: options.window_bytes };
    let (mut plan, jobs) = (options.plan, options.jobs);
    if options.jobs_file.is_some() {
        jobs.asks(Source::File);
    }
    let Remembered { incidents, gaps, marks, tick, .. } = remembered;
    let tick = tick.filter(|tick| !is_to_come(*tick));
    let engine_config =
        EngineConfig { tick_ns: TICK_NS, write: crate::sql::write_query, false_alarms: options.false_alarms };
    let engine = resume::engine(options.state_dir.as_deref(), &mut plan, &jobs, engine_config, is_to_come);
    let store = Arc::new(Store::new(plan.clone(), &config));
    incidents.iter().for_each(|i| store.put_incident(Arc::new(i.clone())));
    let plans = Plans::new(plan, jobs.clone(), options.book.clone());
    let restored = engine.judged();
    let keeper = options.state_dir.as_deref().map(|dir| Keeper::start(dir, restored, jobs.clone())).transpose();
    let keeper = keeper.map_err(LiveError::Thread)?;
    let core = Arc::new(Mutex::new(Core { ingest: Ingest::resume(ingest, marks), engine, plan_changes: 0 }));
    let transport = options.subscriber.health();
    let view = Arc::new(LiveView::new(store.clone(), core.clone(), gaps, transport, options.book, jobs.clone()));
    let asked = Arc::downgrade(&view);
    store.ask_for_armed(move || asked.upgrade().map_or_else(Vec::new, |view| view.armed()));
    let stop = CancellationToken::new();
    let heart = Arc::new(Heart::default());
    let continuity = Continuity::new(incidents, tick);
    let kept = Kept { state, keeper, reach: Reach::from(restored) };
    let watching = options.jobs_file.map(|path| tokio::spawn(JobsFile::new(path, jobs).watch()));
    let told = Tell { on_update: options.on_update, on_plan: options.on_plan };
    let intake = Intake::new(core, view.clone(), kept, continuity, plans, told, heart.clone());
    let task = tokio::spawn(reader::run(options.subscriber, options.dead_letters, intake, stop.clone()));
    Ok(Live { view, heart, task, watching, stop })
}

/// Later than any clock that is set: what an earlier run wrote while the data's clocks were wrong would have everything
/// until then taken for the past.
fn is_to_come(tick: i64) -> bool {
    const CLOCKS_S: u64 = 3_600;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    tick.saturating_mul(TICK_NS) as i128 > (now + Duration::from_secs(CLOCKS_S)).as_nanos() as i128
}

/// The number below which all incident updates were given out by earlier runs with this state folder.
pub fn last_update(state_dir: &std::path::Path) -> Result<u64, LiveError> {
    Ok(StateDb::open(state_dir)?.read()?.update)
}

impl Live {
    pub fn view(&self) -> &Arc<LiveView> {
        &self.view
    }

    /// Beats while the intake's thread gets on.
    pub fn heart(&self) -> &Arc<Heart> {
        &self.heart
    }

    /// Resolves when the analyzer ended by itself: the subscription failed for good, or the state database did.
    pub async fn ended(&mut self) -> Result<(), LiveError> {
        (&mut self.task).await.unwrap_or_else(|e| Err(LiveError::Panicked(e.to_string())))
    }

    /// Takes in what has come, writes and commits it.
    pub async fn shutdown(self) -> Result<(), LiveError> {
        self.watching.iter().for_each(JoinHandle::abort);
        self.stop.cancel();
        self.task.await.unwrap_or_else(|e| Err(LiveError::Panicked(e.to_string())))
    }
}

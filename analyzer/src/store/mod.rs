//! What queries and the page read: the hot window, what was concluded, and how ingest does. And the small database that
//! keeps the conclusions over a restart.
//!
//! One writer (the intake), many readers. A reader takes what it needs as shared snapshots under a short lock; nobody
//! waits for a query.

mod armed;
mod devices;
mod folder;
mod names;
mod series;
mod state;
mod window;

pub use devices::DeviceView;
pub use names::Names;
pub use series::{Mark, Series, SeriesError, SeriesMode, SeriesQuery, series};
pub use state::{Changes, Remembered, StateDb, StateError};
pub use window::{EVENT, STEP, StoredBatch, Window};

use crate::cabling::NeighborView;
use crate::ingest::{CollectorStatus, GapRow, IngestStats};
use crate::operations::MaintenanceView;
use armed::AskArmed;
use devices::devices;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Instant;
use weft_judge::detect::armed::Armed;
use weft_judge::fabric::EntityTable;
use weft_judge::fabric::Tick;
use weft_judge::features::pace::JobStep;
use weft_judge::incident::Incident;
use weft_judge::kinds::Fact;
use weft_wire::Table;
use weft_wire::plan::Plan;

/// Facts kept for `/facts` and the `fact` table.
const MAX_FACTS: usize = 50_000;
/// What was told of the pace of jobs, kept for `/jobs/{job}/steps` and the tables `job_step` and `job_loss`: of 64 jobs, told every
/// ten seconds, two hours.
const MAX_JOB_STEPS: usize = 50_000;
/// Incidents kept in memory; the database keeps more.
const MAX_INCIDENTS: usize = 5_000;

#[derive(Clone, Debug)]
pub struct StoreConfig {
    /// Event time held in memory, ns.
    pub window_ns: i64,
    pub window_bytes: usize,
}

#[derive(Debug)]
pub struct Store {
    inner: RwLock<Inner>,
    armed: AskArmed,
}

#[derive(Debug)]
struct Inner {
    /// In force: the plan folder with what collectors and neighbours add to it.
    plan: Arc<Plan>,
    neighbors: Arc<Vec<NeighborView>>,
    maintenance: Arc<Vec<MaintenanceView>>,
    window: Window,
    names: Arc<Names>,
    facts: VecDeque<Fact>,
    job_steps: VecDeque<JobStep>,
    incidents: HashMap<String, Arc<Incident>>,
    ingest: IngestView,
}

/// How ingest does, as of the last closed tick.
#[derive(Clone, Debug, Default)]
pub struct IngestView {
    pub stats: IngestStats,
    pub collectors: Arc<Vec<CollectorStatus>>,
    pub gaps: Arc<Vec<GapRow>>,
    /// End of the last closed tick, event time.
    pub closed_ns: Option<i64>,
    pub watermark_ns: Option<i64>,
    /// When the last frame was taken in, by this machine's steady clock.
    pub last_frame: Option<Instant>,
    /// Frames that a restart would not count again: their marks are on disk.
    pub marked_frames: u64,
}

impl Store {
    pub fn new(plan: Plan, config: &StoreConfig) -> Store {
        let inner = Inner {
            plan: Arc::new(plan),
            neighbors: Arc::default(),
            maintenance: Arc::default(),
            window: Window::new(config.window_ns, config.window_bytes),
            names: Arc::default(),
            facts: VecDeque::new(),
            job_steps: VecDeque::new(),
            incidents: HashMap::new(),
            ingest: IngestView::default(),
        };
        Store { inner: RwLock::new(inner), armed: AskArmed::default() }
    }

    /// Who is asked what the detectors can see. Once, by whoever runs the judge.
    pub fn ask_for_armed(&self, ask: impl Fn() -> Vec<Armed> + Send + Sync + 'static) {
        self.armed.set(ask);
    }

    /// What each detector can see at this moment; waits for the tick that is being judged.
    pub fn armed(&self) -> Vec<Armed> {
        self.armed.ask()
    }

    fn read(&self) -> RwLockReadGuard<'_, Inner> {
        self.inner.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Inner> {
        self.inner.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The plan in force.
    pub fn plan(&self) -> Arc<Plan> {
        self.read().plan.clone()
    }

    pub fn set_plan(&self, plan: Arc<Plan>, neighbors: Vec<NeighborView>) {
        let mut inner = self.write();
        (inner.plan, inner.neighbors) = (plan, Arc::new(neighbors));
    }

    /// Who is heard at which port, or was heard there last; by port.
    pub fn neighbors(&self) -> Arc<Vec<NeighborView>> {
        self.read().neighbors.clone()
    }

    /// As of the last closed tick.
    pub fn maintenance(&self) -> Arc<Vec<MaintenanceView>> {
        self.read().maintenance.clone()
    }

    pub fn set_maintenance(&self, maintenance: Vec<MaintenanceView>) {
        self.write().maintenance = Arc::new(maintenance);
    }

    /// Takes a closed tick in. `inventory_changed`: entities are new or described anew since the last one.
    pub fn add_tick(&self, tick: &Tick, entities: &EntityTable, inventory_changed: bool) {
        let names = (inventory_changed || self.names().entities.len() != entities.iter().count())
            .then(|| Arc::new(Names::of(entities)));
        let mut inner = self.write();
        inner.window.add(tick);
        inner.names = names.unwrap_or_else(|| inner.names.clone());
        inner.ingest.closed_ns = inner.ingest.closed_ns.max(Some(tick.end_ns));
    }

    pub fn add_facts(&self, facts: Vec<Fact>) {
        if facts.is_empty() {
            return;
        }
        let mut inner = self.write();
        inner.facts.extend(facts);
        let excess = inner.facts.len().saturating_sub(MAX_FACTS);
        inner.facts.drain(..excess);
    }

    pub fn add_job_steps(&self, steps: Vec<JobStep>) {
        let mut inner = self.write();
        inner.job_steps.extend(steps);
        let excess = inner.job_steps.len().saturating_sub(MAX_JOB_STEPS);
        inner.job_steps.drain(..excess);
    }

    pub fn put_incident(&self, incident: Arc<Incident>) {
        let mut inner = self.write();
        inner.incidents.insert(incident.id.clone(), incident);
        if inner.incidents.len() > MAX_INCIDENTS {
            let resolved = inner.incidents.values().filter_map(|i| Some((i.resolved_ns?, &i.id))).min();
            if let Some(id) = resolved.map(|(_, id)| id.clone()) {
                inner.incidents.remove(&id);
            }
        }
    }

    pub fn set_ingest(&self, view: IngestView) {
        self.write().ingest = view;
    }

    /// The window's rows of a table, oldest first, and the names of their entities.
    pub fn rows(&self, table: Table) -> (Vec<Arc<StoredBatch>>, Arc<Names>) {
        let inner = self.read();
        (inner.window.batches(table), inner.names.clone())
    }

    /// Rows that the window could not keep.
    pub fn failed_rows(&self) -> u64 {
        self.read().window.failed_rows()
    }

    pub fn window_bytes(&self) -> usize {
        self.read().window.bytes()
    }

    pub fn names(&self) -> Arc<Names> {
        self.read().names.clone()
    }

    /// The latest, newest last.
    pub fn facts(&self, limit: usize) -> Vec<Fact> {
        let inner = self.read();
        inner.facts.iter().skip(inner.facts.len().saturating_sub(limit)).cloned().collect()
    }

    /// What was told of the pace of jobs, oldest first: of one, or of all.
    pub fn job_steps(&self, job: Option<&str>) -> Vec<JobStep> {
        let inner = self.read();
        inner.job_steps.iter().filter(|step| job.is_none_or(|job| step.job == job)).cloned().collect()
    }

    /// Newest onset first; equal onsets by id.
    pub fn incidents(&self) -> Vec<Arc<Incident>> {
        let mut all: Vec<_> = self.read().incidents.values().cloned().collect();
        all.sort_unstable_by(|a, b| (b.onset_ns, &a.id).cmp(&(a.onset_ns, &b.id)));
        all
    }

    pub fn incident(&self, id: &str) -> Option<Arc<Incident>> {
        self.read().incidents.get(id).cloned()
    }

    pub fn ingest(&self) -> IngestView {
        self.read().ingest.clone()
    }

    pub fn collectors(&self) -> Arc<Vec<CollectorStatus>> {
        self.read().ingest.collectors.clone()
    }

    pub fn gaps(&self) -> Arc<Vec<GapRow>> {
        self.read().ingest.gaps.clone()
    }

    /// By name.
    pub fn devices(&self) -> Vec<DeviceView> {
        devices(&self.plan(), &self.names())
    }
}

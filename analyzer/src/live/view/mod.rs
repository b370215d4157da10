//! What the running analyzer answers its readers.

mod collectors;
mod health;
mod jobs;
mod ports;

use super::arrivals::Arrivals;
use super::port_ids::PortIds;
use super::shared::Core;
use crate::clock::now_ns;
use crate::ingest::{CollectorStatus, GapRow};
use crate::operations::{Book, JobsInForce, views};
use crate::read::{
    Armed, CollectorView, DeviceView, GapView, Health, JobStep, JobView, MaintenanceView, PortView, ReadModel, Series,
    SeriesError, SeriesQuery, Silent, Watching,
};
use crate::store::{Store, series};
use async_trait::async_trait;
use ports::Seen;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use weft_judge::detect::armed;
use weft_judge::incident::{Incident, State};
use weft_judge::kinds::Fact;

/// Silent collectors that are named in a summary.
const SILENT_NAMED: usize = 5;

#[derive(Debug)]
pub struct LiveView {
    store: Arc<Store>,
    core: Arc<Mutex<Core>>,
    /// Gaps that earlier runs found.
    old_gaps: Vec<GapRow>,
    port_ids: Mutex<PortIds>,
    arrivals: Mutex<Arrivals>,
    transport: weft_transport::Health,
    book: Arc<Book>,
    jobs: JobsInForce,
}

impl LiveView {
    pub(super) fn new(
        store: Arc<Store>,
        core: Arc<Mutex<Core>>,
        old_gaps: Vec<GapRow>,
        transport: weft_transport::Health,
        book: Arc<Book>,
        jobs: JobsInForce,
    ) -> LiveView {
        let mut port_ids = PortIds::default();
        port_ids.learn(&core.lock().unwrap_or_else(PoisonError::into_inner).engine.features().topology, 0);
        let (port_ids, arrivals) = (Mutex::new(port_ids), Mutex::default());
        LiveView { store, core, old_gaps, port_ids, arrivals, transport, book, jobs }
    }

    /// By port id, with an index that knows all these ids.
    fn seen(&self) -> (Vec<Seen>, MutexGuard<'_, PortIds>) {
        let mut ids = self.port_ids.lock().unwrap_or_else(PoisonError::into_inner);
        let core = self.core();
        let features = core.engine.features();
        ids.learn(&features.topology, core.plan_changes);
        ((0..features.ports.len()).map(|id| Seen::of(features, id)).collect(), ids)
    }

    /// The usual step time of each job.
    fn step_times_ns(&self) -> HashMap<String, Option<f64>> {
        let core = self.core();
        let features = core.engine.features();
        let jobs = features.topology.jobs.iter().zip(&features.jobs);
        jobs.map(|(job, state)| (job.name.clone(), state.step_ns())).collect()
    }

    fn core(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn arrivals(&self) -> MutexGuard<'_, Arrivals> {
        self.arrivals.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that ingest now counts these frames of its collectors, and that this tick is the last it closed.
    pub(super) fn note_arrivals(&self, collectors: &[CollectorStatus], closed_tick: Option<i64>) {
        self.arrivals().note(collectors, closed_tick, Instant::now());
    }

    fn stands_still(&self, now: Instant) -> bool {
        self.arrivals().stands_still(now)
    }

    fn collectors_at(&self, now: Instant) -> Vec<CollectorView> {
        let (arrivals, now_ns) = (self.arrivals(), now_ns());
        let heard_s = |c: &CollectorStatus| arrivals.heard_s(&c.collector, now);
        self.store.collectors().iter().map(|c| collectors::collector(c, heard_s(c), now_ns)).collect()
    }

    /// What is heard at the moment `now`. A frame that came after it counts as one that came at it.
    pub(super) fn watching_at(&self, now: Instant) -> Watching {
        let collectors = self.collectors_at(now);
        let mut silent: Vec<&CollectorView> = collectors.iter().filter(|c| c.state == "silent").collect();
        silent.sort_by(|a, b| b.heard_s.unwrap_or(0.0).total_cmp(&a.heard_s.unwrap_or(0.0)));
        let named =
            silent.iter().take(SILENT_NAMED).map(|c| Silent { collector: c.collector.clone(), heard_s: c.heard_s });
        let stands_still = self.stands_still(now);
        let ports = armed::heard(self.core().engine.features(), stands_still);
        Watching {
            ports_heard: ports.lately,
            ports_silent: ports.silent,
            ports_never_heard: ports.never,
            collectors: collectors.len(),
            collectors_silent: silent.len(),
            silent: named.collect(),
            blind: collectors.iter().map(|c| c.blind.len()).sum(),
            newest_ns: collectors.iter().filter_map(|c| c.last_ns).max(),
            closed_s: self.arrivals().closed_s(now),
            stands_still,
            lag_s: self.health().lag_s,
            troubles: self.jobs.troubles(),
        }
    }

    pub fn store(&self) -> &Arc<Store> {
        &self.store
    }

    /// Gaps of earlier runs and of this one (`now`), by time. A gap that both know is taken as this run knows it.
    pub(super) fn gaps_with<'a>(&'a self, now: impl Iterator<Item = &'a GapRow>) -> Vec<GapRow> {
        let mut rows: BTreeMap<_, _> = self.old_gaps.iter().map(|g| (g.key(), g)).collect();
        rows.extend(now.map(|g| (g.key(), g)));
        let mut rows: Vec<GapRow> = rows.into_values().cloned().collect();
        rows.sort_by_key(|g| g.from_ns);
        rows
    }

    /// (device, port) → the unresolved incident that names it first.
    fn accused(&self) -> HashMap<(String, String), String> {
        let mut accused = HashMap::new();
        for incident in self.store.incidents().iter().filter(|i| i.state != State::Resolved) {
            for c in incident.culprits.iter().take(1) {
                accused.insert((c.device.clone(), c.port.clone()), incident.id.clone());
                accused.insert((c.peer_device.clone(), c.peer_port.clone()), incident.id.clone());
            }
        }
        accused
    }
}

#[async_trait]
impl ReadModel for LiveView {
    fn incidents(&self) -> Vec<Arc<Incident>> {
        self.store.incidents()
    }

    fn incident(&self, id: &str) -> Option<Arc<Incident>> {
        self.store.incident(id)
    }

    fn facts(&self, limit: usize) -> Vec<Fact> {
        self.store.facts(limit)
    }

    fn devices(&self) -> Vec<DeviceView> {
        self.store.devices()
    }

    fn ports(&self) -> Vec<PortView> {
        let mut ports = ports::planned_and_described(&self.store);
        let accused = self.accused();
        let stands_still = self.stands_still(Instant::now());
        let (seen, ids) = self.seen();
        for ((device, port, _), view) in &mut ports {
            view.incident = accused.get(&(device.to_string(), port.to_string())).cloned();
            if let Some(seen) = ids.find(device, port).and_then(|id| seen.get(id)) {
                ports::add_seen(view, seen);
            }
            if view.state.is_empty() {
                let heard = if stands_still { "silent" } else { "ok" };
                view.state = if view.last_ns.is_some() { heard } else { "blind" }.to_owned();
            }
        }
        ports.into_values().collect()
    }

    fn jobs(&self) -> Vec<JobView> {
        jobs::jobs(&self.store, self.step_times_ns())
    }

    fn job_steps(&self, job: &str) -> Option<Vec<JobStep>> {
        let steps = self.store.job_steps(Some(job));
        let is_known = !steps.is_empty() || self.store.plan().jobs.iter().any(|planned| planned.job == job);
        is_known.then_some(steps)
    }

    fn collectors(&self) -> Vec<CollectorView> {
        self.collectors_at(Instant::now())
    }

    fn armed(&self) -> Vec<Armed> {
        let stands_still = self.stands_still(Instant::now());
        let core = self.core();
        armed::armed(core.engine.features(), stands_still)
    }

    fn watching(&self) -> Watching {
        self.watching_at(Instant::now())
    }

    fn maintenance(&self) -> Vec<MaintenanceView> {
        let now_ns = self.store.ingest().closed_ns.unwrap_or_else(now_ns);
        views(self.book.list(), &self.core().engine.features().maintenance, now_ns)
    }

    fn gaps(&self) -> Vec<GapView> {
        self.store.gaps().iter().map(collectors::gap).collect()
    }

    fn cables_at_odds(&self) -> usize {
        self.core().engine.features().cables_at_odds()
    }

    fn health(&self) -> Health {
        health::health(&self.store.ingest(), &self.transport.state(), now_ns())
    }

    async fn series(&self, query: SeriesQuery) -> Result<Series, SeriesError> {
        let store = self.store.clone();
        let read = tokio::task::spawn_blocking(move || series(&store, &query)).await;
        read.map_err(|error| SeriesError::Failed(error.to_string()))?
    }
}

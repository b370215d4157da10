//! What the HTTP API reads of the running analyzer.

use super::Core;
use super::arrivals::{Arrivals, is_silent};
use super::port_ids::PortIds;
use crate::http::view::*;
use crate::ingest::{CollectorStatus, GapRow};
use crate::sql::SqlEngine;
use crate::store::{IngestView, Store, series};
use async_trait::async_trait;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use weft_judge::detect::armed::{self, Armed};
use weft_judge::fabric::PortId;
use weft_judge::features::{Count, Features, Sample};
use weft_judge::incident::{Incident, State};
use weft_judge::kinds::Fact;

/// Silent collectors that are named in a summary.
const SILENT_NAMED: usize = 5;
/// No frame from any collector for this long, and for five of its flushes: all are silent.
const SILENT: Duration = Duration::from_secs(10);
/// No tick for this long: weft sees nothing.
const STALE_S: f64 = 30.0;

#[derive(Debug)]
pub struct LiveView {
    store: Arc<Store>,
    core: Arc<Mutex<Core>>,
    sql: SqlEngine,
    /// Of earlier runs.
    old_gaps: Vec<GapRow>,
    port_ids: Mutex<PortIds>,
    arrivals: Mutex<Arrivals>,
    transport: weft_transport::Health,
}

/// What is copied of a fabric port while the intake waits.
#[derive(Clone, Copy)]
struct Seen {
    last: Option<Bytes>,
    before: Option<Bytes>,
    up: Option<bool>,
    heard: bool,
    ends_agree: Option<bool>,
}

#[derive(Clone, Copy)]
struct Bytes {
    ts_ns: i64,
    received: Count,
    sent: Count,
}

impl Seen {
    fn of(model: &Features, id: PortId) -> Seen {
        let port = &model.ports[id];
        let bytes = |s: Sample| Bytes { ts_ns: s.ts_ns, received: s.rx_bytes, sent: s.tx_bytes };
        let before = port.moved(model.tick).map(|(before, _)| bytes(before));
        let heard = armed::is_heard(model, port);
        Seen { last: port.last.map(bytes), before, up: port.link.up, heard, ends_agree: model.ends_agree(id) }
    }
}

impl LiveView {
    pub(super) fn new(
        store: Arc<Store>,
        core: Arc<Mutex<Core>>,
        sql: SqlEngine,
        old_gaps: Vec<GapRow>,
        transport: weft_transport::Health,
    ) -> LiveView {
        let mut port_ids = PortIds::default();
        port_ids.learn(&core.lock().unwrap_or_else(PoisonError::into_inner).engine.features().topology);
        let (port_ids, arrivals) = (Mutex::new(port_ids), Mutex::default());
        LiveView { store, core, sql, old_gaps, port_ids, arrivals, transport }
    }

    /// By port id, with an index that knows all these ids.
    fn seen(&self) -> (Vec<Seen>, MutexGuard<'_, PortIds>) {
        let mut ids = self.port_ids.lock().unwrap_or_else(PoisonError::into_inner);
        let core = self.core.lock().unwrap_or_else(PoisonError::into_inner);
        let model = core.engine.features();
        ids.learn(&model.topology);
        ((0..model.ports.len()).map(|id| Seen::of(model, id)).collect(), ids)
    }

    /// The usual step time of each job.
    fn step_times_ns(&self) -> HashMap<String, Option<f64>> {
        let core = self.core.lock().unwrap_or_else(PoisonError::into_inner);
        let model = core.engine.features();
        model.topology.jobs.iter().zip(&model.jobs).map(|(job, state)| (job.name.clone(), state.step_ns())).collect()
    }

    fn arrivals(&self) -> MutexGuard<'_, Arrivals> {
        self.arrivals.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What ingest says of its collectors, and the last closed tick: seen now.
    pub(super) fn note_arrivals(&self, collectors: &[CollectorStatus], closed_tick: Option<i64>) {
        self.arrivals().note(collectors, closed_tick, Instant::now());
    }

    fn stands_still(&self, now: Instant) -> bool {
        self.arrivals().stands_still(now)
    }

    fn collectors_at(&self, now: Instant) -> Vec<CollectorView> {
        let (arrivals, now_ns) = (self.arrivals(), wall_ns());
        let heard_s = |c: &CollectorStatus| arrivals.heard_s(&c.collector, now);
        self.store.collectors().iter().map(|c| collector(c, heard_s(c), now_ns)).collect()
    }

    /// What is heard at a moment; frames that came after it are as good as those that came just then.
    pub(super) fn watching_at(&self, now: Instant) -> Watching {
        let collectors = self.collectors_at(now);
        let mut silent: Vec<&CollectorView> = collectors.iter().filter(|c| c.state == "silent").collect();
        silent.sort_by(|a, b| b.heard_s.unwrap_or(0.0).total_cmp(&a.heard_s.unwrap_or(0.0)));
        let named =
            silent.iter().take(SILENT_NAMED).map(|c| Silent { collector: c.collector.clone(), heard_s: c.heard_s });
        let stands_still = self.stands_still(now);
        let ports = {
            let core = self.core.lock().unwrap_or_else(PoisonError::into_inner);
            armed::heard(core.engine.features(), stands_still)
        };
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
        }
    }

    pub fn store(&self) -> &Arc<Store> {
        &self.store
    }

    /// Those of earlier runs, then those of this one; what both tell is told as it now stands.
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

/// That no collector tells anything.
fn unheard(ingest: &IngestView) -> Option<String> {
    let Some(last) = ingest.last_frame else {
        return Some("no tick has been closed yet: no collector has told anything".to_owned());
    };
    let slowest_flush = ingest.collectors.iter().map(|c| c.flush_period_ms).max().unwrap_or_default();
    let patience = SILENT.max(5 * Duration::from_millis(u64::from(slowest_flush)));
    let silence = last.elapsed();
    if silence > patience {
        let (seconds, count) = (silence.as_secs(), ingest.collectors.len());
        return Some(format!("no frame has come for {seconds} s: all of {count} collectors are silent"));
    }
    let unset = |c: &&CollectorStatus| c.clock_not_set_frames > 0;
    if let Some(first) = ingest.collectors.iter().find(unset).filter(|_| ingest.stats.frames == 0) {
        return Some(format!(
            "the clocks of all collectors are not set (such as that of {}): set them",
            first.collector
        ));
    }
    (ingest.stats.ticks == 0).then(|| "no tick has been closed yet: collectors have only just begun to tell".to_owned())
}

fn wall_ns() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_nanos() as i64)
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
        let mut ports = planned_and_described(&self.store);
        let accused = self.accused();
        let stands_still = self.stands_still(Instant::now());
        let (seen, ids) = self.seen();
        for ((device, port, _), view) in &mut ports {
            view.incident = accused.get(&(device.to_string(), port.to_string())).cloned();
            if let Some(seen) = ids.find(device, port).and_then(|id| seen.get(id)) {
                tell(view, seen);
            }
            if view.state.is_empty() {
                let told = if stands_still { "silent" } else { "ok" };
                view.state = if view.last_ns.is_some() { told } else { "blind" }.to_owned();
            }
        }
        ports.into_values().collect()
    }

    fn jobs(&self) -> Vec<JobView> {
        let mut jobs: BTreeMap<String, JobView> = BTreeMap::new();
        let mut devices: BTreeMap<&str, std::collections::BTreeSet<&str>> = BTreeMap::new();
        for row in &self.store.plan().jobs {
            let view =
                jobs.entry(row.job.clone()).or_insert_with(|| JobView { job: row.job.clone(), ..Default::default() });
            view.ranks += 1;
            devices.entry(&row.job).or_default().insert(&row.device);
        }
        for incident in self.store.incidents().iter().filter(|i| i.state == State::Open) {
            for loss in &incident.jobs {
                if let Some(view) = jobs.get_mut(&loss.job)
                    && (view.incident.is_none() || loss.lost_step_time > view.lost_step_time)
                {
                    (view.lost_step_time, view.incident) = (loss.lost_step_time, Some(incident.id.clone()));
                }
            }
        }
        for (job, step_ns) in self.step_times_ns() {
            if let Some(view) = jobs.get_mut(&job) {
                view.devices = devices.get(job.as_str()).map_or(0, |d| d.len());
                view.step_time_s = step_ns.map(|ns| ns / 1e9);
                let lost = view.lost_step_time.filter(|lost| (0.0..1.0).contains(lost));
                view.ideal_step_time_s = view.step_time_s.map(|s| s * (1.0 - lost.unwrap_or(0.0)));
            }
        }
        jobs.into_values().collect()
    }

    fn collectors(&self) -> Vec<CollectorView> {
        self.collectors_at(Instant::now())
    }

    fn armed(&self) -> Vec<Armed> {
        let stands_still = self.stands_still(Instant::now());
        let core = self.core.lock().unwrap_or_else(PoisonError::into_inner);
        armed::armed(core.engine.features(), stands_still)
    }

    fn watching(&self) -> Watching {
        self.watching_at(Instant::now())
    }

    fn gaps(&self) -> Vec<GapView> {
        self.store.gaps().iter().map(gap).collect()
    }

    fn cables_at_odds(&self) -> usize {
        self.core.lock().unwrap_or_else(PoisonError::into_inner).engine.features().cables_at_odds()
    }

    fn health(&self) -> Health {
        let ingest = self.store.ingest();
        let lag_s = ingest.closed_ns.map(|closed| (wall_ns() - closed) as f64 / 1e9);
        // In order of cause: what the transport waits for explains that nothing comes.
        let mut reasons: Vec<String> = self.transport.state().troubles.iter().map(ToString::to_string).collect();
        if reasons.is_empty() {
            reasons.extend(unheard(&ingest));
        }
        if let Some(lag) = lag_s.filter(|lag| *lag > STALE_S) {
            reasons.push(format!("the last closed tick is {lag:.0} s old"));
        } else if lag_s.is_some() && ingest.collectors.iter().all(|c| c.idle) {
            reasons.push("every collector is behind".to_owned());
        }
        Health { ready: reasons.is_empty(), reasons, lag_s }
    }

    async fn series(&self, query: SeriesQuery) -> Result<Series, QueryError> {
        let store = self.store.clone();
        let read = tokio::task::spawn_blocking(move || series(&store, &query)).await;
        read.map_err(|e| QueryError::Internal(e.to_string()))?
    }

    async fn sql(&self, query: SqlQuery) -> Result<SqlAnswer, QueryError> {
        self.sql.query(query).await
    }
}

type Ports = BTreeMap<(Arc<str>, Arc<str>, &'static str), PortView>;

fn planned_and_described(store: &Store) -> Ports {
    let mut ports = Ports::new();
    let mut peers: HashMap<(&str, &str), (&str, &str)> = HashMap::new();
    for cable in &store.plan().cables {
        peers.insert((&cable.a_device, &cable.a_port), (&cable.b_device, &cable.b_port));
        peers.insert((&cable.b_device, &cable.b_port), (&cable.a_device, &cable.a_port));
    }
    let blank = |device: &str, port: &str, table: &str| {
        let (peer_device, peer_port) = peers.get(&(device, port)).copied().unwrap_or_default();
        PortView {
            device: device.to_owned(),
            port: port.to_owned(),
            table: table.to_owned(),
            peer_device: peer_device.to_owned(),
            peer_port: peer_port.to_owned(),
            ..Default::default()
        }
    };
    for planned in &store.plan().ports {
        let Some(table) = weft_wire::Table::from_name(&planned.table) else { continue };
        let mut view = blank(&planned.device, &planned.port, table.name());
        view.speed_bps = planned.speed_bps;
        (view.rail, view.role) = (planned.rail.clone(), planned.role.clone());
        ports.insert((planned.device.as_str().into(), planned.port.as_str().into(), table.name()), view);
    }
    let names = store.names();
    for entity in &names.entities {
        let key = (entity.device.clone(), entity.port.clone(), entity.table.name());
        let view = ports.entry(key).or_insert_with(|| blank(&entity.device, &entity.port, entity.table.name()));
        view.driver = entity.driver.to_string();
        view.speed_bps = entity.speed_bps.or(view.speed_bps);
    }
    for table in [weft_wire::Table::Gpu, weft_wire::Table::GpuLink, weft_wire::Table::Host, weft_wire::Table::Probe] {
        last_rows(store, table, &mut ports);
    }
    ports
}

/// Event time of the latest row of tables that the model keeps nothing of, from the newest batches.
fn last_rows(store: &Store, table: weft_wire::Table, ports: &mut Ports) {
    use arrow_array::cast::AsArray;
    use arrow_array::types::{Int32Type, Int64Type};
    let (batches, names) = store.rows(table);
    for stored in batches.iter().rev().take(16) {
        let ids = stored.batch.column(0).as_primitive::<Int32Type>().values();
        let times = stored.batch.column(1).as_primitive::<Int64Type>().values();
        for (id, ts_ns) in ids.iter().zip(times) {
            let Some(entity) = names.entities.get(*id as usize) else { continue };
            if let Some(view) = ports.get_mut(&(entity.device.clone(), entity.port.clone(), table.name())) {
                view.last_ns = view.last_ns.max(Some(*ts_ns));
            }
        }
    }
}

/// What the model knows of a fabric port.
fn tell(view: &mut PortView, seen: &Seen) {
    view.ends_agree = seen.ends_agree;
    if let Some(last) = seen.last {
        view.last_ns = view.last_ns.max(Some(last.ts_ns));
        if let Some(before) = seen.before {
            let seconds = (last.ts_ns - before.ts_ns) as f64 / 1e9;
            let rate = |now: Count, then: Count| {
                let rise = weft_judge::features::rise(then, now)?;
                (seconds > 0.0 && rise >= 0).then(|| rise as f64 / seconds)
            };
            view.rx_bytes_per_s = rate(last.received, before.received);
            view.tx_bytes_per_s = rate(last.sent, before.sent);
        }
    }
    if seen.up == Some(false) {
        view.state = "down".to_owned();
    } else if view.last_ns.is_some() && !seen.heard {
        view.state = "silent".to_owned();
    }
}

fn collector(status: &CollectorStatus, heard_s: Option<f64>, now_ns: i64) -> CollectorView {
    let lag_s = (now_ns - status.last_seen_ns).max(0) as f64 / 1e9;
    let silent = heard_s.is_none_or(|s| is_silent(s, status.flush_period_ms));
    let state = match (status.idle, silent) {
        (_, true) => "silent",
        (true, false) => "idle",
        (false, false) => "live",
    };
    CollectorView {
        collector: status.collector.clone(),
        state: state.to_owned(),
        last_ns: (status.last_seen_ns != 0).then_some(status.last_seen_ns),
        lag_s: Some(lag_s),
        heard_s,
        frames: status.frames,
        samples: status.samples,
        late_rows: status.late_rows,
        repeats: status.duplicate_frames,
        same_name: status.twin_frames,
        missing: status.lost_frames,
        dropped: status.drops,
        failed_rows: status.failed_rows,
        clock_not_set_frames: status.clock_not_set_frames,
        clock_error_us: status.clock_error_us.map(|us| us as f64),
        ports: status.ports,
        blind: status.blind_counters.clone(),
    }
}

fn gap(row: &GapRow) -> GapView {
    GapView {
        collector: row.collector.clone(),
        boot: row.boot,
        first_sequence: row.from_sequence,
        last_sequence: row.to_sequence,
        from_ns: row.from_ns,
        to_ns: row.to_ns,
        reason: format!("{:?}", row.reason).to_lowercase(),
    }
}

//! The intake's thread: one message after the other through ingest, engine and store.

use super::continuity::Continuity;
use super::failures::Failures;
use super::heart::Heart;
use super::keep::Keeper;
use super::options::{LiveError, OnPlan, OnUpdate};
use super::plans::{Change, Plans};
use super::previews::Previews;
use super::resume::Reach;
use super::shared::Core;
use super::view::LiveView;
use crate::ingest::{GapRow, IngestEvent, IngestStats, TICK_NS};
use crate::store::{Changes, IngestView, StateDb};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use tokio::sync::mpsc;
use weft_judge::engine::Outcome;
use weft_judge::fabric::{LinkEvent, Tick};
use weft_judge::incident::Incident;
use weft_transport::{Delivery, Throttle, Topic};

/// Ticks between two values of a job's pace that are kept: an iteration takes seconds, and a slope some of them.
const JOB_STEP_TICKS: i64 = 10;

/// What the reader sends.
pub enum Step {
    Take(Delivery),
    /// Write what has changed, then say how far it may be committed.
    Settle,
}

/// A message nobody can read.
pub struct Poison {
    pub key: String,
    pub reason: String,
    pub payload: Option<Bytes>,
}

/// What outlives the process, where there is a state folder.
pub struct Kept {
    pub state: Option<StateDb>,
    pub keeper: Option<Keeper>,
    pub reach: Reach,
}

/// Who hears of what.
pub struct Tell {
    pub on_update: OnUpdate,
    pub on_plan: OnPlan,
}

pub struct Intake {
    core: Arc<Mutex<Core>>,
    view: Arc<LiveView>,
    kept: Kept,
    continuity: Continuity,
    previews: Previews,
    plans: Plans,
    tell: Tell,
    positions: BTreeMap<i32, i64>,
    incidents: BTreeMap<String, Arc<Incident>>,
    gaps: Vec<GapRow>,
    update: Option<u64>,
    inventory_changed: bool,
    /// Frames whose marks are on disk.
    marked_frames: u64,
    last_frame: Option<Instant>,
    /// Rows that weft itself failed to take in, as last logged.
    failed_rows: u64,
    complaint: Throttle,
    failures: Failures,
    heart: Arc<Heart>,
}

impl Intake {
    pub(super) fn new(
        core: Arc<Mutex<Core>>,
        view: Arc<LiveView>,
        kept: Kept,
        continuity: Continuity,
        plans: Plans,
        tell: Tell,
        heart: Arc<Heart>,
    ) -> Intake {
        Intake {
            core,
            view,
            kept,
            continuity,
            previews: Previews::default(),
            plans,
            tell,
            positions: BTreeMap::new(),
            incidents: BTreeMap::new(),
            gaps: Vec::new(),
            update: None,
            inventory_changed: false,
            marked_frames: 0,
            last_frame: None,
            failed_rows: 0,
            complaint: Throttle::default(),
            failures: Failures::default(),
            heart,
        }
    }

    /// Until the reader hangs up; then writes once more.
    pub fn run(
        mut self,
        mut steps: mpsc::Receiver<Step>,
        settled: mpsc::Sender<BTreeMap<i32, i64>>,
        poison: mpsc::Sender<Poison>,
    ) -> Result<(), LiveError> {
        while let Some(step) = self.next(&mut steps) {
            match step {
                Step::Take(delivery) => self.take(&delivery, &poison),
                Step::Settle => self.settle(&settled)?,
            }
        }
        self.settle(&settled)?;
        if let Some(keeper) = self.kept.keeper.take() {
            keeper.finish(&self.core.lock().unwrap_or_else(PoisonError::into_inner));
        }
        Ok(())
    }

    fn next(&self, steps: &mut mpsc::Receiver<Step>) -> Option<Step> {
        self.heart.rest();
        let step = steps.blocking_recv();
        self.heart.beat();
        step
    }

    fn take(&mut self, delivery: &Delivery, poison: &mpsc::Sender<Poison>) {
        let (partition, next) = position(delivery);
        self.positions.insert(partition, next);
        let core = self.core.clone();
        let mut core = core.lock().unwrap_or_else(PoisonError::into_inner);
        if delivery.topic == Topic::Frames {
            self.last_frame = Some(Instant::now());
        }
        for event in core.ingest.push(&delivery.key, &delivery.payload) {
            self.on_event(&mut core, event, poison);
        }
    }

    fn on_event(&mut self, core: &mut Core, event: IngestEvent, poison: &mpsc::Sender<Poison>) {
        match event {
            IngestEvent::Tick(tick) => self.on_tick(core, tick),
            IngestEvent::Preview(event) => self.on_preview(core, &event),
            IngestEvent::Gap(row) => self.gaps.push(row),
            IngestEvent::Inventory(_, told) => {
                self.inventory_changed = true;
                self.plans.learn(*told);
            }
            IngestEvent::DeadLetter { key, reason, payload } => {
                if poison.try_send(Poison { key, reason, payload }).is_err() {
                    metrics::counter!("weft_dropped_total", "where" => "dead_letter").increment(1);
                }
            }
            IngestEvent::ClockNotSet { collector, flush_ns } => {
                let says = weft_wire::stamp::wrong(flush_ns).map(|wrong| wrong.what()).unwrap_or_default();
                tracing::warn!(
                    collector,
                    "a collector's clock is not set (flush_ns is {says}): its frames are left; set its clock"
                );
            }
            IngestEvent::ClockJump { collector, flush_ns, watermark_ns } => {
                let ahead_s = (flush_ns - watermark_ns) / 1_000_000_000;
                tracing::warn!(
                    collector,
                    ahead_s,
                    "a collector's clock is far from all others; its frames are set aside"
                );
            }
            IngestEvent::Twins { collector, heard, set_aside } => tracing::warn!(
                collector,
                heard,
                set_aside,
                "two collectors tell under one name; the one that was started later is heard, the other is set aside: \
                 give each an --id of its own"
            ),
        }
    }

    fn on_tick(&mut self, core: &mut Core, mut tick: Tick) {
        self.heart.beat();
        self.kept.reach.first(tick.index);
        self.take_plan(core);
        // Events of a tick stand in the order of time.
        tick.events.splice(0..0, self.plans.announced(tick.start_ns));
        let tick = &tick;
        let Outcome { facts, incidents, dropped } = core.engine.on_tick(tick, core.ingest.entities());
        self.failures.note(&dropped);
        let changed = std::mem::take(&mut self.inventory_changed);
        let store = self.view.store();
        store.add_tick(tick, core.ingest.entities(), changed);
        store.add_facts(facts);
        let maintenance = self.plans.maintenance(&core.engine.features().maintenance, tick.end_ns);
        maintenance.into_iter().for_each(|all| store.set_maintenance(all));
        if tick.index % JOB_STEP_TICKS == 0 {
            store.add_job_steps(core.engine.features().job_steps());
        }
        self.show_ingest(core);
        let known = incidents.into_iter().filter_map(|i| self.continuity.recognise(i, tick.index)).collect::<Vec<_>>();
        let taken_back = self.previews.settle(tick.index, tick.end_ns, &known);
        known.into_iter().chain(taken_back).for_each(|incident| self.publish(incident));
        let forsaken = self.continuity.forsaken(tick.index, tick.end_ns);
        forsaken.into_iter().for_each(|incident| self.publish(incident));
    }

    /// Goes on under another plan, where there is one by now.
    fn take_plan(&mut self, core: &mut Core) {
        let start = Instant::now();
        let Some(Change { plan, neighbors, is_for_the_judge }) = self.plans.change(start) else { return };
        if is_for_the_judge {
            let over = core.engine.replan(&plan, core.ingest.entities());
            core.plan_changes += 1;
            (self.tell.on_plan)(&plan);
            tracing::info!(
                cables = plan.cables.len(),
                heard = plan.heard.len(),
                jobs = plan.jobs.len(),
                "another plan is in force"
            );
            over.into_iter().for_each(|incident| self.publish(incident));
        }
        self.view.store().set_plan(plan, neighbors);
        let now = Instant::now();
        self.plans.took(now - start, now);
    }

    /// How ingest does now, for readers.
    fn show_ingest(&self, core: &Core) {
        let closed = core.ingest.closed_through();
        let collectors = core.ingest.collectors();
        self.view.note_arrivals(&collectors, closed);
        self.view.store().set_ingest(IngestView {
            stats: core.ingest.stats().clone(),
            collectors: Arc::new(collectors),
            gaps: Arc::new(self.view.gaps_with(core.ingest.gaps())),
            closed_ns: closed.map(|tick| (tick + 1) * TICK_NS),
            watermark_ns: core.ingest.watermark_ns(),
            last_frame: self.last_frame,
            marked_frames: self.marked_frames,
        });
    }

    fn on_preview(&mut self, core: &Core, event: &LinkEvent) {
        let tick = event.ts_ns.div_euclid(TICK_NS);
        for incident in core.engine.preview(event) {
            let Some(incident) = self.continuity.recognise(incident, tick) else { continue };
            // One that the engine knows needs no confirming: it changes.
            if self.view.store().incident(&incident.id).is_some() || self.previews.admit(tick, &incident) {
                self.publish(incident);
            }
        }
    }

    /// To the store, the database and whoever listens; nothing when nothing changed.
    fn publish(&mut self, incident: Incident) {
        let store = self.view.store();
        if store.incident(&incident.id).is_some_and(|old| *old == incident) {
            return;
        }
        let incident = Arc::new(incident);
        store.put_incident(incident.clone());
        self.incidents.insert(incident.id.clone(), incident.clone());
        let number = (self.tell.on_update)(&incident);
        self.update = self.update.max(Some(number));
    }

    /// Says that rows were lost by weft's own doing: which should never be.
    fn complain(&mut self, stats: &IngestStats, window: u64) {
        let IngestStats { split_rows: split, resolve_rows: resolve, concat_rows: concat, .. } = *stats;
        let failed = split + resolve + concat + window;
        if failed > self.failed_rows && self.complaint.admit().is_some() {
            let rows = failed - self.failed_rows;
            self.failed_rows = failed;
            tracing::error!(rows, split, resolve, concat, window, "rows could not be taken in; please report it");
        }
    }

    fn settle(&mut self, settled: &mpsc::Sender<BTreeMap<i32, i64>>) -> Result<(), LiveError> {
        let (marks, tick, stats) = {
            let core = self.core.lock().unwrap_or_else(PoisonError::into_inner);
            self.show_ingest(&core);
            let marks = if self.kept.state.is_some() { core.ingest.marks() } else { BTreeMap::new() };
            (marks, core.ingest.closed_through(), core.ingest.stats().clone())
        };
        let window_rows = self.view.store().failed_rows();
        count(&stats, window_rows);
        self.complain(&stats, window_rows);
        // While the past is rebuilt the earlier run's last tick stands.
        let tick = tick.filter(|tick| !self.continuity.is_rebuilt(*tick));
        if let Some(state) = &self.kept.state {
            let incidents = self.incidents.values().map(|i| (**i).clone()).collect();
            let gaps = self.gaps.clone();
            state.write(&Changes { incidents, gaps, marks, tick, update: self.update })?;
            self.marked_frames = stats.frames;
        }
        self.incidents.clear();
        self.gaps.clear();
        let positions = std::mem::take(&mut self.positions);
        if let Some(keeper) = &mut self.kept.keeper {
            keeper.settled(&positions);
            keeper.keep(&self.core.lock().unwrap_or_else(PoisonError::into_inner));
        }
        if !positions.is_empty()
            && let Err(mpsc::error::TrySendError::Full(positions)) = settled.try_send(positions)
        {
            // The reader is behind; the next time says it again, and more.
            self.positions = positions;
        }
        Ok(())
    }
}

/// The next position to read of a delivery's partition.
fn position(delivery: &Delivery) -> (i32, i64) {
    (delivery.partition, delivery.offset + 1)
}

/// The contract's metrics.
fn count(stats: &IngestStats, window_rows: u64) {
    metrics::counter!("weft_frames_total").absolute(stats.frames);
    metrics::counter!("weft_samples_total").absolute(stats.samples);
    metrics::counter!("weft_late_rows_total").absolute(stats.late_rows);
    metrics::counter!("weft_duplicate_frames_total").absolute(stats.duplicate_frames);
    metrics::counter!("weft_rebuilt_frames_total").absolute(stats.rebuilt_frames);
    metrics::counter!("weft_lost_frames_total").absolute(stats.lost_frames);
    metrics::counter!("weft_dead_letters_total").absolute(stats.dead_letters);
    metrics::counter!("weft_ticks_total").absolute(stats.ticks);
    let dropped = [
        ("unknown_port", stats.unknown_port_rows),
        ("bad_time", stats.bad_time_rows),
        ("park", stats.park_overflow_frames),
        ("clock_jump", stats.clock_jump_frames),
        ("clock_not_set", stats.clock_not_set_frames),
        ("split", stats.split_rows),
        ("resolve", stats.resolve_rows),
        ("concat", stats.concat_rows),
        ("window", window_rows),
        ("gap_table", stats.forgotten_gaps),
        ("same_name", stats.twin_frames),
    ];
    for (place, n) in dropped {
        metrics::counter!("weft_dropped_total", "where" => place).absolute(n);
    }
}

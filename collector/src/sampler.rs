//! The loop that reads: at every tick all sources that are due, and a frame when a flush period begins.
//!
//! It runs on a thread of its own, because reading a device may take long, and talks to the rest of the process through
//! the outbox alone, which never makes it wait.

use crate::backoff::Backoff;
use crate::board::Board;
use crate::clock::now_ns;
use crate::directory::PortDirectory;
use crate::outbox::Outbox;
use crate::schedule::{Round, Schedule};
use crate::sources::{self, Neighbors, Source, SourceError, StepBuffer};
use crate::telemetry::Telemetry;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tracing::{error, info, warn};
use weft_wire::{EventRow, Section, StepRow, Table, TableSchema, Tier, WireError};

/// Frames between two that carry the inventory though it has not changed.
const INVENTORY_EVERY: u64 = 30;

/// Made whole, with `progress` at its default.
pub struct Sampler {
    pub board: Board,
    pub sources: Vec<Watched>,
    pub schedule: Schedule,
    pub flush: Duration,
    pub slow_read: Duration,
    pub outbox: Arc<Outbox>,
    pub steps: Arc<StepBuffer>,
    /// Who is heard at the ports, and which ports there are.
    pub neighbors: (Neighbors, PortDirectory),
    pub telemetry: Arc<Telemetry>,
    pub progress: Progress,
}

/// How far the telling has come.
#[derive(Debug, Default)]
pub struct Progress {
    /// `None` before the first frame, which goes out with the first reading.
    last_flush_ns: Option<i64>,
    frames_since_inventory: u64,
    told_version: u64,
    /// What the collector has to say of itself.
    events: Vec<EventRow>,
    told_malformed: u64,
}

impl Progress {
    fn say(&mut self, board: &Board, text: String) {
        let device = board.identity().id.clone();
        self.events.push(EventRow { port: None, device, ts_ns: now_ns(), event: "collector".into(), text });
    }
}

/// So many slow reads in a row are the source's doing; fewer may be a busy machine's.
const SLOW_IN_A_ROW: u32 = 3;

/// A source and how it does. One that fails is left alone for a while; one that is slow is read at normal ticks only,
/// because a starved node must not lose sight of its own counters.
pub struct Watched {
    source: Box<dyn Source>,
    backoff: Backoff,
    slow_in_a_row: u32,
}

impl Watched {
    pub fn new(source: Box<dyn Source>) -> Watched {
        Watched { source, backoff: Backoff::default(), slow_in_a_row: 0 }
    }
}

impl Sampler {
    /// Reads one round and flushes when it is time. An error is a fault of this program, not of a device.
    pub fn tick(&mut self, round: &Round) -> Result<(), WireError> {
        self.telemetry.ticks.add(1);
        self.read(round);
        if round.wants(Tier::Normal) {
            let (neighbors, directory) = &self.neighbors;
            self.board.set_neighbors(neighbors.told(directory));
        }
        if self.board.is_stale() {
            // Rows under the old layout belong to the old inventory, and so do events on ports that have gone.
            let mut rows = self.board.take()?;
            rows.extend(self.take_events()?);
            if !rows.is_empty() {
                self.push(rows)?;
            }
            self.board.relayout()?;
        }
        self.board.write_rows(round);
        if self.is_flush_due(round.due_ns) {
            self.flush_at(round.due_ns)?;
        }
        Ok(())
    }

    /// No frame was sent since this moment's flush period began. Another period, not a later one: a clock set back must not silence the
    /// collector.
    fn is_flush_due(&self, ns: i64) -> bool {
        let flush_ns = self.flush.as_nanos() as i64;
        self.progress.last_flush_ns.map(|last_ns| last_ns.div_euclid(flush_ns)) != Some(ns.div_euclid(flush_ns))
    }

    pub fn flush_at(&mut self, ns: i64) -> Result<(), WireError> {
        self.progress.last_flush_ns = Some(ns);
        self.flush()
    }

    /// When the frame is due that is to be sent before this round, if one is: at the beginning of the round's flush period. So a frame
    /// waits for no reading, however late in its second that comes, and ticks are complete a moment after they have ended. A round
    /// that is due at that very moment is read first, and sent with it.
    pub fn flush_before(&self, round: &Round) -> Option<i64> {
        let begin_ns = round.due_ns - round.due_ns.rem_euclid(self.flush.as_nanos() as i64);
        let is_first = self.progress.last_flush_ns.is_none();
        (!is_first && begin_ns < round.due_ns && self.is_flush_due(round.due_ns)).then_some(begin_ns)
    }

    /// Reads all sources that are not backing off onto the board.
    pub fn read(&mut self, round: &Round) {
        self.board.begin_round();
        for watched in &mut self.sources {
            let Sampler { board, telemetry, progress, slow_read, .. } = self;
            if let Some(said) = watched.read(round, board, *slow_read, telemetry) {
                progress.say(board, said);
            }
        }
        self.board.settle();
    }

    fn flush(&mut self) -> Result<(), WireError> {
        let mut sections = self.board.take()?;
        let marks = self.steps.take();
        if !marks.is_empty() {
            sections
                .push(Section { schema: Arc::new(TableSchema::fixed(Table::Step)?), batch: StepRow::batch(&marks)? });
        }
        self.tell_malformed();
        sections.extend(self.take_events()?);
        self.telemetry.export();
        self.push(sections)
    }

    /// What the collector has to say of itself, and what was done to ports.
    fn take_events(&mut self) -> Result<Option<Section>, WireError> {
        let mut events = std::mem::take(&mut self.progress.events);
        events.extend(self.board.take_events());
        if events.is_empty() { Ok(None) } else { event_section(&events).map(Some) }
    }

    fn tell_malformed(&mut self) {
        let malformed = self.telemetry.step_malformed.get();
        let new = malformed - std::mem::replace(&mut self.progress.told_malformed, malformed);
        if new > 0 {
            let last = self.steps.malformed().pop().unwrap_or_default();
            self.progress.say(&self.board, format!("{new} step marks could not be read; the last: {last}"));
        }
    }

    /// A flush without rows is sent too: it says that this collector lives.
    fn push(&mut self, sections: Vec<Section>) -> Result<(), WireError> {
        let changed = self.progress.told_version != self.board.version();
        let due = self.progress.frames_since_inventory + 1 >= INVENTORY_EVERY;
        let inventory = (changed || due).then(|| self.board.inventory());
        if let Some(inventory) = &inventory {
            if changed {
                self.outbox.announce(inventory)?;
            }
            self.progress.told_version = inventory.version;
            self.progress.frames_since_inventory = 0;
        } else {
            self.progress.frames_since_inventory += 1;
        }
        self.outbox.push(sections, inventory, now_ns())
    }

    /// Sends what is left.
    pub fn finish(mut self) {
        if let Err(error) = self.flush() {
            error!(%error, "the last frame could not be made");
        }
    }

    /// Ticks until `stop` says so, `wait` sleeps until a time and says whether to go on.
    pub fn run(mut self, mut wait: impl FnMut(i64) -> bool) {
        loop {
            let round = self.schedule.next(now_ns());
            if let Some(flush_ns) = self.flush_before(&round) {
                if !wait(flush_ns) {
                    return self.finish();
                }
                tell_lost(self.flush_at(flush_ns));
            }
            if !wait(round.due_ns) {
                return self.finish();
            }
            tell_lost(self.tick(&round));
            let missed = self.schedule.missed - self.telemetry.missed_ticks.get();
            self.telemetry.missed_ticks.add(missed);
        }
    }
}

fn tell_lost(done: Result<(), WireError>) {
    if let Err(error) = done {
        error!(%error, "this flush is lost");
    }
}

impl Watched {
    /// Returns what there is to say of the source, once.
    fn read(&mut self, round: &Round, board: &mut Board, slow_read: Duration, telemetry: &Telemetry) -> Option<String> {
        let is_slowed = self.slow_in_a_row >= SLOW_IN_A_ROW && !round.wants(Tier::Normal);
        if is_slowed || !self.backoff.is_ready(Instant::now()) {
            return None;
        }
        let start = Instant::now();
        let outcome = sources::read_guarded(self.source.as_mut(), round, board);
        let took = start.elapsed();
        // At slow ticks files are opened and devices described: that may take its time.
        let is_slow = took > slow_read && !round.wants(Tier::Slow);
        let failed = matches!(outcome, Err(SourceError::Failed(_) | SourceError::Panicked(_)));
        telemetry.read(self.source.name(), took, failed, is_slow);
        match outcome {
            Err(error @ (SourceError::Failed(_) | SourceError::Panicked(_))) => self.failed(&error.to_string()),
            _ if self.backoff.succeeded() => Some(self.say("reads again")),
            _ => self.judge_pace(is_slow, took),
        }
    }

    fn failed(&mut self, why: &str) -> Option<String> {
        let wait = self.backoff.failed(Instant::now())?;
        warn!(source = self.source.name(), why, wait_s = wait.as_secs(), "left alone for a while");
        Some(format!("source {}: {why}; left alone for {} s", self.source.name(), wait.as_secs()))
    }

    fn judge_pace(&mut self, is_slow: bool, took: Duration) -> Option<String> {
        let before = self.slow_in_a_row;
        self.slow_in_a_row = if is_slow { before.saturating_add(1) } else { 0 };
        match (before, self.slow_in_a_row) {
            (SLOW_IN_A_ROW.., 0) => Some(self.say("is quick again")),
            (_, now) if now == SLOW_IN_A_ROW && now != before => {
                Some(self.say(&format!("is slow ({} ms a read): read at normal ticks only", took.as_millis())))
            }
            _ => None,
        }
    }

    fn say(&self, what: &str) -> String {
        info!(source = self.source.name(), "{what}");
        format!("source {} {what}", self.source.name())
    }
}

pub fn event_section(rows: &[EventRow]) -> Result<Section, WireError> {
    Ok(Section { schema: Arc::new(TableSchema::fixed(Table::Event)?), batch: EventRow::batch(rows)? })
}

//! The core of ingest: one message in, what follows from it out. No IO, no clock.

use super::align::{Aligner, FailedRows, Origin, Place};
use super::closing::{Bounds, Closing};
use super::collector::{Collector, Mark};
use super::config::IngestConfig;
use super::convert::{gap_of, link_event, lost, step_mark};
use super::dedup::{Arrival, Hole};
use super::event::IngestEvent;
use super::gaps::{GapReason, GapRow, GapTable};
use super::park::Parked;
use super::quality::samples;
use super::quarantine::Quarantine;
use super::resolve::KnownInventory;
use super::split::{Split, split, tick_of};
use super::stats::{CollectorStatus, IngestStats};
use super::watermark::Watermark;
use crate::cabling::Told;
use bytes::Bytes;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::Arc;
use weft_judge::fabric::EntityTable;
use weft_judge::fabric::is_time;
use weft_judge::guard::guarded;
use weft_wire::{EventRow, Frame, Inventory, SchemaCache, Section, StepRow, Table, WireError};

mod wrong_clocks;

/// Arrow index of `ts_ns` in the wide tables and in `extra`.
const TS_NS: usize = 1;
/// Rows further from their flush than a day are of no use, whatever is configured.
const MOST_JUMP_NS: i64 = 86_400_000_000_000;

/// ```text
/// bytes ─► decode ─► park? ─► clock ─► dedup ─► split by tick ─► align ─► close ─► Tick
///             │                 │        └► repeat     └► late
///             └► dead letter    └► quarantine
/// ```
#[derive(Debug)]
pub struct Ingest {
    config: IngestConfig,
    schemas: SchemaCache,
    ids: HashMap<String, u32>,
    collectors: Vec<Collector>,
    marks: HashMap<String, Vec<Mark>>,
    watermark: Watermark,
    closing: Closing,
    aligner: Aligner,
    quarantine: Quarantine,
    gaps: GapTable,
    stats: IngestStats,
    longest_flush_ms: u32,
    out: Vec<IngestEvent>,
}

impl Ingest {
    pub fn new(config: IngestConfig) -> Ingest {
        Ingest::resume(config, BTreeMap::new())
    }

    /// `marks`: what an earlier run had counted, by collector. Its frames rebuild the window and are not counted again.
    pub fn resume(config: IngestConfig, marks: BTreeMap<String, Vec<Mark>>) -> Ingest {
        Ingest {
            aligner: Aligner::new(config.tick_ns),
            config,
            schemas: SchemaCache::default(),
            ids: HashMap::new(),
            collectors: Vec::new(),
            marks: marks.into_iter().collect(),
            watermark: Watermark::default(),
            closing: Closing::default(),
            quarantine: Quarantine::default(),
            gaps: GapTable::default(),
            stats: IngestStats::default(),
            longest_flush_ms: 0,
            out: Vec::new(),
        }
    }

    pub fn entities(&self) -> &EntityTable {
        &self.aligner.resolver.entities
    }

    pub fn stats(&self) -> &IngestStats {
        &self.stats
    }

    /// Event time that the collectors have reached; `None` before the first frame.
    pub fn watermark_ns(&self) -> Option<i64> {
        self.watermark.now_ns()
    }

    /// Index of the last closed tick.
    pub fn closed_through(&self) -> Option<i64> {
        self.aligner.closed_through()
    }

    pub fn gaps(&self) -> impl Iterator<Item = &GapRow> {
        self.gaps.rows()
    }

    /// Sorted by name.
    pub fn collectors(&self) -> Vec<CollectorStatus> {
        let now = self.watermark.now_ns().unwrap_or_default();
        let mut all: Vec<_> = self.collectors.iter().map(|c| self.status(c, now)).collect();
        all.sort_unstable_by(|a, b| a.collector.cmp(&b.collector));
        all
    }

    fn status(&self, collector: &Collector, now_ns: i64) -> CollectorStatus {
        let lag_ns = (now_ns - collector.last_flush_ns.unwrap_or(now_ns)).max(0);
        let flush_period_ns = i64::from(collector.status.flush_period_ms) * 1_000_000;
        let patience = self.config.lateness_ns.saturating_add(flush_period_ns);
        let idle = collector.last_flush_ns.is_none() || lag_ns > patience;
        let parked_frames = collector.park.len() as u64;
        CollectorStatus { lag_ns, idle, parked_frames, ..collector.status.clone() }
    }

    /// What to keep so that a restart counts nothing twice.
    pub fn marks(&self) -> BTreeMap<String, Vec<Mark>> {
        let heard = self.collectors.iter().map(|c| (c.name.to_string(), c.marks()));
        self.marks.iter().map(|(name, marks)| (name.clone(), marks.clone())).chain(heard).collect()
    }

    /// Takes a message: a frame or an inventory. `key` is the message's key, the name of its collector.
    ///
    /// One at which ingest itself fails is a dead letter too; what it had brought before that stands.
    pub fn push(&mut self, key: &str, payload: &Bytes) -> Vec<IngestEvent> {
        if let Err(stopped) = guarded(|| self.take(key, payload)) {
            self.dead_letter(key, format!("weft failed at it: {}", stopped.text), Some(payload.clone()));
        }
        std::mem::take(&mut self.out)
    }

    fn take(&mut self, key: &str, payload: &Bytes) {
        match Frame::decode(payload, &mut self.schemas) {
            Ok(frame) => self.take_frame(Box::new(frame)),
            Err(WireError::Kind(_, "inventory")) => match Inventory::decode(payload) {
                Ok(inventory) => self.learn(inventory),
                Err(error) => self.dead_letter(key, error.to_string(), Some(payload.clone())),
            },
            Err(WireError::UnknownSchema(_)) => self.park(key, Parked::Bytes(payload.clone())),
            Err(error) => self.dead_letter(key, error.to_string(), Some(payload.clone())),
        }
    }

    /// The stream has ended: gives up all holes and closes all ticks.
    pub fn finish(&mut self) -> Vec<IngestEvent> {
        self.age_holes(i64::MAX);
        if let Some(last) = self.aligner.last_pending() {
            self.close_through(last);
        }
        std::mem::take(&mut self.out)
    }

    fn collector(&mut self, name: &str) -> Option<u32> {
        if let Some(&id) = self.ids.get(name) {
            return Some(id);
        }
        if self.collectors.len() >= self.config.max_collectors {
            return None;
        }
        let id = self.collectors.len() as u32;
        let marks = self.marks.remove(name).unwrap_or_default();
        self.collectors.push(Collector::new(id, name, marks));
        self.ids.insert(name.to_owned(), id);
        Some(id)
    }

    fn dead_letter(&mut self, key: &str, reason: String, payload: Option<Bytes>) {
        self.stats.dead_letters += 1;
        self.out.push(IngestEvent::DeadLetter { key: key.to_owned(), reason, payload });
    }

    fn park(&mut self, name: &str, parked: Parked) {
        let Some(id) = self.collector(name) else { return self.too_many(name) };
        self.stats.parked_frames += 1;
        let overflow = self.collectors[id as usize].park.add(parked, self.config.parked_frames);
        if let Some(parked) = overflow {
            self.stats.park_overflow_frames += 1;
            self.give_up_parked(id, parked);
        }
    }

    /// The sequence number of undecoded bytes is not known: their loss shows as a hole.
    fn give_up_parked(&mut self, id: u32, parked: Parked) {
        let name = self.collectors[id as usize].name.clone();
        let reason = "no inventory came that names its ports and schemas".to_owned();
        match parked {
            Parked::Bytes(bytes) => self.dead_letter(&name, reason, Some(bytes)),
            Parked::Frame(frame) => {
                self.dead_letter(&name, reason, frame.encode().ok().map(Bytes::from));
                let arrival = self.collectors[id as usize].stream(&frame).0.arrive(
                    frame.sequence,
                    frame.flush_ts_ns,
                    frame.dropped_frames,
                );
                if arrival != Arrival::Repeat {
                    self.note_gap(gap_of(&frame, GapReason::DeadLetter));
                }
            }
        }
    }

    fn too_many(&mut self, name: &str) {
        let reason = format!("more than {} collectors: raise max_collectors", self.config.max_collectors);
        self.dead_letter(name, reason, None);
    }

    fn learn(&mut self, inventory: Inventory) {
        for schema in &inventory.schemas {
            self.schemas.learn(schema);
        }
        let Some(id) = self.collector(&inventory.collector) else { return self.too_many(&inventory.collector) };
        self.longest_flush_ms = self.longest_flush_ms.max(inventory.flush_period_ms);
        let (boot, version) = (inventory.boot, inventory.version);
        let told = Box::new(Told::of(&inventory));
        let collector = &mut self.collectors[id as usize];
        if !collector.learn(inventory) {
            return;
        }
        let parked = collector.park.take();
        if let Some(known) = collector.inventory(boot, version) {
            self.out.push(IngestEvent::Inventory(known, told));
        }
        let name = self.collectors[id as usize].name.to_string();
        for parked in parked {
            match parked {
                Parked::Frame(frame) => self.take_frame(frame),
                Parked::Bytes(bytes) => match Frame::decode(&bytes, &mut self.schemas) {
                    Ok(frame) => self.take_frame(Box::new(frame)),
                    Err(_) => self.park(&name, Parked::Bytes(bytes)),
                },
            }
        }
    }

    fn take_frame(&mut self, mut frame: Box<Frame>) {
        let Some(id) = self.collector(&frame.collector) else { return self.too_many(&frame.collector) };
        if !(is_time(frame.flush_ts_ns) && self.config.credible_ns.contains(&frame.flush_ts_ns)) {
            return self.leave_unset(id, &frame);
        }
        if let Some(inventory) = frame.inventory.take() {
            self.learn(inventory);
        }
        match self.collectors[id as usize].inventory(frame.boot, frame.inventory_version) {
            Some(known) => self.take_known(id, frame, known),
            None => self.park(&frame.collector.clone(), Parked::Frame(frame)),
        }
    }

    /// Nothing is made of a clock that was never set: its frames are counted, and their collector is named.
    fn leave_unset(&mut self, id: u32, frame: &Frame) {
        self.stats.clock_not_set_frames += 1;
        let status = &mut self.collectors[id as usize].status;
        status.clock_not_set_frames += 1;
        if status.clock_not_set_frames == 1 {
            let (collector, flush_ns) = (frame.collector.clone(), frame.flush_ts_ns);
            self.out.push(IngestEvent::ClockNotSet { collector, flush_ns });
        }
    }

    fn take_known(&mut self, id: u32, frame: Box<Frame>, known: Arc<KnownInventory>) {
        if self.clock_is_sane(id, &frame) {
            self.quarantine.release(id, &frame.collector);
            self.take_sane(id, &frame, &known);
        } else {
            self.quarantine(id, frame);
        }
    }

    fn take_sane(&mut self, id: u32, frame: &Frame, known: &Arc<KnownInventory>) {
        let collector = &mut self.collectors[id as usize];
        if let Some(said) = collector.is_twin(frame) {
            self.stats.twin_frames += 1;
            return self.out.extend(said);
        }
        let (stream, restarted) = collector.stream(frame);
        let arrival = stream.arrive(frame.sequence, frame.flush_ts_ns, frame.dropped_frames);
        if let Some(before_ns) = restarted {
            let row = gap_of(frame, GapReason::Restart);
            self.note_gap(GapRow { from_ns: before_ns, frames: 0, ..row });
        }
        let Arrival::New { counted, behind } = arrival else {
            self.stats.duplicate_frames += 1;
            self.collectors[id as usize].status.duplicate_frames += 1;
            return;
        };
        self.count(id, frame, counted);
        if behind {
            let amended = self.gaps.fill(&frame.collector, frame.boot, frame.sequence);
            self.out.extend(amended.into_iter().map(IngestEvent::Gap));
        }
        let late = self.take_rows(id, frame, known, counted);
        if late > 0 {
            self.note_late(id, frame, late);
        }
        self.watermark.observe(id, frame.flush_ts_ns);
        self.close_due(id);
    }

    fn count(&mut self, id: u32, frame: &Frame, counted: bool) {
        let collector = &mut self.collectors[id as usize];
        collector.note(frame);
        if !counted {
            self.stats.rebuilt_frames += 1;
            return;
        }
        let values: u64 = frame.sections.iter().filter(|s| s.schema.table.is_wide()).map(|s| samples(&s.batch)).sum();
        self.stats.frames += 1;
        self.stats.samples += values;
        collector.status.frames += 1;
        collector.status.samples += values;
    }

    fn note_late(&mut self, id: u32, frame: &Frame, rows: u64) {
        self.stats.late_rows += rows;
        self.collectors[id as usize].status.late_rows += rows;
        self.note_gap(gap_of(frame, GapReason::Late));
    }

    /// Returns the rows that came too late.
    fn take_rows(&mut self, id: u32, frame: &Frame, known: &Arc<KnownInventory>, counted: bool) -> u64 {
        let mut origin = Origin {
            name: self.collectors[id as usize].name.clone(),
            flush_ns: frame.flush_ts_ns,
            boot: frame.boot,
            sequence: frame.sequence,
            section: 0,
            collector: id,
        };
        let mut late = 0;
        for (number, section) in frame.sections.iter().enumerate() {
            origin.section = number as u32;
            late += match section.schema.table {
                Table::Event => self.take_events(&origin, known, section, counted),
                Table::Step => self.take_steps(&origin, section),
                _ => self.take_section(&origin, known, section),
            };
        }
        if frame.sections.is_empty() {
            // A flush at the very end of a tick speaks of that tick.
            self.aligner.add_sign_of_life(tick_of(frame.flush_ts_ns - 1, self.config.tick_ns), &origin);
        }
        late
    }

    fn sane_times(&self, flush_ns: i64) -> Range<i64> {
        let jump_ns = self.config.clock_jump_ns.min(MOST_JUMP_NS);
        flush_ns.saturating_sub(jump_ns)..flush_ns.saturating_add(jump_ns)
    }

    fn take_section(&mut self, origin: &Origin, known: &Arc<KnownInventory>, section: &Section) -> u64 {
        let sane = self.sane_times(origin.flush_ns);
        let Split { parts, insane, failed } = split(&section.batch, TS_NS, self.config.tick_ns, &sane);
        self.stats.bad_time_rows += insane as u64;
        self.stats.split_rows += failed as u64;
        self.collectors[origin.collector as usize].status.failed_rows += failed as u64;
        let mut late = 0;
        for (tick, batch) in parts {
            let rows = batch.num_rows() as u64;
            if !self.aligner.add_rows(tick, origin, known, &section.schema, batch) {
                late += rows;
            }
        }
        late
    }

    fn take_events(&mut self, origin: &Origin, known: &Arc<KnownInventory>, section: &Section, counted: bool) -> u64 {
        let sane = self.sane_times(origin.flush_ns);
        let mut late = 0;
        for row in EventRow::read(&section.batch) {
            if !sane.contains(&row.ts_ns) {
                self.stats.bad_time_rows += 1;
                continue;
            }
            let event = link_event(row, known);
            match self.aligner.add_event(origin, event.clone()) {
                true if counted => self.out.push(IngestEvent::Preview(event)),
                true => {}
                false => late += 1,
            }
        }
        late
    }

    fn take_steps(&mut self, origin: &Origin, section: &Section) -> u64 {
        let sane = self.sane_times(origin.flush_ns);
        let mut late = 0;
        for row in StepRow::read(&section.batch) {
            match sane.contains(&row.end_ns) && is_time(row.start_ns) {
                true => late += u64::from(!self.aligner.add_step(origin, step_mark(row))),
                false => self.stats.bad_time_rows += 1,
            }
        }
        late
    }

    fn bounds(&self) -> Bounds {
        let most = self.config.tick_ns.max(self.config.lateness_ns);
        Bounds {
            tick_ns: self.config.tick_ns,
            lateness_ns: self.config.lateness_ns,
            flush_period_ns: (i64::from(self.longest_flush_ms) * 1_000_000).min(most),
            close_early: self.config.close_early,
        }
    }

    fn close_due(&mut self, reporter: u32) {
        let bounds = self.bounds();
        if let Some(through) = self.closing.by_lateness(&self.watermark, bounds)
            && self.aligner.closed_through().is_none_or(|closed| through > closed)
        {
            self.age_holes(self.watermark.now_ns().map_or(i64::MIN, |now| now.saturating_sub(bounds.patience_ns())));
            self.close_through(through);
        }
        while let Some(first) = self.aligner.first_pending() {
            if !self.closing.all_have_reported(first, reporter, &self.collectors, &self.watermark, bounds) {
                break;
            }
            self.close_through(first);
        }
    }

    fn close_through(&mut self, through: i64) {
        for closed in self.aligner.close_through(through) {
            self.stats.ticks += 1;
            self.stats.unknown_port_rows += closed.unknown_rows as u64;
            closed.failed.iter().for_each(|failed| self.note_failed(failed));
            self.out.push(IngestEvent::Tick(closed.tick));
        }
    }

    fn note_failed(&mut self, failed: &FailedRows) {
        let rows = failed.rows as u64;
        match failed.place {
            Place::Resolve => self.stats.resolve_rows += rows,
            Place::Concat => self.stats.concat_rows += rows,
        }
        self.collectors[failed.collector as usize].status.failed_rows += rows;
    }

    /// Gives up the holes below frames flushed before `before_ns`.
    fn age_holes(&mut self, before_ns: i64) {
        let mut found: Vec<(u32, u64, Hole)> = Vec::new();
        for collector in &mut self.collectors {
            let id = collector.id;
            for stream in collector.streams() {
                let boot = stream.boot;
                found.extend(stream.age(before_ns).into_iter().map(|hole| (id, boot, hole)));
            }
        }
        found.into_iter().for_each(|(id, boot, hole)| self.note_hole(id, boot, hole));
    }

    fn note_hole(&mut self, id: u32, boot: u64, hole: Hole) {
        let name = self.collectors[id as usize].name.clone();
        let mut row = lost(&name, boot, &hole);
        if hole.is_in_sequence {
            // A queue drops its oldest: the frame that tells of it was made later.
            let (amended, unexplained) = self.gaps.explain(&name, boot, hole.dropped);
            self.out.extend(amended.into_iter().map(IngestEvent::Gap));
            row.frames = unexplained;
        }
        if row.frames > 0 {
            // A sequence number is the data's word: two of them may span all that 64 bits hold.
            self.stats.lost_frames = self.stats.lost_frames.saturating_add(row.frames);
            let status = &mut self.collectors[id as usize].status;
            status.lost_frames = status.lost_frames.saturating_add(row.frames);
            self.note_gap(row);
        }
    }

    fn note_gap(&mut self, row: GapRow) {
        let rows = self.gaps.add(row, self.config.max_gaps);
        self.stats.forgotten_gaps = self.gaps.forgotten();
        self.out.extend(rows.into_iter().map(IngestEvent::Gap));
    }
}

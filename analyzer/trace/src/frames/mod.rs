//! A trace as the frames its collectors would have sent: one collector a device, one frame a device and tick.

mod inventory;
mod sections;

use crate::counters::CounterSources;
use crate::entities::Entities;
use crate::error::{Result, TraceError};
use crate::manifest::Manifest;
use crate::marks::{TraceEvent, events, steps};
use crate::ordered::Ordered;
use crate::plan::load_plan;
use crate::samples::{Sample, Samples};
use crate::shape::Shapes;
use crate::tables::{Parts, TraceTables};
use std::collections::{BTreeSet, VecDeque};
use std::path::Path;
use weft_wire::plan::Plan;
use weft_wire::{Frame, StepRow, Table, WireError};

/// A trace does not say when a collector was started anew: each is taken for one that never was.
const BOOT: u64 = 1;
/// Every 30th frame of a device carries its inventory, as those of live collectors do: whoever begins to listen in the
/// midst of the frames knows the ports after 30 ticks at most.
const INVENTORY_EVERY: u64 = 30;

/// What one device has said so far.
#[derive(Debug, Default)]
struct Speaker {
    sequence: u64,
    /// Version of its inventory; 0 before the first.
    version: u64,
    /// How many ports and shapes, taken together, that version of the inventory has.
    shown: usize,
    /// Table and shape of every row it has sent.
    shapes: BTreeSet<(Table, usize)>,
}

/// Streams a trace's frames in order of tick, then device.
pub struct FrameSource {
    pub manifest: Manifest,
    pub plan: Plan,
    tick_ns: i64,
    entities: Entities,
    samples: Ordered,
    /// The next tick that has samples, read ahead of its turn.
    waiting: Option<(i64, Vec<Sample>)>,
    steps: VecDeque<(u32, StepRow)>,
    events: VecDeque<TraceEvent>,
    sources: CounterSources,
    /// By table.
    shapes: Vec<Shapes>,
    /// By device.
    speakers: Vec<Speaker>,
}

/// What the trace holds of one device in one tick.
#[derive(Default)]
struct Said {
    samples: Vec<Sample>,
    steps: Vec<StepRow>,
    events: Vec<TraceEvent>,
}

impl FrameSource {
    /// A device sends one frame a tick. A tick is as long as the trace's sampling interval, and at least `shortest_tick_ns`:
    /// a trace that was sampled every 100 ms comes as frames of ten readings each when that is a second.
    pub fn open(dir: &Path, shortest_tick_ns: i64) -> Result<FrameSource> {
        let manifest = Manifest::load(dir)?;
        let plan = load_plan(dir)?;
        let mut entities = Entities::of_plan(&plan);
        let parts = Parts {
            samples: Samples::open(dir)?,
            steps: steps(dir, &mut entities)?,
            events: events(dir, &mut entities)?,
            sources: CounterSources::load(dir)?,
            manifest,
            plan,
            entities,
        };
        Ok(FrameSource::of_parts(parts, shortest_tick_ns))
    }

    /// The same of a trace in memory.
    pub fn of_tables(tables: TraceTables, shortest_tick_ns: i64) -> FrameSource {
        FrameSource::of_parts(tables.into_parts(), shortest_tick_ns)
    }

    fn of_parts(parts: Parts, shortest_tick_ns: i64) -> FrameSource {
        let tick_ns = parts.manifest.tick_ns.max(shortest_tick_ns);
        FrameSource {
            manifest: parts.manifest,
            plan: parts.plan,
            tick_ns,
            entities: parts.entities,
            samples: Ordered::new(parts.samples, tick_ns),
            waiting: None,
            steps: parts.steps.into(),
            events: parts.events.into(),
            sources: parts.sources,
            shapes: Table::ALL.iter().map(|t| Shapes::new(*t)).collect(),
            speakers: Vec::new(),
        }
    }

    pub fn tick_ns(&self) -> i64 {
        self.tick_ns
    }

    /// Samples read so far.
    pub fn samples(&self) -> u64 {
        self.samples.samples().rows()
    }

    /// The frames of the next tick that holds anything; `None` at the end.
    pub fn next_tick(&mut self) -> Result<Option<Vec<Frame>>> {
        if self.waiting.is_none() {
            self.waiting = self.samples.next_tick(&mut self.entities)?;
        }
        let tick_of = |ts: i64| ts.div_euclid(self.tick_ns);
        let next = [
            self.waiting.as_ref().map(|(tick, _)| *tick),
            self.steps.front().map(|(_, s)| tick_of(s.end_ns)),
            self.events.front().map(|e| tick_of(e.ts_ns)),
        ];
        let Some(tick) = next.into_iter().flatten().min() else { return Ok(None) };
        let said = self.said(tick);
        self.speakers.resize_with(self.entities.devices.len(), Speaker::default);
        let mut frames = Vec::new();
        for (device, said) in said.into_iter().enumerate() {
            if !(said.samples.is_empty() && said.steps.is_empty() && said.events.is_empty()) {
                frames.push(self.frame(device, said, self.end_of(tick)).map_err(internal)?);
            }
        }
        frames.sort_by(|a, b| a.collector.cmp(&b.collector));
        Ok(Some(frames))
    }

    /// The end of a tick near the largest 64-bit number does not fit 64 bits, hence saturating.
    fn end_of(&self, tick: i64) -> i64 {
        tick.saturating_add(1).saturating_mul(self.tick_ns)
    }

    /// Takes what the trace holds of one tick, by device.
    fn said(&mut self, tick: i64) -> Vec<Said> {
        let mut said: Vec<Said> = Vec::new();
        said.resize_with(self.entities.devices.len(), Said::default);
        if let Some((_, samples)) = self.waiting.take_if(|(of, _)| *of == tick) {
            samples.into_iter().for_each(|s| said[s.at.device as usize].samples.push(s));
        }
        // By tick and not by time: the step or event that made this tick the next one is taken in any case.
        let tick_of = |ts_ns: i64| ts_ns.div_euclid(self.tick_ns);
        while let Some((device, step)) = self.steps.pop_front_if(|(_, step)| tick_of(step.end_ns) <= tick) {
            said[device as usize].steps.push(step);
        }
        while let Some(event) = self.events.pop_front_if(|event| tick_of(event.ts_ns) <= tick) {
            said[event.device as usize].events.push(event);
        }
        said
    }

    fn frame(&mut self, device: usize, said: Said, flush_ts_ns: i64) -> std::result::Result<Frame, WireError> {
        let sections = self.sections(device, said)?;
        let changed = self.note_inventory(device);
        let speaker = &mut self.speakers[device];
        let (sequence, version) = (speaker.sequence, speaker.version);
        speaker.sequence += 1;
        let inventory = (changed || sequence % INVENTORY_EVERY == 0).then(|| self.inventory(device));
        Ok(Frame {
            collector: self.entities.devices[device].name.clone(),
            boot: BOOT,
            sequence,
            flush_ts_ns,
            clock_error_us: None,
            inventory_version: version,
            dropped_frames: 0,
            inventory,
            sections,
        })
    }
}

/// The trace was read; that it cannot be framed is a fault of this program, not of the file.
fn internal(error: WireError) -> TraceError {
    TraceError::new("samples.csv", 0, format!("cannot be framed: {error}"), "please report it")
}

//! A trace as the frames its collectors would have sent: one collector a device, one frame a device and tick.

use super::counters::CounterSources;
use super::entities::{Entities, PortIndex, TraceDevice};
use super::error::{Result, TraceError};
use super::manifest::Manifest;
use super::marks::{TraceEvent, events, steps};
use super::ordered::Ordered;
use super::samples::{Sample, Samples, Slot, Value};
use super::shape::{Mask, Shapes};
use std::collections::{BTreeSet, VecDeque};
use std::path::Path;
use std::sync::Arc;
use weft_wire::plan::Plan;
use weft_wire::*;

/// Every replayed collector is its first incarnation.
const BOOT: u64 = 1;
/// As live collectors do: so that frames can be read from anywhere in the stream.
const INVENTORY_EVERY: u64 = 30;

/// What one device has said so far.
#[derive(Debug, Default)]
struct Speaker {
    sequence: u64,
    version: u64,
    /// Ports and shapes of the last version.
    shown: usize,
    /// (table, shape) it has used.
    shapes: BTreeSet<(Table, usize)>,
}

/// Streams a trace's frames in order of tick, then device.
pub struct FrameSource {
    pub manifest: Manifest,
    pub plan: Plan,
    tick_ns: i64,
    entities: Entities,
    samples: Ordered,
    waiting: Option<(i64, Vec<Sample>)>,
    steps: VecDeque<(u32, StepRow)>,
    events: VecDeque<TraceEvent>,
    sources: CounterSources,
    shapes: Vec<Shapes>,
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
    pub fn open(dir: &Path) -> Result<FrameSource> {
        let manifest = Manifest::load(dir)?;
        let plan = super::plan::load_plan(dir)?;
        let mut entities = Entities::of_plan(&plan);
        let tick_ns = manifest.analysis_tick_ns();
        Ok(FrameSource {
            tick_ns,
            samples: Ordered::new(Samples::open(dir)?, tick_ns),
            waiting: None,
            steps: steps(dir, &mut entities)?.into(),
            events: events(dir, &mut entities)?.into(),
            sources: CounterSources::load(dir)?,
            shapes: Table::ALL.iter().map(|t| Shapes::new(*t)).collect(),
            speakers: Vec::new(),
            manifest,
            plan,
            entities,
        })
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

    /// A stamp may be any 64 bits: the end of the last tick is beyond them.
    fn end_of(&self, tick: i64) -> i64 {
        tick.saturating_add(1).saturating_mul(self.tick_ns)
    }

    /// By device.
    fn said(&mut self, tick: i64) -> Vec<Said> {
        let mut said: Vec<Said> = Vec::new();
        said.resize_with(self.entities.devices.len(), Said::default);
        if let Some((_, samples)) = self.waiting.take_if(|(of, _)| *of == tick) {
            samples.into_iter().for_each(|s| said[s.at.device as usize].samples.push(s));
        }
        // By tick, so that what made this one the next is taken whatever its stamp.
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
        let mut sections = self.wide_sections(device, &said.samples)?;
        let extra = self.extra_rows(&said.samples);
        if !extra.is_empty() {
            sections.push(fixed(Table::Extra, ExtraRow::batch(&extra)?)?);
        }
        let name = self.entities.devices[device].name.clone();
        if !said.events.is_empty() {
            let rows: Vec<EventRow> = said.events.into_iter().map(|e| event_row(e, &name)).collect();
            sections.push(fixed(Table::Event, EventRow::batch(&rows)?)?);
        }
        if !said.steps.is_empty() {
            sections.push(fixed(Table::Step, StepRow::batch(&said.steps)?)?);
        }
        let changed = self.note_inventory(device);
        let speaker = &mut self.speakers[device];
        let (sequence, version) = (speaker.sequence, speaker.version);
        speaker.sequence += 1;
        let inventory = (changed || sequence % INVENTORY_EVERY == 0).then(|| self.inventory(device));
        Ok(Frame {
            collector: name,
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

    /// One section a table and shape, its rows in order of port and time.
    fn wide_sections(&mut self, device: usize, samples: &[Sample]) -> std::result::Result<Vec<Section>, WireError> {
        let ports = &self.entities.devices[device].ports;
        let mut counters: Vec<&Sample> = samples.iter().filter(|s| matches!(s.slot, Slot::Counter { .. })).collect();
        // Stable: of two readings of one counter at one time the later line stands.
        counters.sort_by_key(|s| (s.at.port, s.ts_ns));
        let mut rows: Vec<(Table, usize, &[&Sample])> = Vec::new();
        for row in counters.chunk_by(|a, b| (a.at.port, a.ts_ns) == (b.at.port, b.ts_ns)) {
            let table = ports[row[0].at.port as usize].table;
            rows.push((table, self.shapes[table as usize - 1].find(&mask(row))?, row));
        }
        rows.sort_by_key(|(table, shape, _)| (*table, *shape));
        let mut sections = Vec::new();
        for group in rows.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
            let shape = &self.shapes[group[0].0 as usize - 1].shapes[group[0].1];
            let mut writer = TableWriter::new(shape.schema.clone());
            group.iter().for_each(|(_, _, row)| write_row(&mut writer, &shape.place, row));
            sections.push(Section { schema: shape.schema.clone(), batch: writer.finish()? });
            self.speakers[device].shapes.insert((group[0].0, group[0].1));
        }
        Ok(sections)
    }

    fn extra_rows(&self, samples: &[Sample]) -> Vec<ExtraRow> {
        let names = &self.samples.samples().extra_names;
        let row = |sample: &Sample| {
            let (Slot::Extra(name), Value::Int(value)) = (sample.slot, sample.value) else { return None };
            let name = names.get(name as usize)?.clone();
            Some(ExtraRow { port: sample.at.port as i32, ts_ns: sample.ts_ns, name, value })
        };
        samples.iter().filter_map(row).collect()
    }

    /// Raises the inventory's version when the device shows a new port or schema.
    fn note_inventory(&mut self, device: usize) -> bool {
        let ports = self.entities.devices[device].ports.len();
        let speaker = &mut self.speakers[device];
        // Both only ever grow, so their sum changes with either.
        let seen = ports + speaker.shapes.len();
        let changed = speaker.version == 0 || speaker.shown != seen;
        speaker.shown = seen;
        speaker.version += u64::from(changed);
        changed
    }

    fn inventory(&self, device: usize) -> Inventory {
        let TraceDevice { name, is_switch, ports } = &self.entities.devices[device];
        let kind = if *is_switch { DeviceKind::Switch } else { DeviceKind::Node };
        let speaker = &self.speakers[device];
        let mut profiles: Vec<Profile> = Vec::new();
        let mut described = Vec::new();
        for (index, port) in ports.iter().enumerate() {
            let profile = self.profile(name, &port.name, port.table, speaker);
            let at = profiles.iter().position(|p| *p == profile).unwrap_or_else(|| {
                profiles.push(profile);
                profiles.len() - 1
            });
            described.push(PortDescriptor {
                index: index as i32,
                table: port.table,
                device: name.clone(),
                port: port.name.clone(),
                driver: String::new(),
                speed_bps: port.speed_bps,
                epoch: 0,
                part: Part::default(),
                position: String::new(),
                profile: at as u32,
                labels: Default::default(),
            });
        }
        let schema =
            |(table, shape): &(Table, usize)| self.shapes[*table as usize - 1].shapes[*shape].schema.as_ref().clone();
        Inventory {
            collector: name.clone(),
            boot: BOOT,
            version: speaker.version,
            devices: vec![DeviceDescriptor {
                device: name.clone(),
                kind,
                boot_id: String::new(),
                labels: Default::default(),
            }],
            ports: described,
            profiles,
            schemas: speaker.shapes.iter().map(schema).collect(),
            flush_period_ms: u32::try_from(self.manifest.tick_ns / 1_000_000).unwrap_or(u32::MAX).max(1),
        }
    }

    /// The counters the port's table has shown: 64 bits wide and wrapping, unless counters.csv knows better.
    fn profile(&self, device: &str, port: &str, table: Table, speaker: &Speaker) -> Profile {
        let shapes = speaker.shapes.iter().filter(|(of, _)| *of == table);
        let names: BTreeSet<&String> =
            shapes.flat_map(|(of, shape)| &self.shapes[*of as usize - 1].shapes[*shape].schema.counters).collect();
        let unknown = |name: &str| CounterSource {
            counter: name.to_owned(),
            source: "trace".to_owned(),
            raw_name: name.to_owned(),
            bits: 64,
            overflow: Overflow::Wrap,
            period_ms: 0,
        };
        let source = |name: &String| self.sources.find(device, port, name).cloned().unwrap_or_else(|| unknown(name));
        Profile { counters: names.into_iter().map(source).collect() }
    }
}

fn fixed(table: Table, batch: arrow_array::RecordBatch) -> std::result::Result<Section, WireError> {
    Ok(Section { schema: Arc::new(TableSchema::fixed(table)?), batch })
}

fn mask(row: &[&Sample]) -> Mask {
    let mut mask = Mask::default();
    for sample in row {
        if let Slot::Counter { column, .. } = sample.slot {
            mask.set(column);
        }
    }
    mask
}

/// `place`: column of the table → column of the writer.
fn write_row(writer: &mut TableWriter, place: &[Option<u16>], row: &[&Sample]) {
    let PortIndex { port, .. } = row[0].at;
    writer.begin_row(port as i32, row[0].ts_ns, None, 0);
    for sample in row {
        let Slot::Counter { column, element } = sample.slot else { continue };
        let Some(column) = place.get(usize::from(column)).copied().flatten().map(usize::from) else { continue };
        match sample.value {
            Value::Int(value) => writer.set_int(column, element, value),
            Value::Float(value) => writer.set_float(column, value),
            Value::TooLarge => writer.flag(column, element, Quality::TooLarge),
        }
    }
}

fn event_row(event: TraceEvent, device: &str) -> EventRow {
    EventRow {
        port: event.port.map(|p| p.port as i32),
        device: device.to_owned(),
        ts_ns: event.ts_ns,
        event: event.event,
        text: event.text,
    }
}

/// The trace was read; that it cannot be framed is a fault of this program, not of the file.
fn internal(error: WireError) -> TraceError {
    TraceError::new("samples.csv", 0, format!("cannot be framed: {error}"), "please report it")
}

//! Frames as collectors send them: inventory first, a sequence number each, link events at once.

use super::{Row, Sink, entities};
use crate::job::Mark;
use crate::layout::{LAYOUTS, Value};
use crate::topology::{DeviceId, Topology};
use crate::world::Happening;
use anyhow::Result;
use std::collections::BTreeMap;
use std::sync::Arc;
use weft_wire::{
    CounterSource, DeviceDescriptor, DeviceKind, EventRow, Frame, Inventory, Overflow, Part, PortDescriptor, Profile,
    Section, StepRow, Table, TableSchema, TableWriter,
};

/// A frame embeds the inventory so often, so that an analyzer that comes late learns it.
const INVENTORY_EVERY: u64 = 30;
const FLUSH_MS: u32 = 1000;

/// One message for the transport.
#[derive(Clone, Debug)]
pub struct Message {
    /// The collector.
    pub key: String,
    /// An inventory message, not a frame.
    pub inventory: bool,
    pub payload: Vec<u8>,
}

struct Collector {
    name: String,
    inventory: Inventory,
    sequence: u64,
    /// `[layout]`: rows since the last flush; only the layouts the device has.
    writers: Vec<Option<TableWriter>>,
    marks: Vec<StepRow>,
    inventory_due: bool,
}

/// Collects messages; take them with [`FrameSink::take`].
pub struct FrameSink {
    collectors: Vec<Collector>,
    events: Arc<TableSchema>,
    steps: Arc<TableSchema>,
    messages: Vec<Message>,
}

impl FrameSink {
    /// `boot` is the incarnation of every collector; the inventories are the first messages.
    pub fn new(topology: &Topology, boot: u64) -> Result<FrameSink> {
        let schemas: Vec<Arc<TableSchema>> = LAYOUTS
            .iter()
            .map(|l| {
                let names: Vec<&str> = l.columns.iter().map(|c| c.name()).collect();
                Ok(Arc::new(TableSchema::wide(l.table, &names)?))
            })
            .collect::<Result<_>>()?;
        let collectors =
            (0..topology.devices.len()).map(|id| Collector::new(topology, id, &schemas, boot)).collect::<Vec<_>>();
        let mut messages = Vec::new();
        for collector in &collectors {
            let payload = collector.inventory.encode()?;
            messages.push(Message { key: collector.name.clone(), inventory: true, payload });
        }
        let fixed = |table| Ok::<_, anyhow::Error>(Arc::new(TableSchema::fixed(table)?));
        Ok(FrameSink { collectors, events: fixed(Table::Event)?, steps: fixed(Table::Step)?, messages })
    }

    /// The messages since the last call, in order.
    pub fn take(&mut self) -> Vec<Message> {
        std::mem::take(&mut self.messages)
    }

    fn send(&mut self, device: DeviceId, ts_ns: i64, sections: Vec<Section>) -> Result<()> {
        let collector = &mut self.collectors[device];
        let with_inventory = collector.inventory_due || collector.sequence.is_multiple_of(INVENTORY_EVERY);
        collector.inventory_due = false;
        let frame = Frame {
            collector: collector.name.clone(),
            boot: collector.inventory.boot,
            sequence: collector.sequence,
            flush_ts_ns: ts_ns,
            clock_error_us: Some(500),
            inventory_version: collector.inventory.version,
            dropped_frames: 0,
            inventory: with_inventory.then(|| collector.inventory.clone()),
            sections,
        };
        collector.sequence += 1;
        self.messages.push(Message { key: frame.collector.clone(), inventory: false, payload: frame.encode()? });
        Ok(())
    }
}

impl Collector {
    fn new(topology: &Topology, id: DeviceId, schemas: &[Arc<TableSchema>], boot: u64) -> Collector {
        let device = &topology.devices[id];
        let entities = entities(topology, id);
        let has = |table: Table| entities.iter().any(|e| e.table == table);
        let mine: Vec<Option<Arc<TableSchema>>> = schemas.iter().map(|s| has(s.table).then(|| s.clone())).collect();
        let tables: Vec<Table> =
            [Table::Nic, Table::SwitchPort, Table::Gpu, Table::Host].into_iter().filter(|t| has(*t)).collect();
        let profiles = tables.iter().map(|&t| profile(schemas, t)).collect();
        let port = |(index, entity): (usize, super::Entity)| PortDescriptor {
            index: index as i32,
            table: entity.table,
            device: device.name.clone(),
            position: format!("slot {index}"),
            port: entity.port,
            driver: driver(entity.table).to_owned(),
            speed_bps: entity.speed_bps,
            epoch: 1,
            part: Part::default(),
            profile: tables.iter().position(|t| *t == entity.table).unwrap_or(0) as u32,
            labels: BTreeMap::new(),
        };
        let inventory = Inventory {
            collector: device.name.clone(),
            boot,
            version: 1,
            devices: vec![DeviceDescriptor {
                device: device.name.clone(),
                kind: if device.node { DeviceKind::Node } else { DeviceKind::Switch },
                boot_id: format!("sim-{boot:x}-{id}"),
                labels: BTreeMap::from([("pod".to_owned(), device.pod.clone())]),
            }],
            ports: entities.into_iter().enumerate().map(port).collect(),
            profiles,
            schemas: mine.iter().flatten().map(|s| s.as_ref().clone()).collect(),
            flush_period_ms: FLUSH_MS,
            neighbors: Vec::new(),
        };
        Collector {
            name: device.name.clone(),
            inventory,
            sequence: 0,
            writers: mine.into_iter().map(|s| s.map(TableWriter::new)).collect(),
            marks: Vec::new(),
            inventory_due: true,
        }
    }

    /// A driver reload shows as a new epoch of the port.
    fn learn_epoch(&mut self, entity: usize, epoch: i32) {
        let port = &mut self.inventory.ports[entity];
        if port.epoch != epoch {
            port.epoch = epoch;
            self.inventory.version += 1;
            self.inventory_due = true;
        }
    }
}

fn driver(table: Table) -> &'static str {
    match table {
        Table::Nic => "sim-nic",
        Table::SwitchPort => "sim-switch",
        Table::Gpu => "sim-gpu",
        _ => "sim-host",
    }
}

/// Every counter of a table's layouts, read from the simulator by its own name.
fn profile(schemas: &[Arc<TableSchema>], table: Table) -> Profile {
    let mut names: Vec<&String> = schemas.iter().filter(|s| s.table == table).flat_map(|s| &s.counters).collect();
    names.sort();
    names.dedup();
    let source = |name: &String| CounterSource {
        counter: name.clone(),
        source: driver(table).to_owned(),
        raw_name: name.clone(),
        bits: 64,
        overflow: Overflow::Wrap,
        period_ms: 0,
    };
    Profile { counters: names.into_iter().map(source).collect() }
}

impl Sink for FrameSink {
    fn row(&mut self, row: Row<'_>) -> Result<()> {
        let collector = &mut self.collectors[row.device];
        collector.learn_epoch(row.entity, row.epoch);
        let Some(writer) = &mut collector.writers[row.layout] else {
            anyhow::bail!("collector {} has no rows of layout {}", collector.name, row.layout);
        };
        writer.begin_row(row.entity as i32, row.ts_ns, None, row.epoch);
        for (column, value) in row.values.iter().enumerate() {
            match *value {
                Value::Absent => {}
                Value::Int(value) => writer.set_int(column, 0, value),
                Value::Float(value) => writer.set_float(column, value),
            }
        }
        Ok(())
    }

    fn event(&mut self, device: DeviceId, entity: usize, ts_ns: i64, what: Happening) -> Result<()> {
        let (event, text) = what.told();
        let row = EventRow {
            port: Some(entity as i32),
            device: self.collectors[device].name.clone(),
            ts_ns,
            event: event.to_owned(),
            text: text.to_owned(),
        };
        let section = Section { schema: self.events.clone(), batch: EventRow::batch(&[row])? };
        self.send(device, ts_ns, vec![section])
    }

    fn mark(&mut self, device: DeviceId, job: &str, mark: &Mark, start_ns: i64, end_ns: i64) -> Result<()> {
        let collector = &mut self.collectors[device];
        collector.marks.push(StepRow {
            device: collector.name.clone(),
            job: job.to_owned(),
            rank: mark.rank as i32,
            gpu: None,
            step: mark.step,
            phase: mark.phase.to_owned(),
            start_ns,
            end_ns,
            extra: String::new(),
        });
        Ok(())
    }

    fn flush(&mut self, device: DeviceId, ts_ns: i64) -> Result<()> {
        let collector = &mut self.collectors[device];
        let mut sections = Vec::new();
        for writer in collector.writers.iter_mut().flatten().filter(|w| w.rows() > 0) {
            sections.push(Section { schema: writer.schema().clone(), batch: writer.finish()? });
        }
        let marks = std::mem::take(&mut collector.marks);
        if !marks.is_empty() {
            sections.push(Section { schema: self.steps.clone(), batch: StepRow::batch(&marks)? });
        }
        self.send(device, ts_ns, sections)
    }
}

//! What a device says in one tick, as the sections of a frame.

use super::{FrameSource, Said};
use crate::entities::PortIndex;
use crate::marks::TraceEvent;
use crate::samples::{Sample, Slot, Value};
use crate::shape::Mask;
use arrow_array::RecordBatch;
use std::sync::Arc;
use weft_wire::{EventRow, ExtraRow, Quality, Section, StepRow, Table, TableSchema, TableWriter, WireError};

type Result<T> = std::result::Result<T, WireError>;

impl FrameSource {
    pub(super) fn sections(&mut self, device: usize, said: Said) -> Result<Vec<Section>> {
        let mut sections = self.wide_sections(device, &said.samples)?;
        let extra = self.extra_rows(&said.samples);
        if !extra.is_empty() {
            sections.push(fixed(Table::Extra, ExtraRow::batch(&extra)?)?);
        }
        if !said.events.is_empty() {
            let name = &self.entities.devices[device].name;
            let rows: Vec<EventRow> = said.events.into_iter().map(|event| event_row(event, name)).collect();
            sections.push(fixed(Table::Event, EventRow::batch(&rows)?)?);
        }
        if !said.steps.is_empty() {
            sections.push(fixed(Table::Step, StepRow::batch(&said.steps)?)?);
        }
        Ok(sections)
    }

    /// One section a table and shape, its rows in order of port and time.
    fn wide_sections(&mut self, device: usize, samples: &[Sample]) -> Result<Vec<Section>> {
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
}

fn fixed(table: Table, batch: RecordBatch) -> Result<Section> {
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

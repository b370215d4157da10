//! Samples: samples.csv, streamed, one reading a line; or what lies in memory.

use crate::entities::{Entities, PortIndex, QuickHash};
use crate::error::{Result, TraceError};
use crate::table::{Column, Table, parse_int};
use std::collections::HashMap;
use std::path::Path;
use weft_wire::{self as wire, ColumnKind, catalogue};

/// Where a value goes in its port's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Slot {
    /// Number of the counter among its table's (catalogue order), and the element of a list.
    Counter { column: u16, element: u8 },
    /// A counter the catalogue lacks: index into [`Samples::extra_names`].
    Extra(u32),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value {
    Int(i64),
    Float(f64),
    /// 2^63 or more.
    TooLarge,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sample {
    pub ts_ns: i64,
    pub at: PortIndex,
    pub slot: Slot,
    pub value: Value,
}

/// Samples in the order of their file, or as they lie in memory.
pub struct Samples {
    input: Input,
    pub extra_names: Vec<String>,
    rows: u64,
}

enum Input {
    File(Box<SampleFile>),
    Memory(std::vec::IntoIter<Sample>),
}

/// A reader of samples.csv.
struct SampleFile {
    table: Table,
    columns: [Column; 5],
    /// By table number: counter name → slot and whether its column is Float.
    slots: Vec<HashMap<Vec<u8>, (Slot, bool), QuickHash>>,
    known_devices_only: bool,
}

impl Samples {
    pub fn open(dir: &Path) -> Result<Samples> {
        let table =
            Table::required(dir, "samples.csv", "a trace needs it, with columns ts_ns,device,port,counter,value")?;
        let columns = [
            table.column("ts_ns")?,
            table.column("device")?,
            table.column("port")?,
            table.column("counter")?,
            table.column("value")?,
        ];
        let slots = (0..=wire::Table::ALL.len()).map(|_| HashMap::default()).collect();
        let file = SampleFile { table, columns, slots, known_devices_only: false };
        Ok(Samples { input: Input::File(Box::new(file)), extra_names: Vec::new(), rows: 0 })
    }

    /// Samples whose slots refer to these names.
    pub fn of_memory(samples: Vec<Sample>, extra_names: Vec<String>) -> Samples {
        Samples { input: Input::Memory(samples.into_iter()), extra_names, rows: 0 }
    }

    /// From now on a device that nobody named is an error.
    pub fn of_known_devices(mut self) -> Samples {
        if let Input::File(file) = &mut self.input {
            file.known_devices_only = true;
        }
        self
    }

    /// Rows read so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// At the row that was read last; in memory there are no lines.
    pub fn error(&self, what: impl Into<String>, mend: impl Into<String>) -> TraceError {
        match &self.input {
            Input::File(file) => file.table.error(what, mend),
            Input::Memory(_) => TraceError::new("samples", 0, what, mend),
        }
    }

    /// `None` at the end.
    pub fn next(&mut self, entities: &mut Entities) -> Result<Option<Sample>> {
        let next = match &mut self.input {
            Input::File(file) => file.next(entities, &mut self.extra_names)?,
            Input::Memory(samples) => samples.next(),
        };
        self.rows += u64::from(next.is_some());
        Ok(next)
    }
}

impl SampleFile {
    fn next(&mut self, entities: &mut Entities, extra_names: &mut Vec<String>) -> Result<Option<Sample>> {
        if !self.table.next_row()? {
            return Ok(None);
        }
        let [ts, device, port, counter, value] = self.columns;
        let ts_ns = self.table.stamp(ts, "ts_ns")?;
        let at = match entities.find(self.table.bytes(device), self.table.bytes(port)) {
            Some(at) => at,
            None => self.discover(entities, device, port)?,
        };
        let (slot, is_float) = self.slot(entities.port(at).table, counter, extra_names)?;
        let value = self.value(value, is_float)?;
        Ok(Some(Sample { ts_ns, at, slot, value }))
    }

    fn discover(&self, entities: &mut Entities, device: Column, port: Column) -> Result<PortIndex> {
        let name = self.table.name(device, "device")?;
        if self.known_devices_only && !entities.has_device(name) {
            return Err(self.table.error(format!("device {name} is not in devices.csv"), "add it there"));
        }
        Ok(entities.discover(name, self.table.text(port)?))
    }

    fn slot(&mut self, table: wire::Table, counter: Column, extra_names: &mut Vec<String>) -> Result<(Slot, bool)> {
        let known = &self.slots[table as usize];
        if let Some(&found) = known.get(self.table.bytes(counter)) {
            return Ok(found);
        }
        let name = self.table.name(counter, "counter")?.to_owned();
        let found = counter_slot(table, &name).unwrap_or_else(|| {
            extra_names.push(name.clone());
            (Slot::Extra(extra_names.len() as u32 - 1), false)
        });
        self.slots[table as usize].insert(name.into_bytes(), found);
        Ok(found)
    }

    fn value(&self, column: Column, is_float: bool) -> Result<Value> {
        let bytes = self.table.bytes(column).trim_ascii();
        if !is_float && let Some(int) = parse_int(bytes) {
            return Ok(Value::Int(int));
        }
        let float = std::str::from_utf8(bytes).ok().and_then(|text| text.parse::<f64>().ok());
        match float.filter(|v| v.is_finite()) {
            Some(float) if is_float => Ok(Value::Float(float)),
            Some(float) if float >= 9_223_372_036_854_775_808.0 => Ok(Value::TooLarge),
            Some(float) => Ok(Value::Int(float.round() as i64)),
            None => {
                let text = String::from_utf8_lossy(bytes).into_owned();
                let mend = "write a finite number; leave the row out when there is no value";
                Err(self.table.error(format!("value is {text:?}"), mend))
            }
        }
    }
}

/// Counters of a table in catalogue order; a [`Slot::Counter`]'s column is an index into them.
pub fn counters_of(table: wire::Table) -> Vec<&'static wire::Counter> {
    catalogue().of_table(table).collect()
}

/// Where a counter of a table goes, and whether its column is Float; `None` where the catalogue lacks it.
pub fn counter_slot(table: wire::Table, name: &str) -> Option<(Slot, bool)> {
    let (counter, element) = catalogue().element(table, name)?;
    let column = catalogue().of_table(table).position(|c| c.name == counter.name)? as u16;
    Some((Slot::Counter { column, element }, counter.column_kind() == ColumnKind::Float))
}

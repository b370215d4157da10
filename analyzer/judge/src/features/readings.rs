//! The last readings of any counter of the catalogue, for whoever asks for it by one row:
//!
//! ```text
//! const READS: &[Read] = &[(Table::Nic, "pcie_width"), (Table::Gpu, "temperature_c")];
//! ```
//! Values lie in columns: one a counter that is asked for, indexed by the number that the judge gives an entity
//! (`slots.rs`), 40 bytes a value. What nobody asks for is not kept.
//!
//! Counters narrower than 63 bits come straightened (`wraps.rs`). An element of a list is asked for by its own name, such
//! as `tx_prio3_pause_frames`.

use super::slots::Slots;
use super::wraps::turn;
use crate::fabric::{Entity, EntityTable, PortId, Tick, TickBatch, is_time};
use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Arc;
use weft_wire::{CounterKind, Overflow, QualityFlag, Table, TableSchema, catalogue};

/// A counter that somebody asks for: its table, and its name there.
pub type Read = (Table, &'static str);

/// After so many of its own intervals without a reading a value is stale: one reading in ten may be lost or late, so that
/// five in a row are missing by chance once in 10⁵.
const MISSED_INTERVALS: i64 = 5;

/// What is known of a value now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Quality {
    /// Read in this tick.
    Fresh,
    /// Read in this tick, and since the reading before it the counter has gone round. Both values are straightened.
    Wrapped,
    /// Read in this tick, and below the reading before it: the counter was set back, and the two cannot be compared.
    Reset,
    /// Read in this tick, and the counter stands at the top of its width: the true count may be any higher one.
    Saturated,
    /// Not read in this tick, but lately.
    Absent,
    /// Not read for more than five of its own intervals, or of the periods at which its source refreshes it.
    Stale,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// When it was read; the source's own time where the source tells one.
    pub ts_ns: i64,
    pub value: f64,
    /// The value of the reading before this one; NaN where there is none.
    pub before: f64,
    /// Between the two readings; 0 where there is one.
    pub interval_ns: i64,
    pub quality: Quality,
    /// The lower half of the index of the tick that told it: another tick with the same one is 2³² ticks away.
    tick: u32,
}

const _: () = assert!(size_of::<Reading>() == 40);

impl Reading {
    /// Read in this tick.
    pub fn is_told(&self) -> bool {
        !matches!(self.quality, Quality::Absent | Quality::Stale)
    }

    /// How much the counter rose since the reading before. `None` where the two cannot be compared, and where the last one
    /// is not of this tick.
    pub fn rise(&self) -> Option<f64> {
        let is_comparable = matches!(self.quality, Quality::Fresh | Quality::Wrapped);
        (is_comparable && self.interval_ns > 0).then_some(self.value - self.before)
    }

    /// The same a second: from 4,000 to 4,600 within 2 s, 300.
    pub fn per_second(&self) -> Option<f64> {
        Some(self.rise()? * 1e9 / self.interval_ns as f64)
    }

    /// As it stands in a tick that may be a later one.
    fn seen_from(mut self, tick: i64, now_ns: i64, period_ns: i64) -> Reading {
        if self.tick != tick as u32 {
            let patience_ns = MISSED_INTERVALS.saturating_mul(self.interval_ns.max(period_ns));
            let is_stale = now_ns.saturating_sub(self.ts_ns) > patience_ns;
            self.quality = if is_stale { Quality::Stale } else { Quality::Absent };
        }
        self
    }
}

/// The readings of one counter, by number of the entity.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Column {
    table: Table,
    counter: String,
    values: Vec<Option<Reading>>,
    /// The longest period at which a source of it refreshes it; a tick at least.
    period_ns: i64,
}

/// An entity whose readings are kept.
#[derive(Clone, Debug)]
struct Place {
    table: Table,
    port: Arc<str>,
    slot: usize,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Readings {
    columns: Vec<Column>,
    tick: i64,
    now_ns: i64,
    #[serde(skip)]
    of_device: HashMap<Arc<str>, Vec<Place>>,
    #[serde(skip)]
    of_port: HashMap<PortId, (Table, usize)>,
    /// Entities of the entity table that are sorted into the two above.
    #[serde(skip)]
    learned: usize,
}

impl Readings {
    /// From here on exactly these counters are kept. What is known of those that were kept before stays.
    pub fn keep(&mut self, reads: &[Read]) {
        self.columns.retain(|column| reads.contains(&(column.table, &column.counter)));
        for &(table, counter) in reads {
            if self.column((table, counter)).is_none() {
                let counter = counter.to_owned();
                self.columns.push(Column { table, counter, values: Vec::new(), period_ns: 0 });
            }
        }
    }

    fn column(&self, (table, counter): Read) -> Option<&Column> {
        self.columns.iter().find(|column| column.table == table && column.counter == counter)
    }

    fn is_asked(&self, table: Table) -> bool {
        self.columns.iter().any(|column| column.table == table)
    }

    /// The readings of a device's entities of that table, each with the entity's name on the device: of eight GPUs eight.
    pub fn of_device(&self, device: &str, read: Read) -> impl Iterator<Item = (&str, Reading)> {
        let column = self.column(read);
        let places = self.of_device.get(device).into_iter().flatten().filter(move |place| place.table == read.0);
        places.filter_map(move |place| Some((&*place.port, self.value(column?, place.slot)?)))
    }

    /// A device has told something of these in this tick.
    pub fn tells(&self, device: &str, reads: &[Read]) -> bool {
        let told = |&read: &Read| self.of_device(device, read).any(|(_, reading)| reading.is_told());
        self.of_device.contains_key(device) && reads.iter().any(told)
    }

    /// The reading of a port of the fabric.
    pub fn of_port(&self, port: PortId, read: Read) -> Option<Reading> {
        let &(table, slot) = self.of_port.get(&port)?;
        self.value(self.column(read).filter(|column| column.table == table)?, slot)
    }

    fn value(&self, column: &Column, slot: usize) -> Option<Reading> {
        let reading = column.values.get(slot).copied().flatten()?;
        Some(reading.seen_from(self.tick, self.now_ns, column.period_ns))
    }

    /// Takes in a tick.
    pub fn update(&mut self, tick: &Tick, batches: &[TickBatch], entities: &EntityTable, slots: &Slots) {
        (self.tick, self.now_ns) = (tick.index, tick.end_ns);
        self.learn(entities, slots);
        for column in &mut self.columns {
            column.period_ns = column.period_ns.max(tick.end_ns - tick.start_ns);
            column.values.resize(slots.len(column.table).max(column.values.len()), None);
            let table = column.table;
            for batch in batches.iter().filter(|batch| batch.table == table) {
                column.update(tick.index, batch, entities, slots);
            }
        }
    }

    /// Sorts the entities that the table has gained by their devices.
    fn learn(&mut self, entities: &EntityTable, slots: &Slots) {
        let before = self.learned;
        for entity in entities.iter().skip(before) {
            self.learned += 1;
            if !self.is_asked(entity.table) {
                continue;
            }

            let place = Place { table: entity.table, port: entity.port.clone(), slot: slots.of(entity.id) };
            self.of_device.entry(entity.device.clone()).or_default().push(place);
        }
    }

    /// This port of the fabric is the entity of that number.
    pub fn learn_port(&mut self, port: PortId, table: Table, slot: usize) {
        if self.is_asked(table) {
            self.of_port.insert(port, (table, slot));
        }
    }

    /// Forgets all values; what is asked for, and which entity is where, stays.
    pub fn forget(&mut self) {
        self.columns.iter_mut().for_each(|column| column.values.clear());
    }
}

impl Column {
    fn update(&mut self, tick: i64, batch: &TickBatch, entities: &EntityTable, slots: &Slots) {
        let Some(told) = Told::of(batch, &self.counter) else { return };
        for (row, &id) in batch.entities.iter().enumerate() {
            let Some((ts_ns, value)) = told.value(row).filter(|(ts_ns, _)| is_time(*ts_ns)) else { continue };
            let width = Width::of(entities.get(id), told.source);
            self.period_ns = self.period_ns.max(width.period_ns);
            let last = &mut self.values[slots.of(id)];
            let before = last.map_or(f64::NAN, |last| last.value);
            let interval_ns = last.map_or(0, |last| ts_ns.saturating_sub(last.ts_ns));
            let quality = told.quality(row, value, before, width);
            *last = Some(Reading { ts_ns, value, before, interval_ns, quality, tick: tick as u32 });
        }
    }
}

/// What the profile of an entity says of a counter's source.
#[derive(Clone, Copy, Debug)]
struct Width {
    /// The counter begins at 0 again after so much.
    turn: Option<i64>,
    /// The counter stays at this value once it has reached it.
    top: Option<f64>,
    period_ns: i64,
}

impl Width {
    fn of(entity: &Entity, counter: &str) -> Width {
        let source = entity.profile.counters.iter().find(|source| source.counter == counter);
        let top = source.filter(|source| source.overflow == Overflow::Saturate && source.bits < 64);
        Width {
            turn: source.and_then(|source| turn(source.bits, source.overflow)),
            top: top.map(|source| ((1_u64 << source.bits) - 1) as f64),
            period_ns: source.map_or(0, |source| i64::from(source.period_ms) * 1_000_000),
        }
    }
}

/// A counter's column of one batch.
struct Told<'a> {
    batch: &'a TickBatch,
    /// The catalogue's name of the counter, of which this may be an element.
    source: &'a str,
    is_count: bool,
    /// Among the schema's counters, and the element of a list.
    column: usize,
    element: usize,
}

impl<'a> Told<'a> {
    fn of(batch: &'a TickBatch, counter: &str) -> Option<Told<'a>> {
        let whole = catalogue().counter(batch.table, counter).map(|counter| (counter, 0));
        let (counter, element) = whole.or_else(|| catalogue().element(batch.table, counter))?;
        let is_count = counter.kind == CounterKind::Counter;
        let column = batch.schema.column(&counter.name)?;
        Some(Told { batch, source: &counter.name, is_count, column, element: usize::from(element) })
    }

    /// The time and the value of a row; `None` where the row has none.
    fn value(&self, row: usize) -> Option<(i64, f64)> {
        let [read, source] = [1, 2].map(|key| self.batch.batch.column(key).as_primitive::<Int64Type>());
        let ts_ns = if source.is_valid(row) { source.value(row) } else { read.value(row) };
        let array = self.batch.batch.column(self.column + TableSchema::KEYS);
        if array.is_null(row) {
            return None;
        }
        let number = |array: &dyn Array, at: usize| {
            let int = array.as_primitive_opt::<Int64Type>().map(|ints| ints.value(at) as f64);
            array.is_valid(at).then(|| int.or_else(|| Some(array.as_primitive_opt::<Float64Type>()?.value(at))))?
        };
        let value = match array.as_fixed_size_list_opt() {
            Some(list) => number(&list.value(row), self.element),
            None => number(array, row),
        };
        Some((ts_ns, value?))
    }

    fn quality(&self, row: usize, value: f64, before: f64, width: Width) -> Quality {
        let turns = |value: f64| width.turn.map(|turn| (value / turn as f64).floor());
        match () {
            () if self.is_flagged_saturated(row) || width.top.is_some_and(|top| value >= top) => Quality::Saturated,
            () if self.is_count && value < before => Quality::Reset,
            () if self.is_count && !before.is_nan() && turns(value) != turns(before) => Quality::Wrapped,
            () => Quality::Fresh,
        }
    }

    fn is_flagged_saturated(&self, row: usize) -> bool {
        const QUALITY: usize = 4;
        let Some(flags) = self.batch.batch.column(QUALITY).as_binary_opt::<i32>().filter(|flags| flags.is_valid(row))
        else {
            return false;
        };
        let is_this =
            |flag: &QualityFlag| usize::from(flag.column) == self.column && usize::from(flag.element) == self.element;
        let flags = QualityFlag::parse_row(flags.value(row)).unwrap_or_default();
        flags.iter().any(|flag| is_this(flag) && flag.quality == weft_wire::Quality::Saturated)
    }
}

#[cfg(test)]
pub(super) mod tests;

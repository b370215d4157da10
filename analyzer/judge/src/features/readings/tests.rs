//! What is known of a value, from tables of readings.

use super::Quality::{Absent, Fresh, Reset, Saturated, Stale, Wrapped};
use super::*;
use crate::fabric::{EntityId, TickBatch};
use weft_wire::{CounterSource, Profile, TableSchema, TableWriter};

const SECOND: i64 = 1_000_000_000;

/// A device `h0` whose readings a test tells, tick by tick of a second.
pub struct Told {
    pub readings: Readings,
    entities: EntityTable,
    slots: Slots,
    profile: Arc<Profile>,
}

impl Told {
    pub fn asked(reads: &[Read]) -> Told {
        let mut readings = Readings::default();
        readings.keep(reads);
        Told { readings, entities: EntityTable::default(), slots: Slots::default(), profile: Arc::default() }
    }

    /// Values of counters, each with a number that is the name of its entity.
    pub fn tick(&mut self, index: i64, rows: &[(Read, usize, f64)]) {
        let batches: Vec<TickBatch> = rows.iter().map(|row| self.batch(index, *row)).collect();
        let (start_ns, end_ns) = (index * SECOND, (index + 1) * SECOND);
        let tick = Tick { index, start_ns, end_ns, batches: vec![], events: vec![], steps: vec![], silent: vec![] };
        self.slots.learn(&self.entities);
        self.readings.update(&tick, &batches, &self.entities, &self.slots);
    }

    fn batch(&mut self, index: i64, ((table, counter), number, value): (Read, usize, f64)) -> TickBatch {
        let schema = Arc::new(TableSchema::wide(table, &[counter]).expect("a counter of the catalogue"));
        let mut writer = TableWriter::new(schema.clone());
        writer.begin_row(0, index * SECOND + SECOND / 2, None, 0);
        writer.set_float(0, value);
        let id = self.entities.describe(Entity {
            id: EntityId(0),
            table,
            slot: 0,
            device: "h0".into(),
            port: number.to_string().into(),
            driver: "".into(),
            collector: "".into(),
            speed_bps: None,
            epoch: 0,
            profile: self.profile.clone(),
        });
        TickBatch { table, schema, entities: vec![id], batch: writer.finish().expect("a row of the schema") }
    }
}

const READ: Read = (Table::Nic, "rx_crc_errors");

/// What is known after these ticks of a counter that is so wide: (tick, value) each, asked in the tick after the comma.
fn known(told: &[(i64, f64)], asked: i64, bits: u8, overflow: Overflow, period_ms: u32) -> Reading {
    let mut of = Told::asked(&[READ]);
    let source = CounterSource {
        counter: READ.1.into(),
        source: "test".into(),
        raw_name: READ.1.into(),
        bits,
        overflow,
        period_ms,
    };
    of.profile = Arc::new(Profile { counters: vec![source] });
    told.iter().for_each(|(tick, value)| of.tick(*tick, &[(READ, 0, *value)]));
    if told.last().is_some_and(|(tick, _)| *tick < asked) {
        of.tick(asked, &[]);
    }
    of.readings.of_device("h0", READ).next().expect("told").1
}

/// Readings by tick, the tick in which they are asked for, the period of their source in ms, and what is known then: the
/// quality, and the rate a second.
type Row<'a> = (&'a [(i64, f64)], i64, u32, Quality, Option<f64>);

#[test]
fn absent_stale_reset_saturated_and_wrapped_are_told_apart() {
    let table: [Row<'_>; 9] = [
        (&[(1, 5.0)], 1, 0, Fresh, None),
        (&[(1, 5.0), (2, 9.0)], 2, 0, Fresh, Some(4.0)),
        (&[(1, 5.0), (3, 9.0)], 3, 0, Fresh, Some(2.0)),
        (&[(1, 5.0), (2, 9.0)], 4, 0, Absent, None),
        (&[(1, 5.0), (2, 9.0)], 8, 0, Stale, None),
        (&[(1, 5.0), (3, 9.0)], 12, 0, Absent, None),
        (&[(1, 5.0), (2, 9.0)], 12, 10_000, Absent, None),
        (&[(1, 250.0), (2, 260.0)], 2, 0, Wrapped, Some(10.0)),
        (&[(1, 9.0), (2, 5.0)], 2, 0, Reset, None),
    ];
    for (told, asked, period_ms, quality, per_second) in table {
        let reading = known(told, asked, 8, Overflow::Wrap, period_ms);
        assert_eq!((reading.quality, reading.per_second()), (quality, per_second), "{told:?} at {asked}");
    }
    let full = known(&[(1, 250.0), (2, 255.0)], 2, 8, Overflow::Saturate, 0);
    assert_eq!((full.quality, full.per_second(), full.value), (Saturated, None, 255.0));
}

#[test]
fn only_what_is_asked_for_is_kept_and_a_port_is_found_by_its_number() {
    let mut told = Told::asked(&[READ]);
    let other: Read = (Table::Nic, "rx_discards");
    told.tick(1, &[(READ, 0, 1.0), (other, 0, 2.0), (READ, 7, 3.0)]);
    let names: Vec<(&str, f64)> = told.readings.of_device("h0", READ).map(|(port, r)| (port, r.value)).collect();
    assert_eq!(names, [("0", 1.0), ("7", 3.0)]);
    assert_eq!(told.readings.of_device("h0", other).count(), 0);
    told.readings.learn_port(40, Table::Nic, 1);
    assert_eq!(told.readings.of_port(40, READ).map(|reading| reading.value), Some(3.0));
    assert_eq!(told.readings.of_port(40, (Table::SwitchPort, "rx_crc_errors")), None);
    told.readings.keep(&[other, READ]);
    assert_eq!(told.readings.of_device("h0", READ).count(), 2, "what is asked for again stays known");
    told.readings.keep(&[other]);
    told.readings.keep(&[READ]);
    assert_eq!(told.readings.of_device("h0", READ).count(), 0);
}

#[test]
fn an_element_of_a_list_is_asked_for_by_its_own_name() {
    let list =
        catalogue().of_table(Table::Nic).find(|counter| counter.list.is_some()).expect("the catalogue has lists");
    let element: &'static str = list.element_name(3).leak();
    let mut told = Told::asked(&[(Table::Nic, element)]);
    let schema = Arc::new(TableSchema::wide(Table::Nic, &[&list.name]).expect("a counter of the catalogue"));
    let mut writer = TableWriter::new(schema.clone());
    writer.begin_row(0, SECOND + 1, None, 0);
    (0..8).for_each(|index| writer.set_int(0, index, i64::from(index) * 10));
    let mut batch = told.batch(1, (READ, 0, 0.0));
    (batch.schema, batch.batch) = (schema, writer.finish().expect("a row of the schema"));
    told.slots.learn(&told.entities);
    let tick = Tick {
        index: 1,
        start_ns: SECOND,
        end_ns: 2 * SECOND,
        batches: vec![],
        events: vec![],
        steps: vec![],
        silent: vec![],
    };
    told.readings.update(&tick, &[batch], &told.entities, &told.slots);
    let values: Vec<f64> = told.readings.of_device("h0", (Table::Nic, element)).map(|(_, r)| r.value).collect();
    assert_eq!(values, [30.0]);
}

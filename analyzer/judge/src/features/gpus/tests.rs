use super::*;
use crate::fabric::{EntityId, Tick};
use crate::testkit::{SECOND, star};
use std::sync::Arc;
use weft_wire::Quality;
use weft_wire::{Profile, TableSchema, TableWriter};

/// A tick in which each of these GPUs of h1 tells its temperature, or that it could not be read.
fn tick(features: &mut Features, entities: &mut EntityTable, at: i64, gpus: &[(&str, Option<f64>)]) {
    let schema =
        Arc::new(TableSchema::wide(Table::Gpu, &["temperature_c", "ecc_uncorrectable"]).expect("of the catalogue"));
    let batch = |(gpu, told): &(&str, Option<f64>)| {
        let id = entities.describe(crate::fabric::Entity {
            id: EntityId(0),
            table: Table::Gpu,
            slot: 0,
            device: "h1".into(),
            port: (*gpu).into(),
            driver: "".into(),
            collector: "h1".into(),
            speed_bps: None,
            epoch: 0,
            profile: Arc::new(Profile::default()),
        });
        let mut writer = TableWriter::new(schema.clone());
        writer.begin_row(0, at * SECOND, None, 0);
        match told {
            Some(value) => {
                writer.set_float(0, *value);
                writer.set_float(1, 0.0);
            }
            None => writer.flag(0, 0, Quality::Failed),
        }
        let batch = writer.finish().expect("a row of the schema");
        TickBatch { table: Table::Gpu, schema: schema.clone(), entities: vec![id], batch }
    };
    let batches = gpus.iter().map(batch).collect();
    let (start_ns, end_ns) = (at * SECOND, (at + 1) * SECOND);
    let tick = Tick { index: at, start_ns, end_ns, batches, events: vec![], steps: vec![], silent: vec![] };
    features.update(&tick, entities);
}

#[test]
fn a_gpu_that_cannot_be_read_is_lost_where_another_one_can() {
    let lost = |other: Option<f64>, ticks: i64| {
        let (mut features, mut entities) = (Features::new(&star(2), SECOND), EntityTable::default());
        tick(&mut features, &mut entities, 100, &[("gpu2", Some(50.0)), ("gpu3", Some(50.0))]);
        (0..ticks).for_each(|at| tick(&mut features, &mut entities, 101 + at, &[("gpu2", other), ("gpu3", None)]));
        features.gpus.lost().map(|lost| (lost.by, lost.since_ns / SECOND)).collect::<Vec<_>>()
    };
    assert_eq!(lost(Some(50.0), 2), []);
    assert_eq!(lost(Some(50.0), 3), [(LostBy::Unreadable, 101)]);
    assert_eq!(lost(None, 9), [], "nobody reads the node's GPUs");
}

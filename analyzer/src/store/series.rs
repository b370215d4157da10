//! One counter of one port over time, straight from the window.

use super::{Store, StoredBatch};
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int32Type, Int64Type};
use arrow_array::{Array, ArrayRef, RecordBatch};
use serde::{Deserialize, Serialize};
use weft_judge::fabric::{Entity, PortRef};
use weft_judge::features::{goes_round, turn};
pub use weft_judge::incident::SeriesMode;
use weft_wire::{Counter, CounterKind, Quality, QualityFlag, TableSchema, catalogue};

/// Columns of a stored batch.
const TS: usize = 1;
const EPOCH: usize = 3;
const QUALITY: usize = 4;
/// Readings further apart than this many usual intervals have a gap between them.
const GAP_INTERVALS: i64 = 3;

#[derive(Clone, Debug, PartialEq)]
pub struct SeriesQuery {
    pub at: PortRef,
    pub counter: String,
    /// Half-open, event time.
    pub from_ns: i64,
    pub to_ns: i64,
    pub mode: SeriesMode,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Series {
    pub unit: String,
    /// Event time, ns, and the value at that time; `None` where there is none, as over a reset.
    pub points: Vec<(i64, Option<f64>)>,
    pub marks: Vec<Mark>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mark {
    pub ts_ns: i64,
    /// `gap`, `reset`, `wrap` or `saturated`.
    pub kind: String,
}

/// Why there is no series.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SeriesError {
    #[error("no port {device}/{port} in the window")]
    UnknownPort { device: String, port: String },
    #[error("port {device}/{port} has no counter {counter}")]
    UnknownCounter { device: String, port: String, counter: String },
    #[error("the window could not be read: {0}")]
    Failed(String),
}

#[derive(Clone, Copy, Debug)]
struct Reading {
    ts_ns: i64,
    epoch: i32,
    value: Option<f64>,
    saturated: bool,
}

/// The points and marks of one counter, from the batches of the window that overlap the time asked for.
pub fn series(store: &Store, query: &SeriesQuery) -> Result<Series, SeriesError> {
    let names = store.names();
    let here = |e: &&Entity| *e.device == *query.at.device && *e.port == *query.at.port;
    let found = names.entities.iter().filter(here);
    let mut counters = found.filter_map(|e| Some((e, catalogue().element(e.table, &query.counter)?)));
    let Some((entity, (counter, element))) = counters.next() else { return Err(not_found(&names.entities, query)) };
    let (batches, _) = store.rows(entity.table);
    let mut readings = Vec::new();
    for stored in batches.iter().filter(|b| b.max_ns >= query.from_ns && b.min_ns < query.to_ns) {
        read(stored, entity.id.0 as i32, counter, element, &mut readings);
    }
    readings.retain(|r| (query.from_ns..query.to_ns).contains(&r.ts_ns));
    readings.sort_by_key(|r| r.ts_ns);
    Ok(render(&readings, counter, wraps_at(entity, counter), query.mode))
}

fn not_found(entities: &[Entity], query: &SeriesQuery) -> SeriesError {
    let (device, port) = (query.at.device.clone(), query.at.port.clone());
    match entities.iter().any(|e| *e.device == *device && *e.port == *port) {
        true => SeriesError::UnknownCounter { device, port, counter: query.counter.clone() },
        false => SeriesError::UnknownPort { device, port },
    }
}

/// Where a counter that is narrower than its column begins anew.
fn wraps_at(entity: &Entity, counter: &Counter) -> Option<i64> {
    let source = entity.profile.counters.iter().find(|source| source.counter == counter.name)?;
    turn(source.bits, source.overflow)
}

fn read(stored: &StoredBatch, id: i32, counter: &Counter, element: u8, readings: &mut Vec<Reading>) {
    let Some(column) = stored.schema.as_ref().and_then(|s| s.column(&counter.name)) else { return };
    let batch = &stored.batch;
    let ids = batch.column(0).as_primitive::<Int32Type>().values();
    let ts = batch.column(TS).as_primitive::<Int64Type>();
    let epoch = batch.column(EPOCH).as_primitive::<Int32Type>();
    let values = batch.column(column + TableSchema::KEYS);
    for row in ids.iter().enumerate().filter(|(_, of)| **of == id).map(|(row, _)| row) {
        let quality = quality(batch, row, column as u16, element);
        let value = value(values, row, element);
        if value.is_some() || quality == Some(Quality::Failed) {
            let saturated = quality == Some(Quality::Saturated);
            readings.push(Reading { ts_ns: ts.value(row), epoch: epoch.value(row), value, saturated });
        }
    }
}

fn value(column: &ArrayRef, row: usize, element: u8) -> Option<f64> {
    if let Some(list) = column.as_fixed_size_list_opt() {
        let at = row * list.value_length() as usize + usize::from(element);
        let values = list.values().as_primitive::<Int64Type>();
        return values.is_valid(at).then(|| values.value(at) as f64);
    }
    match column.as_primitive_opt::<Int64Type>() {
        _ if column.is_null(row) => None,
        Some(ints) => Some(ints.value(row) as f64),
        None => column.as_primitive_opt::<Float64Type>().map(|floats| floats.value(row)),
    }
}

fn quality(batch: &RecordBatch, row: usize, column: u16, element: u8) -> Option<Quality> {
    let flags = batch.column(QUALITY).as_binary_opt::<i32>().filter(|q| q.is_valid(row))?;
    let flags = QualityFlag::parse_row(flags.value(row))?;
    flags.iter().find(|f| f.column == column && f.element == element).map(|f| f.quality)
}

fn render(readings: &[Reading], counter: &Counter, wraps_at: Option<i64>, mode: SeriesMode) -> Series {
    let is_rate = mode == SeriesMode::Rate && counter.kind == CounterKind::Counter;
    let unit = if is_rate { format!("{}/s", counter.unit) } else { counter.unit.clone() };
    let usual_ns = usual_interval(readings);
    let mut series = Series { unit, ..Series::default() };
    let mut mark = |ts_ns: i64, kind: &str| series.marks.push(Mark { ts_ns, kind: kind.to_owned() });
    for (before, now) in readings.iter().zip(readings.iter().skip(1)) {
        if usual_ns > 0 && now.ts_ns - before.ts_ns > GAP_INTERVALS * usual_ns {
            mark(before.ts_ns, "gap");
        }
        if counter.kind == CounterKind::Counter && is_reset(before, now) {
            mark(now.ts_ns, if wraps_at.is_some_and(|turn| is_wrap(before, now, turn)) { "wrap" } else { "reset" });
        }
    }
    if let Some(first) = readings.iter().find(|r| r.saturated) {
        mark(first.ts_ns, "saturated");
    }
    series.points = match is_rate {
        false => readings.iter().map(|r| (r.ts_ns, r.value)).collect(),
        true => readings.iter().zip(readings.iter().skip(1)).map(|(a, b)| (b.ts_ns, rate(a, b))).collect(),
    };
    series
}

fn is_reset(before: &Reading, now: &Reading) -> bool {
    let fell = before.value.zip(now.value).is_some_and(|(before, now)| now < before);
    fell || before.epoch != now.epoch
}

/// A fall within one epoch that the model too takes for a wrap.
fn is_wrap(before: &Reading, now: &Reading, turn: i64) -> bool {
    let across = |before: f64, now: f64| goes_round(before as i64, now as i64, turn);
    before.epoch == now.epoch && before.value.zip(now.value).is_some_and(|(before, now)| across(before, now))
}

/// Per second; `None` over a reset, a wrap or an unread value: never a spike.
fn rate(before: &Reading, now: &Reading) -> Option<f64> {
    let seconds = (now.ts_ns - before.ts_ns) as f64 / 1e9;
    if seconds <= 0.0 || is_reset(before, now) {
        return None;
    }
    Some((now.value? - before.value?) / seconds)
}

/// Two readings in a row are 0.2 to 1.8 intervals apart (`weft_wire::instants`). Of three steps the median is the interval three times to
/// within a twentieth.
const STEPS: usize = 3;

/// The interval of reading, ns: of the distances of three steps the median, by the step.
fn usual_interval(readings: &[Reading]) -> i64 {
    let steps = STEPS.min(readings.len().saturating_sub(1));
    let later = readings.iter().skip(steps);
    let mut gaps: Vec<i64> = readings.iter().zip(later).map(|(a, b)| b.ts_ns - a.ts_ns).collect();
    let middle = gaps.len() / 2;
    if gaps.is_empty() || steps == 0 { 0 } else { *gaps.select_nth_unstable(middle).1 / steps as i64 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use weft_judge::fabric::EntityId;
    use weft_wire::{CounterSource, Overflow, Profile, Table};

    fn entity(bits: u8, overflow: Overflow) -> Entity {
        let source = CounterSource {
            counter: "rx_bytes".into(),
            source: "snmp".into(),
            raw_name: "ifInOctets".into(),
            bits,
            overflow,
            period_ms: 0,
        };
        Entity {
            id: EntityId(0),
            table: Table::Nic,
            slot: 0,
            device: "n0".into(),
            port: "eth0".into(),
            driver: "snmp".into(),
            collector: "n0".into(),
            speed_bps: None,
            epoch: 1,
            profile: Arc::new(Profile { counters: vec![source] }),
        }
    }

    /// The marks of readings a second apart, each (epoch, value).
    fn marks(entity: &Entity, readings: &[(i32, f64)]) -> Vec<(i64, String)> {
        let (counter, _) = catalogue().element(Table::Nic, "rx_bytes").unwrap();
        let reading = |(n, &(epoch, value)): (usize, &(i32, f64))| Reading {
            ts_ns: n as i64,
            epoch,
            value: Some(value),
            saturated: false,
        };
        let readings: Vec<_> = readings.iter().enumerate().map(reading).collect();
        let series = render(&readings, counter, wraps_at(entity, counter), SeriesMode::Rate);
        series.marks.into_iter().map(|mark| (mark.ts_ns, mark.kind)).collect()
    }

    #[test]
    fn uneven_readings_have_no_gaps_but_where_some_are_missing() {
        const SECOND: i64 = 1_000_000_000;
        let (counter, _) = catalogue().element(Table::Nic, "rx_bytes").unwrap();
        let read = |second: i64| weft_wire::instants::reading_ns(second, SECOND);
        let reading = |second| Reading { ts_ns: read(second), epoch: 1, value: Some(second as f64), saturated: false };
        for (missing, expected) in [(0..0, vec![]), (50..53, vec![(read(49), "gap".to_owned())])] {
            let readings: Vec<_> = (0..200).filter(|second| !missing.contains(second)).map(reading).collect();
            let series = render(&readings, counter, None, SeriesMode::Rate);
            let marks: Vec<_> = series.marks.into_iter().map(|mark| (mark.ts_ns, mark.kind)).collect();
            assert_eq!(marks, expected);
        }
    }

    #[test]
    fn a_narrow_counter_that_goes_round_wraps_and_all_other_falls_are_resets() {
        let readings = [(1, 4.2e9), (1, 50.0), (1, 2e9), (1, 10.0), (1, 4.2e9), (2, 10.0)];
        let kinds = |first: &str| [(1, first.to_owned()), (3, "reset".to_owned()), (5, "reset".to_owned())];
        assert_eq!(marks(&entity(32, Overflow::Wrap), &readings), kinds("wrap"));
        assert_eq!(marks(&entity(32, Overflow::Saturate), &readings), kinds("reset"));
        assert_eq!(marks(&entity(64, Overflow::Wrap), &readings), kinds("reset"));
    }
}

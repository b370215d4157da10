//! Counters narrower than 63 bits, straightened: a counter that goes round at its width is handed on as if it had not, so
//! that everything behind this file sees a count that rises.
//!
//! ```text
//! read, 32 bits      4294967290   15     900
//! handed on          4294967290   4294967311   4294968196
//! ```
//! A turn is the number of values that the counter has: 2³² for 32 bits. How wide a counter is, and that it goes round rather
//! than stays at its top, stands in the profile of its port: from the catalogue, or from the counters.csv of a trace. A
//! reading below the one before is taken for a wrap when the counter went less than half a turn forwards, and for a counter
//! that was set back when it would have gone further. Where the link is so fast that half a turn may have passed between
//! two readings, the reading says nothing and is taken out. Example: at 100 Gbit/s a counter of bytes of 32 bits goes half
//! round in 0.17 s, so that readings a second apart say nothing.

use super::slots::Slots;
use crate::fabric::TickBatch;
use crate::fabric::{Entity, EntityTable};
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Array, Int64Array, RecordBatch};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use weft_wire::{ColumnKind, CounterKind, Overflow, Profile, Table, TableSchema, catalogue};

/// The last reading of every narrow counter, by table and name, then slot of the entity.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Wraps {
    #[serde(with = "super::packed::pairs")]
    last: BTreeMap<(Table, String), Vec<Option<Straight>>>,
}

/// A reading as handed on.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Straight {
    ts_ns: i64,
    value: i64,
}

/// The smallest Ethernet frame, 64 bytes, with preamble and gap, 20 bytes: no link carries smaller packets.
const SMALLEST_PACKET: f64 = 84.0;
/// Rows of a slower tier may be older than the newest reading by the period of that tier, 10 s at most. A reading that is
/// older than that comes from a clock that was set back, and counts as the newest.
const TIERS_NS: i64 = 10_000_000_000;

impl Wraps {
    /// The batches of a tick with their narrow counters straightened. Most batches have none, and are not copied.
    pub fn straighten<'a>(
        &mut self,
        batches: &'a [TickBatch],
        entities: &EntityTable,
        slots: &Slots,
    ) -> Cow<'a, [TickBatch]> {
        let mut straight = Cow::Borrowed(batches);
        for (at, batch) in batches.iter().enumerate().filter(|(_, batch)| batch.table.is_wide()) {
            for column in narrow_columns(batch, entities) {
                let Some(values) = self.column(batch, column, entities, slots) else { continue };
                let to = &mut straight.to_mut()[at];
                let mut columns = to.batch.columns().to_vec();
                columns[column + TableSchema::KEYS] = Arc::new(values);
                if let Ok(rows) = RecordBatch::try_new(to.batch.schema(), columns) {
                    to.batch = rows;
                }
            }
        }
        straight
    }

    /// A column with its values straightened; `None` when no value changes.
    fn column(
        &mut self,
        batch: &TickBatch,
        column: usize,
        entities: &EntityTable,
        slots: &Slots,
    ) -> Option<Int64Array> {
        let name = &batch.schema.counters[column];
        let read = batch.batch.column(column + TableSchema::KEYS).as_primitive_opt::<Int64Type>()?;
        let times = batch.batch.column(1).as_primitive::<Int64Type>().values();
        let unit = catalogue().counter(batch.table, name).map_or("", |counter| counter.unit.as_str());
        let last = self.last.entry((batch.table, name.clone())).or_default();
        last.resize(slots.len(batch.table).max(last.len()), None);
        let (mut turn, mut of): (Option<i64>, Option<&Arc<Profile>>) = (None, None);
        let straight = |row: usize| {
            let entity = entities.get(batch.entities[row]);
            if of.is_none_or(|of| !Arc::ptr_eq(of, &entity.profile)) {
                (turn, of) = (turn_of(&entity.profile, name), Some(&entity.profile));
            }
            let value = read.is_valid(row).then(|| read.value(row))?;
            let Some(turn) = turn else { return Some(value) };
            let last = last.get_mut(slots.of(batch.entities[row]))?;
            step(last, times[row], value, turn, most_per_ns(entity, unit))
        };
        let values: Int64Array = (0..read.len()).map(straight).collect();
        (values != *read).then_some(values)
    }
}

/// The columns of counters that are narrow and go round by the profile of some row's port.
fn narrow_columns(batch: &TickBatch, entities: &EntityTable) -> Vec<usize> {
    let mut columns = Vec::new();
    let mut of: Option<&Arc<Profile>> = None;
    for &id in &batch.entities {
        let profile = &entities.get(id).profile;
        if of.is_some_and(|of| Arc::ptr_eq(of, profile)) {
            continue;
        }
        of = Some(profile);
        for source in profile.counters.iter().filter(|source| turn(source.bits, source.overflow).is_some()) {
            let is_count = |name: &str| {
                let counter = catalogue().counter(batch.table, name);
                counter.is_some_and(|c| c.kind == CounterKind::Counter && c.column_kind() == ColumnKind::Int)
            };
            let column = batch.schema.column(&source.counter).filter(|c| !columns.contains(c));
            columns.extend(column.filter(|_| is_count(&source.counter)));
        }
    }
    columns
}

/// The number of values after which a counter begins at 0 again; `None` where it stays at its top, or is so wide that it never
/// gets there.
pub fn turn(bits: u8, overflow: Overflow) -> Option<i64> {
    (bits < 63 && overflow == Overflow::Wrap).then(|| 1 << bits)
}

fn turn_of(profile: &Profile, counter: &str) -> Option<i64> {
    let source = profile.counters.iter().find(|source| source.counter == counter)?;
    turn(source.bits, source.overflow)
}

/// Whether a fall is a wrap: the counter went less than half a turn forwards.
pub fn goes_round(before: i64, now: i64, turn: i64) -> bool {
    now < before && (now.saturating_sub(before)).rem_euclid(turn) < turn / 2
}

/// The most that a link can add to a counter of this unit in a nanosecond, where its speed is known.
fn most_per_ns(entity: &Entity, unit: &str) -> Option<f64> {
    let bytes = entity.speed_bps.filter(|&bps| bps > 0)? as f64 / 8e9;
    match unit {
        "bytes" => Some(bytes),
        "packets" => Some(bytes / SMALLEST_PACKET),
        _ => None,
    }
}

/// Takes in a reading and hands it on straightened; `None` where the reading says nothing.
fn step(last: &mut Option<Straight>, ts_ns: i64, read: i64, turn: i64, most: Option<f64>) -> Option<i64> {
    let Some(before) = *last else {
        *last = Some(Straight { ts_ns, value: read });
        return Some(read);
    };
    let passed_ns = ts_ns.saturating_sub(before.ts_ns);
    let forwards = read.saturating_sub(before.value).rem_euclid(turn);
    // A row of a slower tier, older than the newest reading: the value that is nearer to the newest one.
    if (-TIERS_NS..=0).contains(&passed_ns) {
        let back = if forwards < turn / 2 { 0 } else { turn };
        return before.value.checked_add(forwards - back);
    }
    let fell = read < before.value.rem_euclid(turn);
    let back = if fell && forwards >= turn / 2 { turn } else { 0 };
    // A count that has gone round so often that 64 bits do not hold it begins anew.
    let value = before.value.checked_add(forwards - back).unwrap_or(read);
    *last = Some(Straight { ts_ns, value });
    let unseen = most.is_some_and(|most| most * passed_ns as f64 >= turn as f64 / 2.0);
    (!unseen).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: i64 = 1_000_000_000;

    fn straightened(readings: &[(i64, i64)], bits: u8, most: Option<f64>) -> Vec<Option<i64>> {
        let mut last = None;
        readings.iter().map(|&(s, read)| step(&mut last, s * S, read, 1 << bits, most)).collect()
    }

    #[test]
    fn a_counter_of_any_width_rises_through_its_wraps() {
        for bits in 3..63 {
            let turn = 1_i64 << bits;
            let rise = turn / 8 * 3;
            // From near the end of a turn on, so that wide ones stay within their column.
            let truth: Vec<i64> = (0..3).map(|n| turn / 4 * 3 + n * rise / 2).collect();
            let readings: Vec<(i64, i64)> = truth.iter().enumerate().map(|(s, v)| (s as i64, v % turn)).collect();
            assert_eq!(straightened(&readings, bits, None), truth.into_iter().map(Some).collect::<Vec<_>>(), "{bits}");
        }
    }

    #[test]
    fn what_is_set_back_stays_a_fall_and_what_could_have_gone_round_unseen_tells_nothing() {
        assert_eq!(straightened(&[(0, 100), (1, 0), (2, 5)], 8, None), [Some(100), Some(0), Some(5)]);
        assert_eq!(straightened(&[(0, 250), (1, 3)], 8, None), [Some(250), Some(259)]);
        // Up to 200 a second: half a turn of 256 passes in 0.64 s.
        assert_eq!(straightened(&[(0, 100), (1, 120), (2, 90)], 8, Some(200e-9)), [Some(100), None, None]);
        assert_eq!(straightened(&[(0, 250), (1, 3)], 8, Some(100e-9)), [Some(250), Some(259)]);
    }

    #[test]
    fn a_slower_tier_in_between_and_a_clock_set_back_do_not_turn_the_count() {
        assert_eq!(
            straightened(&[(0, 250), (2, 3), (1, 254), (2, 3), (3, 9)], 8, None),
            [250, 259, 254, 259, 265].map(Some)
        );
        assert_eq!(straightened(&[(7200, 250), (0, 3), (1, 9)], 8, None), [250, 259, 265].map(Some));
    }

    #[test]
    fn extremes_do_no_harm() {
        let ends = [i64::MIN, -1, 0, 1, i64::MAX];
        for bits in [1, 8, 32, 62] {
            for (a, b) in ends.iter().flat_map(|a| ends.map(|b| (*a, b))) {
                let (mut last, turn) = (Some(Straight { ts_ns: a, value: b }), 1 << bits);
                for (at, read) in ends.iter().flat_map(|at| ends.map(|read| (*at, read))) {
                    let _ = step(&mut last, at, read, turn, None);
                }
            }
        }
        assert_eq!((turn(63, Overflow::Wrap), turn(32, Overflow::Saturate)), (None, None));
    }
}

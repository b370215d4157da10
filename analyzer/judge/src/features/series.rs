//! Which counters fell since they were last read: the last reading of every counter, 8 bytes each, column by column.
//!
//! A device that restarts sets most of its counters back to 0, and what was counted before cannot be compared with what comes
//! after. Example: of a row of 40 counters 31 are below their last reading; the port restarted. Narrow counters come
//! straightened (`wraps.rs`), so that one that went round has not fallen.
//!
//! On the way it hands on what some counters rose by (`followed.rs`): those that stand at 0 on most ports, so that few rows
//! are handed on.

use super::followed::{Columns, Counted, Rows, summed};
use super::slots::Slots;
use crate::fabric::TickBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Array, Int64Array};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use weft_wire::{Fingerprint, TableSchema};

const UNREAD: i64 = i64::MIN;
const NOWHERE: u32 = u32::MAX;
/// A schema that no row has used for so many ticks, a quarter of an hour at 1 s, is forgotten: after an upgrade a collector
/// comes back with another one.
const FORGET_TICKS: i64 = 900;

/// Last values per schema. Rows of one schema come in order of time; those of two (a tier read ten times a second, one
/// read once) interleave, and are compared each with its own kind.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Series {
    schemas: BTreeMap<Fingerprint, Last>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Last {
    /// Entity slot → index into each column: a schema has the entities of one driver, a table those of all.
    places: Vec<u32>,
    entities: u32,
    columns: Vec<Vec<i64>>,
    tick: i64,
    /// Which of the columns are counters, and which of these are followed, once somebody has looked.
    #[serde(skip)]
    followed: Option<Columns>,
}

impl Last {
    /// Where the values of a slot lie.
    fn place(&mut self, slot: usize) -> u32 {
        if self.places.len() <= slot {
            self.places.resize(slot + 1, NOWHERE);
        }
        if self.places[slot] == NOWHERE {
            self.places[slot] = self.entities;
            self.entities += 1;
        }
        self.places[slot]
    }
}

/// What one batch shows beside the readings before it.
#[derive(Debug, Default)]
pub struct Shown {
    /// Rows in which counters fell: the row, how many of its counters fell, and how many were compared.
    pub falls: Vec<(usize, u16, u16)>,
    pub counted: Vec<Counted>,
}

/// By row, how many counters fell, and how many were compared.
struct Compared {
    fallen: Vec<u16>,
    all: Vec<u16>,
}

impl Compared {
    fn note(&mut self, row: usize, old: i64, new: i64) {
        if old != UNREAD {
            self.all[row] += 1;
            self.fallen[row] += u16::from(new < old);
        }
    }
}

/// One counter of all rows. `last`: its last readings, at the place of each row's entity. `note` is handed every row that tells
/// it, the reading before ([`UNREAD`] where there is none) and the reading.
fn each(values: &Int64Array, places: &[u32], last: &mut [i64], mut note: impl FnMut(usize, i64, i64)) {
    let has_nulls = values.null_count() > 0;
    for (row, (&new, &place)) in values.values().iter().zip(places).enumerate() {
        if has_nulls && values.is_null(row) {
            continue;
        }
        let old = std::mem::replace(&mut last[place as usize], new);
        note(row, old, new);
    }
}

impl Series {
    /// Compares every counter of the batch with its last reading and remembers the new one.
    pub fn update(&mut self, now: i64, tick: &TickBatch, slots: &Slots) -> Shown {
        let rows = tick.batch.num_rows();
        let mut counted = Vec::new();
        let mut compared = Compared { fallen: vec![0; rows], all: vec![0; rows] };
        let last = self.schemas.entry(tick.schema.fingerprint()).or_default();
        last.tick = now;
        let places: Vec<u32> = tick.entities.iter().map(|&e| last.place(slots.of(e))).collect();
        let room = last.entities as usize;
        last.columns.resize_with(tick.schema.counters.len(), Vec::new);
        let followed = last.followed.get_or_insert_with(|| Columns::of(&tick.schema));
        for index in (0..tick.schema.counters.len()).filter(|&index| followed.is_counter(index)) {
            let column = tick.batch.column(index + TableSchema::KEYS);
            let last = &mut last.columns[index];
            let mut follow = |rows: &Rows<'_>, row, old, new| {
                counted.extend(rows.counted(row, (old != UNREAD).then_some(old), new));
            };
            match (column.as_primitive_opt::<Int64Type>(), followed.rows(index, tick)) {
                (Some(values), None) => {
                    last.resize(room, UNREAD);
                    each(values, &places, last, |row, old, new| compared.note(row, old, new));
                }
                (Some(values), Some(rows)) => {
                    last.resize(room, UNREAD);
                    each(values, &places, last, |row, old, new| {
                        compared.note(row, old, new);
                        follow(&rows, row, old, new);
                    });
                }
                (None, Some(rows)) => {
                    last.resize(room, UNREAD);
                    let values = summed(column);
                    values.iter().for_each(|v| each(v, &places, last, |row, old, new| follow(&rows, row, old, new)));
                }
                (None, None) => {}
            }
        }
        let Compared { fallen, all } = compared;
        let falls = (0..rows).filter(|&row| fallen[row] > 0).map(|row| (row, fallen[row], all[row])).collect();
        Shown { falls, counted }
    }

    /// The followed columns of each schema that has rows of the entity of that slot.
    pub fn schemas_of(&self, slot: usize) -> impl Iterator<Item = &Columns> {
        let has = move |last: &&Last| last.places.get(slot).is_some_and(|&place| place != NOWHERE);
        self.schemas.values().filter(has).filter_map(|last| last.followed.as_ref())
    }

    pub fn forget(&mut self, now: i64) {
        self.schemas.retain(|_, last| last.tick > now.saturating_sub(FORGET_TICKS));
    }
}

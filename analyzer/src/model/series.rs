//! The last reading of every counter, to see which fell: 8 bytes a series, column by column.

use crate::inventory::EntityTable;
use crate::tick::TickBatch;
use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use std::collections::BTreeMap;
use weft_wire::{ColumnKind, CounterKind, Fingerprint, Overflow, TableSchema, catalogue};

const UNREAD: i64 = i64::MIN;

/// Last values per schema and column, indexed by the entity's slot. Rows of one schema come in order of time; those of
/// two (a tier read ten times a second, one read once) interleave, and are compared each with its own kind.
#[derive(Debug, Default)]
pub struct Series {
    schemas: BTreeMap<Fingerprint, Vec<Vec<i64>>>,
}

/// What one batch told of resets: per entity slot, how many counters fell and how many rose or stood.
#[derive(Debug, Default)]
pub struct Falls {
    /// (row, fallen counters, counters compared)
    pub rows: Vec<(usize, u16, u16)>,
}

impl Series {
    /// Compares every counter of the batch with its last reading and remembers the new one.
    pub fn update(&mut self, tick: &TickBatch, entities: &EntityTable) -> Falls {
        let rows = tick.batch.num_rows();
        let (mut fallen, mut compared) = (vec![0u16; rows], vec![0u16; rows]);
        let slots: Vec<usize> = tick.entities.iter().map(|&e| entities.get(e).slot as usize).collect();
        let room = entities.slots(tick.table);
        let columns = self.schemas.entry(tick.schema.fingerprint()).or_default();
        columns.resize_with(tick.schema.counters.len(), Vec::new);
        for (index, name) in tick.schema.counters.iter().enumerate() {
            let Some(counter) = catalogue().counter(tick.table, name) else { continue };
            if counter.kind != CounterKind::Counter || counter.column_kind() != ColumnKind::Int {
                continue;
            }
            let Some(values) = tick.batch.column(index + TableSchema::KEYS).as_primitive_opt::<Int64Type>() else {
                continue;
            };
            let last = &mut columns[index];
            last.resize(room.max(last.len()), UNREAD);
            for row in 0..rows {
                if values.is_null(row) {
                    continue;
                }
                let (old, new) = (std::mem::replace(&mut last[slots[row]], values.value(row)), values.value(row));
                if old == UNREAD {
                    continue;
                }
                compared[row] += 1;
                if new < old && !wrapped(name, old, new, &entities.get(tick.entities[row]).profile) {
                    fallen[row] += 1;
                }
            }
        }
        let rows = (0..rows).filter(|&r| fallen[r] > 0).map(|r| (r, fallen[r], compared[r])).collect();
        Falls { rows }
    }
}

/// Whether a fall is a wrap of a narrow counter: it stood in the upper eighth of its width and is now in the lower.
fn wrapped(counter: &str, old: i64, new: i64, profile: &weft_wire::Profile) -> bool {
    let Some(source) = profile.counters.iter().find(|c| c.counter == counter) else { return false };
    if source.bits >= 63 || source.overflow == Overflow::Saturate {
        return false;
    }
    let width = 1i64 << source.bits;
    old >= width / 8 * 7 && new <= width / 8
}

//! Counters that are followed from reading to reading where they ever counted anything: damage that a port's receiver counts.
//!
//! On most ports of a fabric such a counter stands at 0 for ever. Nothing is handed on of these, and nothing is remembered of
//! them but the last reading, which `series.rs` keeps of every counter anyway.
//!
//! ```text
//! rx_crc_errors   leaf1 swp1    0    0    0    0        nothing is handed on
//!                 spine2 swp2   4    4   21   46        handed on: unknown, 0, 17, 25
//! ```

use super::{Features, errors};
use crate::fabric::{EntityId, EntityTable, TickBatch};
use arrow_array::Array;
use weft_wire::{Table, TableSchema};

/// What one row says of a followed counter that has counted anything.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Counted {
    pub row: usize,
    /// Its place in [`errors::READS`].
    counter: u8,
    /// Since the reading before; `None` where there is none, and where the counter was set back.
    rise: Option<i64>,
}

/// Which columns of a schema are followed.
#[derive(Clone, Debug)]
pub struct Columns {
    table: Table,
    columns: Vec<Column>,
}

#[derive(Clone, Debug)]
struct Column {
    at: usize,
    counter: u8,
    /// Columns of counters that tell the same more exactly: in a row that has one of them this one is not followed.
    finer: Vec<usize>,
}

impl Columns {
    pub fn of(schema: &TableSchema) -> Columns {
        let column = |(counter, read): (usize, &errors::Read)| {
            let finer = read.finer.iter().filter_map(|name| schema.column(name)).collect();
            Some(Column { at: schema.column(read.counter)?, counter: counter as u8, finer })
        };
        let is_of_ports = matches!(schema.table, Table::Nic | Table::SwitchPort);
        let reads = errors::READS.iter().enumerate().filter(|_| is_of_ports);
        Columns { table: schema.table, columns: reads.filter_map(column).collect() }
    }

    /// Rows of this table that have followed columns.
    pub fn are_of(&self, table: Table) -> bool {
        self.table == table && !self.columns.is_empty()
    }

    /// How the rows of a column are followed; `None` where they are not.
    pub fn rows<'a>(&self, column: usize, batch: &'a TickBatch) -> Option<Rows<'a>> {
        let column = self.columns.iter().find(|followed| followed.at == column)?;
        let array = |&at: &usize| batch.batch.column(at + TableSchema::KEYS).as_ref();
        Some(Rows { counter: column.counter, finer: column.finer.iter().map(array).collect() })
    }
}

/// The rows of a followed column.
pub struct Rows<'a> {
    counter: u8,
    finer: Vec<&'a dyn Array>,
}

impl Rows<'_> {
    pub fn counted(&self, row: usize, before: Option<i64>, now: i64) -> Option<Counted> {
        if now == 0 && before.is_none_or(|before| before == 0) || self.finer.iter().any(|array| array.is_valid(row)) {
            return None;
        }
        let rise = before.map(|before| now.saturating_sub(before)).filter(|&rise| rise >= 0);
        Some(Counted { row, counter: self.counter, rise })
    }
}

impl Features {
    /// By port, whether its rows have a column that is followed.
    pub fn ports_that_count(&self) -> Vec<bool> {
        let mut counts = vec![false; self.ports.len()];
        for (index, port) in self.by_entity.iter().enumerate() {
            let Some(port) = *port else { continue };
            let slot = self.slots.of(EntityId(index as u32));
            let mut tables = [Table::Nic, Table::SwitchPort].into_iter();
            counts[port] |= tables.any(|table| self.series.follows(table, slot));
        }
        counts
    }

    /// Notes what was counted in a batch with the ports that counted it. In the tick of a restart old and new counts stand side
    /// by side.
    pub(super) fn follow(&mut self, batch: &TickBatch, counted: &[Counted], entities: &EntityTable) {
        for &Counted { row, counter, rise } in counted {
            let Some(port) = self.port_of(batch.entities[row], entities) else { continue };
            let state = &mut self.ports[port];
            if state.reset_tick == Some(self.tick) || (state.errors.is_none() && rise.is_none_or(|rise| rise == 0)) {
                continue;
            }
            state.errors.get_or_insert_default().note(counter, rise);
            if self.erring.last() != Some(&port) {
                self.erring.push(port);
            }
        }
    }
}

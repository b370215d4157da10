//! Counters that are followed from reading to reading where they ever counted anything: damage that a port's receiver counts,
//! pauses of hosts, and notifications of congestion.
//!
//! On most ports of a fabric such a counter stands at 0 for ever. Nothing is handed on of these, and nothing is remembered of
//! them but the last reading, which `series.rs` keeps of every counter anyway.
//!
//! ```text
//! rx_crc_errors   leaf1 swp1    0    0    0    0        nothing is handed on
//!                 spine2 swp2   4    4   21   46        handed on: unknown, 0, 17, 25
//! ```

use super::pauses::Way;
use super::{Features, errors, notices, pauses};
use crate::fabric::{EntityId, EntityTable, PortId, TickBatch};
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Array, Int64Array};
use weft_wire::{CounterKind, Table, TableSchema, catalogue};

/// Whose a followed counter is: its place among the counters of that family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Followed {
    /// In [`errors::READS`]; of a link between GPUs, too.
    Error(u8),
    /// In [`pauses::READS`]: what a host sent, and what it received, by its own port or by that of its switch.
    PauseSent(u8),
    PauseReceived(u8),
    /// In [`notices::READS`], of hosts.
    Notice(u8),
}

/// What one row says of a followed counter that has counted anything.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Counted {
    pub row: usize,
    counter: Followed,
    /// Since the reading before; `None` where there is none, and where the counter was set back.
    rise: Option<i64>,
}

/// Which columns of a schema are counters, and which of them are followed.
#[derive(Clone, Debug)]
pub struct Columns {
    table: Table,
    are_counters: Vec<bool>,
    columns: Vec<Column>,
}

#[derive(Clone, Debug)]
struct Column {
    at: usize,
    counter: Followed,
    /// Columns of counters that tell the same more exactly: in a row that has one of them ([`Rows::is_told_finer`]) this one
    /// is not followed.
    finer: Vec<usize>,
}

impl Columns {
    pub fn of(schema: &TableSchema) -> Columns {
        let column = |name: &str, counter: Followed, finer: &[&str]| {
            let finer = finer.iter().filter_map(|name| schema.column(name)).collect();
            Some(Column { at: schema.column(name)?, counter, finer })
        };
        let is_of_links = schema.table == Table::GpuLink;
        let own = |at: u8| (usize::from(at) >= errors::OF_GPU_LINKS) == is_of_links;
        let errors = errors::READS.iter().zip(0..).filter(|(_, at)| own(*at));
        let errors = errors.map(|(read, at)| column(read.counter, Followed::Error(at), read.finer));
        let pauses = pauses::READS.iter().zip(0..).flat_map(|(read, at)| {
            // What a host sends its switch port receives.
            let (sent, received): (Way, Way) = match schema.table {
                Table::Nic => (|read| read.sent, |read| read.received),
                _ => (|read| read.received, |read| read.sent),
            };
            let finer = |way: Way| read.finer().map(way).collect::<Vec<_>>();
            [
                column(sent(read), Followed::PauseSent(at), &finer(sent)),
                column(received(read), Followed::PauseReceived(at), &finer(received)),
            ]
        });
        let is_of_ports = matches!(schema.table, Table::Nic | Table::SwitchPort);
        let notices = notices::READS.iter().zip(0..).map(|(name, at)| column(name, Followed::Notice(at), &[]));
        let notices = notices.filter(|_| schema.table == Table::Nic);
        let of_ports = pauses.chain(notices).filter(|_| is_of_ports).flatten();
        let columns = errors.flatten().filter(|_| is_of_ports || is_of_links).chain(of_ports).collect();
        let is_counter = |name: &String| {
            let counter = catalogue().counter(schema.table, name);
            counter.is_some_and(|counter| counter.kind == CounterKind::Counter)
        };
        let are_counters = schema.counters.iter().map(is_counter).collect();
        Columns { table: schema.table, are_counters, columns }
    }

    pub fn is_counter(&self, column: usize) -> bool {
        self.are_counters[column]
    }

    /// Its rows tell a counter of this kind.
    fn tell(&self, is: fn(Followed) -> bool) -> bool {
        self.columns.iter().any(|column| is(column.counter))
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
    counter: Followed,
    finer: Vec<&'a dyn Array>,
}

impl Rows<'_> {
    pub fn counted(&self, row: usize, before: Option<i64>, now: i64) -> Option<Counted> {
        if now == 0 && before.is_none_or(|before| before == 0) || self.is_told_finer(row) {
            return None;
        }
        let rise = before.map(|before| now.saturating_sub(before)).filter(|&rise| rise >= 0);
        Some(Counted { row, counter: self.counter, rise })
    }

    /// Of damage the finer counter must be told, of pauses it must have counted: drivers that do not know for how long they were
    /// paused say 0 µs.
    fn is_told_finer(&self, row: usize) -> bool {
        let has_counted = |array: &Int64Array| array.is_valid(row) && array.value(row) > 0;
        self.finer.iter().any(|array| match self.counter {
            Followed::Error(_) => array.is_valid(row),
            _ => array.as_primitive_opt().is_some_and(has_counted),
        })
    }
}

/// The sum of each row's list: of a counter that is told by priority, all of it. `None` of a column that holds no lists.
pub fn summed(column: &dyn Array) -> Option<Int64Array> {
    let lists = column.as_fixed_size_list_opt()?;
    let sum = |row: usize| {
        let list = lists.is_valid(row).then(|| lists.value(row))?;
        let told = list.as_primitive_opt::<Int64Type>()?.iter().flatten();
        told.reduce(|sum, value| sum.saturating_add(value))
    };
    Some((0..lists.len()).map(sum).collect())
}

pub fn is_error(counter: Followed) -> bool {
    matches!(counter, Followed::Error(_))
}

pub fn is_notice(counter: Followed) -> bool {
    matches!(counter, Followed::Notice(_))
}

pub fn is_pause(counter: Followed) -> bool {
    matches!(counter, Followed::PauseSent(_))
}

/// What is remembered of one counter, among what is remembered of several; it begins where there is nothing yet. Most ports
/// have one, and a vector that grows by itself would make room for four.
pub fn stream_of<S>(streams: &mut Vec<S>, is_its: impl Fn(&S) -> bool, begin: impl FnOnce() -> S) -> &mut S {
    let at = streams.iter().position(is_its).unwrap_or(streams.len());
    if at == streams.len() {
        streams.reserve_exact(1);
        streams.push(begin());
    }
    &mut streams[at]
}

impl Features {
    /// By port, whether its rows tell a counter of this kind.
    pub fn ports_that_tell(&self, is: fn(Followed) -> bool) -> Vec<bool> {
        let mut told = vec![false; self.ports.len()];
        for (index, port) in self.by_entity.iter().enumerate() {
            let Some(port) = port.map(|port| port.get() as PortId) else { continue };
            let slot = self.slots.of(EntityId(index as u32));
            let mut schemas = self.series.schemas_of(slot);
            told[port] |= schemas.any(|columns| self.is_of(port, columns.table) && columns.tell(is));
        }
        told
    }

    /// Ports of switches are told of in a table of their own, and numbered apart from those of hosts.
    fn is_of(&self, port: PortId, table: Table) -> bool {
        self.topology.devices[self.topology.ports[port].device].is_switch == (table == Table::SwitchPort)
    }

    /// Notes what was counted in a batch with the ports that counted it. In the tick of a restart old and new counts stand side
    /// by side.
    pub(super) fn follow(&mut self, batch: &TickBatch, counted: &[Counted], entities: &EntityTable) {
        if batch.table == Table::GpuLink {
            let noted = counted.iter().filter_map(|told| match told.counter {
                Followed::Error(counter) => Some((batch.entities[told.row], counter, told.rise)),
                Followed::PauseSent(_) | Followed::PauseReceived(_) | Followed::Notice(_) => None,
            });
            return noted.for_each(|(id, counter, rise)| self.note_gpu_link(entities.get(id), counter, rise));
        }
        for &Counted { row, counter, rise } in counted {
            let Some(port) = self.port_of(batch.entities[row], entities) else { continue };
            // Most counters of damage that ever counted anything stand still, on ports that remember nothing of them.
            if rise == Some(0) && is_error(counter) && !self.ports_with.errors.contains(&port) {
                continue;
            }
            // Pauses between switches are what pauses that spread do.
            let is_asked = is_error(counter) || batch.table == Table::Nic || self.topology.leads_to_host(port);
            if is_asked && self.ports[port].reset_tick() != Some(self.tick) {
                self.note(port, counter, rise);
            }
        }
    }

    /// What a port remembers of a counter begins with its first rise.
    fn note(&mut self, port: PortId, counter: Followed, rise: Option<i64>) {
        let state = &mut self.ports[port];
        let begins = rise.is_some_and(|rise| rise > 0);
        let told = match counter {
            Followed::Error(counter) if begins || state.errors.is_some() => {
                self.ports_with.errors.insert(port);
                state.errors.get_or_insert_default().note(counter, rise);
                &mut self.erring
            }
            Followed::PauseSent(counter) if begins || !state.pauses.is_empty() => {
                if !state.pauses.note_sent(counter, rise) {
                    return;
                }
                &mut self.pausing
            }
            Followed::PauseReceived(counter) => {
                return state.pauses.note_received(counter, rise);
            }
            Followed::Notice(counter) => {
                return self.noticing.extend(rise.map(|rise| (port, usize::from(counter), rise as f32)));
            }
            Followed::Error(_) | Followed::PauseSent(_) => return,
        };
        if told.last() != Some(&port) {
            told.push(port);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::told;
    use std::sync::Arc;
    use weft_wire::TableWriter;

    #[test]
    fn a_total_is_followed_where_its_row_tells_no_part_of_it() {
        let check = |counters: &[(&str, f64)], expected: &[(usize, u8, Option<i64>)]| {
            let batch = told(counters);
            let columns = Columns::of(&batch.schema);
            let rows = (0..counters.len()).filter_map(|at| Some((at, columns.rows(at, &batch)?)));
            let counted = rows.filter_map(|(at, rows)| Some((at, rows.counted(0, Some(2), counters[at].1 as i64)?)));
            let counted = counted.filter_map(|(at, counted)| match counted.counter {
                Followed::Error(error) => Some((at, error, counted.rise)),
                _ => None,
            });
            assert_eq!(counted.collect::<Vec<_>>(), expected, "{counters:?}");
        };
        check(&[("tx_bytes", 9.0), ("rx_errors", 7.0)], &[(1, 2, Some(5))]);
        check(&[("rx_errors", 7.0), ("rx_crc_errors", 3.0)], &[(1, 0, Some(1))]);
        check(&[("symbol_errors", 2.0), ("rx_crc_errors", 1.0)], &[(0, 3, Some(0)), (1, 0, None)]);
    }

    #[test]
    fn what_stands_at_0_is_not_handed_on() {
        let rows = Rows { counter: Followed::Error(0), finer: Vec::new() };
        let rise = |before: Option<i64>, now: i64| rows.counted(0, before, now).map(|counted| counted.rise);
        assert_eq!([rise(Some(0), 0), rise(None, 0)], [None, None]);
        assert_eq!([rise(None, 4), rise(Some(4), 0), rise(Some(4), 4)], [Some(None), Some(None), Some(Some(0))]);
    }

    #[test]
    fn a_counter_by_priority_is_the_sum_of_all() {
        let schema =
            Arc::new(TableSchema::wide(Table::Nic, &["tx_pause_frames_p"]).expect("a counter of the catalogue"));
        let mut writer = TableWriter::new(schema);
        for told in [&[(3, 40), (4, 2)][..], &[]] {
            writer.begin_row(0, 1, None, 0);
            told.iter().for_each(|&(priority, frames)| writer.set_int(0, priority, frames));
        }
        let batch = writer.finish().expect("rows of the schema");
        let sums = summed(batch.column(TableSchema::KEYS)).expect("lists");
        assert_eq!(sums.iter().collect::<Vec<_>>(), [Some(42), None]);
    }
}

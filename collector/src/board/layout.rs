//! The schemas of the frames to come, and the writers that fill them.
//!
//! A row bears the middle of the window in which its bytes were read. How wide that window was stands beside the counters, as
//! `window_us`, for which no source has a cell.

use super::entity::Entity;
use std::sync::Arc;
use weft_wire::{ExtraRow, Section, Table, TableSchema, TableWriter, Tier, WireError, catalogue};

#[derive(Debug, Default)]
pub(super) struct Layout {
    tables: Vec<TableLayout>,
}

/// A table's full schema, written each normal tick, and the narrow one of the ticks between.
#[derive(Debug)]
struct TableLayout {
    table: Table,
    full: Writer,
    fast: Option<Writer>,
}

#[derive(Debug)]
struct Writer {
    rows: TableWriter,
    /// The column of [`WINDOW`], in tables that have it.
    window: Option<usize>,
}

const WINDOW: &str = "window_us";

impl Layout {
    /// Gives every cell its column. A table's columns are those of all its entities, in catalogue order.
    pub fn of<'a>(entities: impl Iterator<Item = &'a mut Entity>) -> Result<Layout, WireError> {
        let mut entities: Vec<&mut Entity> = entities.collect();
        let mut tables = Vec::new();
        for table in Table::ALL.into_iter().filter(|t| t.is_wide()) {
            let of_table = || entities.iter().filter(|e| e.table == table);
            if of_table().next().is_none() {
                continue;
            }
            let mut used: Vec<(usize, Tier)> = of_table()
                .flat_map(|e| e.cells())
                .filter_map(|c| c.column().map(|column| (column.mapping.counter, column.tier)))
                .collect();
            used.sort_unstable();
            used.dedup();
            let layout = TableLayout::of(table, &used)?;
            entities.iter_mut().filter(|e| e.table == table).for_each(|entity| layout.place(entity));
            tables.push(layout);
        }
        Ok(Layout { tables })
    }

    /// Adds a row of what `round` has read of the entity.
    pub fn write(&mut self, entity: &Entity, round: u32, normal: bool) {
        if let Some(layout) = self.tables.iter_mut().find(|t| t.table == entity.table) {
            layout.write(entity, round, normal);
        }
    }

    pub fn take(&mut self) -> Result<Vec<Section>, WireError> {
        let (fast, full): (Vec<_>, Vec<_>) = self.tables.iter_mut().map(|t| (t.fast.as_mut(), &mut t.full)).unzip();
        let writers = fast.into_iter().flatten().chain(full);
        writers
            .map(|w| &mut w.rows)
            .filter(|w| w.rows() > 0)
            .map(|w| Ok(Section { schema: w.schema().clone(), batch: w.finish()? }))
            .collect()
    }

    pub fn schemas(&self) -> impl Iterator<Item = &TableSchema> {
        self.tables.iter().flat_map(|t| t.fast.iter().chain([&t.full])).map(|w| w.rows.schema().as_ref())
    }
}

impl TableLayout {
    fn of(table: Table, used: &[(usize, Tier)]) -> Result<TableLayout, WireError> {
        let name = |counter: usize| catalogue().counters()[counter].name.as_str();
        let full: Vec<&str> = used.iter().map(|(counter, _)| name(*counter)).collect();
        let fast: Vec<&str> =
            used.iter().filter(|(_, t)| *t == Tier::Fast).map(|(counter, _)| name(*counter)).collect();
        let writer = |counters: &[&str]| Writer::of(table, counters);
        Ok(TableLayout { table, full: writer(&full)?, fast: if fast.is_empty() { None } else { Some(writer(&fast)?) } })
    }

    fn place(&self, entity: &mut Entity) {
        for cell in entity.cells_mut() {
            let super::Target::Column(column) = &mut cell.target else { continue };
            let at = |writer: &Writer| writer.rows.schema().column(&column.counter).map(|at| at as u16);
            let (full, fast) = (at(&self.full), self.fast.as_ref().and_then(at));
            (column.full, column.fast) = (full.unwrap_or_default(), fast);
        }
    }

    fn write(&mut self, entity: &Entity, round: u32, normal: bool) {
        let fresh = entity.columns().filter(|c| c.round == round);
        let writer = match (normal, &mut self.fast) {
            (true, _) => &mut self.full,
            (false, Some(fast)) => fast,
            (false, None) => return,
        };
        let (window, rows) = (writer.window, &mut writer.rows);
        rows.begin_row(entity.index, entity.ts_ns(), None, entity.epoch);
        if let (Some(at), Some(width_us)) = (window, entity.window_us()) {
            rows.set_uint(at, 0, width_us);
        }
        for cell in fresh {
            let Some(column) = cell.column() else { continue };
            if let Some(at) = if normal { Some(column.full) } else { column.fast } {
                cell.write(column, at, rows);
            }
        }
    }
}

impl Writer {
    fn of(table: Table, counters: &[&str]) -> Result<Writer, WireError> {
        let window = catalogue().counter(table, WINDOW).map(|_| WINDOW);
        let columns: Vec<&str> = counters.iter().copied().chain(window).collect();
        let schema = TableSchema::wide(table, &columns)?;
        Ok(Writer { window: schema.column(WINDOW), rows: TableWriter::new(Arc::new(schema)) })
    }
}

pub(super) fn extra_section(rows: &[ExtraRow]) -> Result<Section, WireError> {
    Ok(Section { schema: Arc::new(TableSchema::fixed(Table::Extra)?), batch: ExtraRow::batch(rows)? })
}

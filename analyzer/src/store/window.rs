//! The hot window: the rows of the last minutes, as Arrow batches in memory, bounded by event time and by bytes.

use arrow_array::builder::{Int32Builder, Int64Builder, StringBuilder};
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Array, ArrayRef, Int32Array, RecordBatch};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, LazyLock};
use weft_judge::fabric::EntityId;
use weft_judge::fabric::{LinkEvent, StepMark, Tick, TickBatch};
use weft_wire::{Table, TableSchema};

/// Rows of one tick and schema. A wide batch is as on the wire, but its first column holds entity ids.
#[derive(Debug)]
pub struct StoredBatch {
    pub min_ns: i64,
    pub max_ns: i64,
    /// `None` for events and marks.
    pub schema: Option<Arc<TableSchema>>,
    pub batch: RecordBatch,
    tick: i64,
    bytes: usize,
}

#[derive(Debug)]
pub struct Window {
    tables: BTreeMap<Table, VecDeque<Arc<StoredBatch>>>,
    span_ns: i64,
    max_bytes: usize,
    bytes: usize,
    newest_ns: i64,
    /// Rows that could not be kept.
    failed_rows: u64,
}

/// Layout of the rows of `event`.
pub static EVENT: LazyLock<SchemaRef> = LazyLock::new(|| {
    layout(&[
        ("ts_ns", DataType::Int64),
        ("device", DataType::Utf8),
        ("port", DataType::Utf8),
        ("event", DataType::Utf8),
        ("text", DataType::Utf8),
    ])
});

/// Layout of the rows of `step`.
pub static STEP: LazyLock<SchemaRef> = LazyLock::new(|| {
    layout(&[
        ("end_ns", DataType::Int64),
        ("start_ns", DataType::Int64),
        ("job", DataType::Utf8),
        ("rank", DataType::Int32),
        ("device", DataType::Utf8),
        ("step", DataType::Int64),
        ("phase", DataType::Utf8),
    ])
});

fn layout(columns: &[(&str, DataType)]) -> SchemaRef {
    Arc::new(Schema::new(columns.iter().map(|(n, t)| Field::new(*n, t.clone(), false)).collect::<Vec<_>>()))
}

impl Window {
    pub fn new(span_ns: i64, max_bytes: usize) -> Window {
        Window { tables: BTreeMap::new(), span_ns, max_bytes, bytes: 0, newest_ns: i64::MIN, failed_rows: 0 }
    }

    pub fn bytes(&self) -> usize {
        self.bytes
    }

    pub fn failed_rows(&self) -> u64 {
        self.failed_rows
    }

    /// The batches of a table, oldest first. They are shared, not copied.
    pub fn batches(&self, table: Table) -> Vec<Arc<StoredBatch>> {
        self.tables.get(&table).into_iter().flatten().cloned().collect()
    }

    pub fn add(&mut self, tick: &Tick) {
        if tick.end_ns < self.newest_ns {
            // The data's clock was set back: what lies in the new future would stay for ever, and push out the present.
            (self.bytes, self.tables) = (0, BTreeMap::new());
        }
        for batch in &tick.batches {
            self.add_batch(tick.index, batch);
        }
        self.keep(Table::Event, tick.index, None, events(&tick.events), tick.events.len());
        self.keep(Table::Step, tick.index, None, steps(&tick.steps), tick.steps.len());
        self.newest_ns = tick.end_ns;
        self.evict();
    }

    fn add_batch(&mut self, tick: i64, rows: &TickBatch) {
        let ids: Int32Array = rows.entities.iter().map(|EntityId(id)| *id as i32).collect();
        let mut columns = rows.batch.columns().to_vec();
        columns[0] = Arc::new(ids);
        let batch = RecordBatch::try_new(rows.batch.schema(), columns);
        self.keep(rows.table, tick, Some(rows.schema.clone()), batch, rows.batch.num_rows());
    }

    fn keep(
        &mut self,
        table: Table,
        tick: i64,
        schema: Option<Arc<TableSchema>>,
        batch: Result<RecordBatch, arrow_schema::ArrowError>,
        rows: usize,
    ) {
        // Of a wide table the port comes first, of events and marks the time.
        let ts_column = usize::from(schema.is_some());
        let Ok(batch) = batch else {
            self.failed_rows += rows as u64;
            return;
        };
        let times = batch.column(ts_column).as_primitive::<Int64Type>().values();
        let Some(min_ns) = times.iter().min().copied() else { return };
        let max_ns = times.iter().max().copied().unwrap_or(min_ns);
        let bytes = batch.columns().iter().map(|c| c.to_data().get_slice_memory_size().unwrap_or(0)).sum();
        self.bytes += bytes;
        let stored = StoredBatch { min_ns, max_ns, schema, batch, tick, bytes };
        self.tables.entry(table).or_default().push_back(Arc::new(stored));
    }

    fn evict(&mut self) {
        let oldest_ns = self.newest_ns.saturating_sub(self.span_ns);
        for rows in self.tables.values_mut() {
            while rows.front().is_some_and(|b| b.max_ns < oldest_ns) {
                self.bytes -= rows.pop_front().map_or(0, |b| b.bytes);
            }
        }
        while self.bytes > self.max_bytes {
            let oldest = self.tables.iter().filter_map(|(t, rows)| Some((rows.front()?.tick, *t))).min();
            let Some((_, table)) = oldest else { return };
            let gone = self.tables.get_mut(&table).and_then(VecDeque::pop_front);
            self.bytes -= gone.map_or(0, |b| b.bytes);
        }
    }
}

fn events(rows: &[LinkEvent]) -> Result<RecordBatch, arrow_schema::ArrowError> {
    let mut ts = Int64Builder::new();
    let mut texts: [StringBuilder; 4] = Default::default();
    for row in rows {
        ts.append_value(row.ts_ns);
        for (column, value) in texts.iter_mut().zip([&row.device, &row.port, &row.event, &row.text]) {
            column.append_value(value);
        }
    }
    let texts = texts.iter_mut().map(|c| Arc::new(c.finish()) as ArrayRef);
    let columns = std::iter::once(Arc::new(ts.finish()) as ArrayRef).chain(texts).collect();
    RecordBatch::try_new(EVENT.clone(), columns)
}

fn steps(rows: &[StepMark]) -> Result<RecordBatch, arrow_schema::ArrowError> {
    let mut numbers: [Int64Builder; 3] = Default::default();
    let mut texts: [StringBuilder; 3] = Default::default();
    let mut ranks = Int32Builder::new();
    for row in rows {
        for (column, value) in numbers.iter_mut().zip([row.end_ns, row.start_ns, row.step]) {
            column.append_value(value);
        }
        for (column, value) in texts.iter_mut().zip([&row.job, &row.device, &row.phase]) {
            column.append_value(value);
        }
        ranks.append_value(row.rank);
    }
    let [end, start, step] = numbers.map(|mut c| Arc::new(c.finish()) as ArrayRef);
    let [job, device, phase] = texts.map(|mut c| Arc::new(c.finish()) as ArrayRef);
    RecordBatch::try_new(STEP.clone(), vec![end, start, job, Arc::new(ranks.finish()), device, step, phase])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tick(index: i64) -> Tick {
        let event = |n: i64| LinkEvent {
            ts_ns: index * 10 + n,
            device: "n0".into(),
            port: "eth0".into(),
            event: "link_up".into(),
            text: "x".repeat(100),
        };
        let (start_ns, end_ns) = (index * 10, index * 10 + 10);
        let none = (Vec::new(), Vec::new(), Vec::new());
        Tick {
            index,
            start_ns,
            end_ns,
            batches: none.0,
            events: vec![event(1), event(2)],
            steps: none.1,
            silent: none.2,
        }
    }

    #[test]
    fn rows_that_cannot_be_kept_are_counted_and_cost_no_others() {
        let schema = Arc::new(TableSchema::fixed(Table::Extra).unwrap());
        let batch = RecordBatch::new_empty(schema.arrow().clone());
        let mut bad = tick(3);
        // More entities than rows: the batch cannot be made.
        let entities = vec![EntityId(0), EntityId(1)];
        bad.batches.push(TickBatch { table: Table::Extra, schema, entities, batch });
        let mut window = Window::new(i64::MAX, usize::MAX);
        window.keep(Table::Nic, 3, None, Err(arrow_schema::ArrowError::SchemaError("no".into())), 5);
        window.add(&bad);
        assert_eq!((window.failed_rows(), window.batches(Table::Extra).len()), (5, 0));
        assert_eq!(window.batches(Table::Event).len(), 1);
    }

    #[test]
    fn the_window_is_bounded_by_time_and_bytes() {
        let mut by_time = Window::new(30, usize::MAX);
        let mut by_bytes = Window::new(i64::MAX, 1000);
        for index in 0..20 {
            by_time.add(&tick(index));
            by_bytes.add(&tick(index));
        }
        let first = |w: &Window| w.batches(Table::Event)[0].min_ns;
        assert_eq!((first(&by_time), by_time.batches(Table::Event).len()), (171, 3));
        assert!(by_bytes.bytes() <= 1000 && by_bytes.bytes() > 400);
        assert_eq!(by_bytes.batches(Table::Event).last().unwrap().max_ns, 192);
    }
}

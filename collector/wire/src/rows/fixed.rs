//! The three tables whose columns are no counters: `event`, `step`, `extra`. Rows to a batch and back.

use crate::{Table, TableSchema, WireError};
use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type};
use arrow_array::{Array, ArrayRef, Int32Array, Int64Array, RecordBatch, StringArray};
use arrow_schema::DataType;
use std::sync::Arc;

/// One row of table `event`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventRow {
    /// The collector's port index; `None` when the device as a whole is meant.
    pub port: Option<i32>,
    pub device: String,
    pub ts_ns: i64,
    /// `link_down`, `link_up`, `xid`, `kernel`, `maintenance`, `change`.
    pub event: String,
    pub text: String,
}

/// One mark of a training loop (table `step`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StepRow {
    pub device: String,
    pub job: String,
    pub rank: i32,
    pub gpu: Option<i32>,
    pub step: i64,
    /// `compute`, `communicate`, `wait`, `io`, or empty for the whole step.
    pub phase: String,
    pub start_ns: i64,
    pub end_ns: i64,
    /// Fields of the mark that weft does not know, as a JSON object; empty when there are none.
    pub extra: String,
}

/// A vendor counter the catalogue has no column for (table `extra`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExtraRow {
    pub port: i32,
    pub ts_ns: i64,
    /// `<driver>:<raw name>`.
    pub name: String,
    pub value: i64,
}

pub(crate) const EVENT_COLUMNS: [(&str, DataType, bool); 5] = [
    ("port", DataType::Int32, true),
    ("ts_ns", DataType::Int64, false),
    ("device", DataType::Utf8, false),
    ("event", DataType::Utf8, false),
    ("text", DataType::Utf8, false),
];

pub(crate) const STEP_COLUMNS: [(&str, DataType, bool); 9] = [
    ("device", DataType::Utf8, false),
    ("job", DataType::Utf8, false),
    ("rank", DataType::Int32, false),
    ("gpu", DataType::Int32, true),
    ("step", DataType::Int64, false),
    ("phase", DataType::Utf8, false),
    ("start_ns", DataType::Int64, false),
    ("end_ns", DataType::Int64, false),
    ("extra", DataType::Utf8, false),
];

pub(crate) const EXTRA_COLUMNS: [(&str, DataType, bool); 4] = [
    ("port", DataType::Int32, false),
    ("ts_ns", DataType::Int64, false),
    ("name", DataType::Utf8, false),
    ("value", DataType::Int64, false),
];

macro_rules! text {
    ($rows:expr, $field:ident) => {
        Arc::new(StringArray::from_iter_values($rows.iter().map(|r| r.$field.as_str()))) as ArrayRef
    };
}

macro_rules! ints {
    ($rows:expr, $array:ty, $field:ident) => {
        Arc::new($rows.iter().map(|r| Some(r.$field)).collect::<$array>()) as ArrayRef
    };
}

macro_rules! maybe {
    ($rows:expr, $array:ty, $field:ident) => {
        Arc::new($rows.iter().map(|r| r.$field).collect::<$array>()) as ArrayRef
    };
}

impl EventRow {
    pub fn batch(rows: &[EventRow]) -> Result<RecordBatch, WireError> {
        let schema = TableSchema::fixed(Table::Event)?;
        let columns = vec![
            maybe!(rows, Int32Array, port),
            ints!(rows, Int64Array, ts_ns),
            text!(rows, device),
            text!(rows, event),
            text!(rows, text),
        ];
        Ok(RecordBatch::try_new(schema.arrow().clone(), columns)?)
    }

    /// The rows of a batch in this table's schema.
    pub fn read(batch: &RecordBatch) -> Vec<EventRow> {
        let port = batch.column(0).as_primitive::<Int32Type>();
        let ts_ns = batch.column(1).as_primitive::<Int64Type>();
        let [device, event, text] = [2, 3, 4].map(|c| batch.column(c).as_string::<i32>());
        let row = |i: usize| EventRow {
            port: port.is_valid(i).then(|| port.value(i)),
            device: device.value(i).to_owned(),
            ts_ns: ts_ns.value(i),
            event: event.value(i).to_owned(),
            text: text.value(i).to_owned(),
        };
        (0..batch.num_rows()).map(row).collect()
    }
}

impl StepRow {
    pub fn batch(rows: &[StepRow]) -> Result<RecordBatch, WireError> {
        let schema = TableSchema::fixed(Table::Step)?;
        let columns = vec![
            text!(rows, device),
            text!(rows, job),
            ints!(rows, Int32Array, rank),
            maybe!(rows, Int32Array, gpu),
            ints!(rows, Int64Array, step),
            text!(rows, phase),
            ints!(rows, Int64Array, start_ns),
            ints!(rows, Int64Array, end_ns),
            text!(rows, extra),
        ];
        Ok(RecordBatch::try_new(schema.arrow().clone(), columns)?)
    }

    /// The rows of a batch in this table's schema.
    pub fn read(batch: &RecordBatch) -> Vec<StepRow> {
        let [device, job, phase, extra] = [0, 1, 5, 8].map(|c| batch.column(c).as_string::<i32>());
        let [rank, gpu] = [2, 3].map(|c| batch.column(c).as_primitive::<Int32Type>());
        let [step, start_ns, end_ns] = [4, 6, 7].map(|c| batch.column(c).as_primitive::<Int64Type>());
        let row = |i: usize| StepRow {
            device: device.value(i).to_owned(),
            job: job.value(i).to_owned(),
            rank: rank.value(i),
            gpu: gpu.is_valid(i).then(|| gpu.value(i)),
            step: step.value(i),
            phase: phase.value(i).to_owned(),
            start_ns: start_ns.value(i),
            end_ns: end_ns.value(i),
            extra: extra.value(i).to_owned(),
        };
        (0..batch.num_rows()).map(row).collect()
    }
}

impl ExtraRow {
    pub fn batch(rows: &[ExtraRow]) -> Result<RecordBatch, WireError> {
        let schema = TableSchema::fixed(Table::Extra)?;
        let columns = vec![
            ints!(rows, Int32Array, port),
            ints!(rows, Int64Array, ts_ns),
            text!(rows, name),
            ints!(rows, Int64Array, value),
        ];
        Ok(RecordBatch::try_new(schema.arrow().clone(), columns)?)
    }

    /// The rows of a batch in this table's schema.
    pub fn read(batch: &RecordBatch) -> Vec<ExtraRow> {
        let port = batch.column(0).as_primitive::<Int32Type>();
        let name = batch.column(2).as_string::<i32>();
        let [ts_ns, value] = [1, 3].map(|c| batch.column(c).as_primitive::<Int64Type>());
        let row = |i: usize| ExtraRow {
            port: port.value(i),
            ts_ns: ts_ns.value(i),
            name: name.value(i).to_owned(),
            value: value.value(i),
        };
        (0..batch.num_rows()).map(row).collect()
    }
}

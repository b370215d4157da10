//! The writer of wide tables: a collector fills one per schema and tick, then takes the batch.

use crate::catalogue::{ColumnKind, catalogue};
use crate::{Quality, QualityFlag, TableSchema, WireError};
use arrow_array::{
    Array, ArrayRef, BinaryArray, FixedSizeListArray, Float64Array, Int32Array, Int64Array, RecordBatch,
};
use arrow_buffer::{BooleanBuffer, Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow_schema::{DataType, Field};
use std::sync::Arc;

/// Builds batches of one wide schema. Every column of a new row is null until it is set.
///
/// ```text
/// begin_row(port, ts) ─► set_uint(column, …)* ─► begin_row … ─► finish() = RecordBatch, and the writer is empty again
/// ```
#[derive(Debug)]
pub struct TableWriter {
    schema: Arc<TableSchema>,
    port: Vec<i32>,
    ts_ns: Vec<i64>,
    source_ts_ns: Vec<Option<i64>>,
    epoch: Vec<i32>,
    quality: Vec<u8>,
    quality_ends: Vec<i32>,
    columns: Vec<Column>,
    /// Rows of the last batch: the next is as long, mostly.
    expected_rows: usize,
}

#[derive(Debug)]
struct Column {
    values: Values,
    valid: Bits,
    width: usize,
}

/// One bit a value, least significant first, as Arrow lays them. A builder of arrow would work as well and does more a cell.
#[derive(Debug, Default)]
struct Bits {
    bytes: Vec<u8>,
    len: usize,
}

#[derive(Debug)]
enum Values {
    Int(Vec<i64>),
    Float(Vec<f64>),
}

impl TableWriter {
    /// `schema` must be wide.
    pub fn new(schema: Arc<TableSchema>) -> TableWriter {
        let columns = schema
            .counters
            .iter()
            .map(|name| Column::new(catalogue().counter(schema.table, name).expect("schema checked it").column_kind()))
            .collect();
        TableWriter {
            schema,
            port: Vec::new(),
            ts_ns: Vec::new(),
            source_ts_ns: Vec::new(),
            epoch: Vec::new(),
            quality: Vec::new(),
            quality_ends: Vec::new(),
            columns,
            expected_rows: 0,
        }
    }

    pub fn schema(&self) -> &Arc<TableSchema> {
        &self.schema
    }

    pub fn rows(&self) -> usize {
        self.port.len()
    }

    /// `ts_ns` is when the row was read; `source_ts_ns` when the source itself says the values are from.
    pub fn begin_row(&mut self, port: i32, ts_ns: i64, source_ts_ns: Option<i64>, epoch: i32) {
        self.port.push(port);
        self.ts_ns.push(ts_ns);
        self.source_ts_ns.push(source_ts_ns);
        self.epoch.push(epoch);
        self.quality_ends.push(self.quality.len() as i32);
        let reserve = if self.port.len() == 1 { self.expected_rows } else { 0 };
        for column in &mut self.columns {
            column.push_null_row(reserve);
        }
    }

    /// Sets a counter or state of the current row; a value of 2^63 and more stays null, flagged `TooLarge`.
    pub fn set_uint(&mut self, column: usize, element: u8, value: u64) {
        match i64::try_from(value) {
            Ok(value) => self.set_int(column, element, value),
            Err(_) => self.flag(column, element, Quality::TooLarge),
        }
    }

    pub fn set_int(&mut self, column: usize, element: u8, value: i64) {
        let column = &mut self.columns[column];
        let at = column.place(element);
        match &mut column.values {
            Values::Int(values) => values[at] = value,
            Values::Float(values) => values[at] = value as f64,
        }
        column.valid.set(at);
    }

    /// Sets a gauge of the current row; NaN and infinities stay null, flagged `Failed`. A fraction set on an integer column is cut.
    pub fn set_float(&mut self, column: usize, value: f64) {
        if !value.is_finite() {
            return self.flag(column, 0, Quality::Failed);
        }
        let column = &mut self.columns[column];
        let at = column.place(0);
        match &mut column.values {
            Values::Int(values) => values[at] = value as i64,
            Values::Float(values) => values[at] = value,
        }
        column.valid.set(at);
    }

    /// Says something of a value of the current row: read failed, saturated, …
    pub fn flag(&mut self, column: usize, element: u8, quality: Quality) {
        let flag = QualityFlag { column: column as u16, element, quality };
        self.quality.extend_from_slice(&flag.to_bytes());
        if let Some(end) = self.quality_ends.last_mut() {
            *end = self.quality.len() as i32;
        }
    }

    /// The rows since the last call, in the schema's layout.
    pub fn finish(&mut self) -> Result<RecordBatch, WireError> {
        let rows = self.rows();
        self.expected_rows = rows;
        let mut arrays: Vec<ArrayRef> = Vec::with_capacity(TableSchema::KEYS + self.columns.len());
        arrays.push(Arc::new(Int32Array::from(std::mem::take(&mut self.port))));
        arrays.push(Arc::new(Int64Array::from(std::mem::take(&mut self.ts_ns))));
        arrays.push(Arc::new(Int64Array::from(std::mem::take(&mut self.source_ts_ns))));
        arrays.push(Arc::new(Int32Array::from(std::mem::take(&mut self.epoch))));
        arrays.push(Arc::new(self.finish_quality()?));
        for column in &mut self.columns {
            arrays.push(column.finish(rows)?);
        }
        Ok(RecordBatch::try_new(self.schema.arrow().clone(), arrays)?)
    }

    fn finish_quality(&mut self) -> Result<BinaryArray, WireError> {
        let ends = std::mem::take(&mut self.quality_ends);
        let valid: NullBuffer =
            (0..ends.len()).map(|row| ends[row] > if row == 0 { 0 } else { ends[row - 1] }).collect();
        let offsets: ScalarBuffer<i32> = std::iter::once(0).chain(ends).collect();
        let bytes = std::mem::take(&mut self.quality);
        Ok(BinaryArray::try_new(OffsetBuffer::new(offsets), bytes.into(), Some(valid))?)
    }
}

impl Column {
    fn new(kind: ColumnKind) -> Column {
        let (values, width) = match kind {
            ColumnKind::Int => (Values::Int(Vec::new()), 1),
            ColumnKind::Float => (Values::Float(Vec::new()), 1),
            ColumnKind::List(len) => (Values::Int(Vec::new()), usize::from(len)),
        };
        Column { values, valid: Bits::default(), width }
    }

    /// `reserve` rows are made room for, so that a batch costs two allocations a column.
    fn push_null_row(&mut self, reserve: usize) {
        let len = self.valid.len + self.width;
        match &mut self.values {
            Values::Int(values) => {
                values.reserve(reserve * self.width);
                values.resize(len, 0);
            }
            Values::Float(values) => {
                values.reserve(reserve * self.width);
                values.resize(len, 0.0);
            }
        }
        self.valid.bytes.reserve((reserve * self.width).div_ceil(8));
        self.valid.grow(len);
    }

    /// Where an element of the current row lies.
    fn place(&self, element: u8) -> usize {
        assert!(usize::from(element) < self.width, "element {element} of a column of width {}", self.width);
        self.valid.len - self.width + usize::from(element)
    }

    fn finish(&mut self, rows: usize) -> Result<ArrayRef, WireError> {
        let nulls = Some(self.valid.finish());
        let flat: ArrayRef = match &mut self.values {
            Values::Int(values) => Arc::new(Int64Array::new(std::mem::take(values).into(), nulls)),
            Values::Float(values) => Arc::new(Float64Array::new(std::mem::take(values).into(), nulls)),
        };
        if self.width == 1 {
            return Ok(flat);
        }
        let valid: NullBuffer =
            (0..rows).map(|row| (0..self.width).any(|e| flat.is_valid(row * self.width + e))).collect();
        let item = Arc::new(Field::new("item", DataType::Int64, true));
        Ok(Arc::new(FixedSizeListArray::try_new(item, self.width as i32, flat, Some(valid))?))
    }
}

impl Bits {
    /// New bits are 0.
    fn grow(&mut self, len: usize) {
        self.bytes.resize(len.div_ceil(8), 0);
        self.len = len;
    }

    fn set(&mut self, at: usize) {
        self.bytes[at / 8] |= 1 << (at % 8);
    }

    fn finish(&mut self) -> NullBuffer {
        let Bits { bytes, len } = std::mem::take(self);
        NullBuffer::new(BooleanBuffer::new(Buffer::from_vec(bytes), 0, len))
    }
}

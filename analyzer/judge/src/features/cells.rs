//! Cells of a batch as plain numbers, for families that read a few columns of it.

use crate::fabric::{TickBatch, is_time};
use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, Int64Type};
use arrow_array::{Array, Float64Array, Int64Array};
use weft_wire::TableSchema;

/// A column of whole numbers or of fractions.
pub struct Cells<'a> {
    whole: Option<&'a Int64Array>,
    fraction: Option<&'a Float64Array>,
}

impl<'a> Cells<'a> {
    /// `None` where the batch has no such column.
    pub fn of(batch: &'a TickBatch, counter: &str) -> Option<Cells<'a>> {
        let column = batch.batch.column(batch.schema.column(counter)? + TableSchema::KEYS);
        Some(Cells {
            whole: column.as_primitive_opt::<Int64Type>(),
            fraction: column.as_primitive_opt::<Float64Type>(),
        })
    }

    /// `None` where the row does not tell it.
    pub fn get(&self, row: usize) -> Option<f64> {
        let whole = self.whole.filter(|cells| cells.is_valid(row)).map(|cells| cells.value(row) as f64);
        whole.or_else(|| self.fraction.filter(|cells| cells.is_valid(row)).map(|cells| cells.value(row)))
    }
}

/// The value of a column that may be missing.
pub fn cell(cells: &Option<Cells<'_>>, row: usize) -> Option<f64> {
    cells.as_ref()?.get(row)
}

/// When each row was read; `None` where that is no time.
pub fn times(batch: &TickBatch) -> impl Fn(usize) -> Option<i64> + '_ {
    let times = batch.batch.column(1).as_primitive::<Int64Type>();
    |row| Some(times.value(row)).filter(|ts_ns| is_time(*ts_ns))
}

//! Small tables: rows of a snapshot as one Arrow batch.

use super::column::{microseconds, timestamp, with_unit};
use arrow_array::{ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef};
use std::sync::Arc;

/// Columns in order, every one as long as the rows it is made from.
#[derive(Default)]
pub struct Rows {
    fields: Vec<Field>,
    columns: Vec<ArrayRef>,
}

impl Rows {
    pub fn text<'a, T: AsRef<str> + 'a>(self, name: &str, values: impl Iterator<Item = T>) -> Rows {
        let values = Arc::new(values.map(Some).collect::<StringArray>());
        self.add(Field::new(name, DataType::Utf8, true), values)
    }

    pub fn maybe_text<T: AsRef<str>>(self, name: &str, values: impl Iterator<Item = Option<T>>) -> Rows {
        let values = Arc::new(values.collect::<StringArray>());
        self.add(Field::new(name, DataType::Utf8, true), values)
    }

    pub fn int(self, name: &str, unit: &str, values: impl Iterator<Item = Option<i64>>) -> Rows {
        let values = Arc::new(values.collect::<Int64Array>());
        self.add(with_unit(Field::new(name, DataType::Int64, true), unit), values)
    }

    pub fn float(self, name: &str, unit: &str, values: impl Iterator<Item = Option<f64>>) -> Rows {
        let values = Arc::new(values.collect::<Float64Array>());
        self.add(with_unit(Field::new(name, DataType::Float64, true), unit), values)
    }

    pub fn flag(self, name: &str, values: impl Iterator<Item = bool>) -> Rows {
        self.maybe_flag(name, values.map(Some))
    }

    pub fn maybe_flag(self, name: &str, values: impl Iterator<Item = Option<bool>>) -> Rows {
        let values = Arc::new(values.collect::<BooleanArray>());
        self.add(Field::new(name, DataType::Boolean, true), values)
    }

    /// `name` as a timestamp of microseconds, and `name`_ns.
    pub fn time(self, name: &str, values: impl Iterator<Item = Option<i64>>) -> Rows {
        self.time_as(name, &format!("{name}_ns"), values)
    }

    /// Where the bare name would be a keyword.
    pub fn time_as(self, ts: &str, ns: &str, values: impl Iterator<Item = Option<i64>>) -> Rows {
        let values: ArrayRef = Arc::new(values.collect::<Int64Array>());
        let micros = microseconds(&values);
        self.add(Field::new(ts, timestamp(), true), micros)
            .add(with_unit(Field::new(ns, DataType::Int64, true), "ns"), values)
    }

    pub fn add(mut self, field: Field, column: ArrayRef) -> Rows {
        self.fields.push(field);
        self.columns.push(column);
        self
    }

    pub fn finish(self) -> Result<RecordBatch, ArrowError> {
        let schema: SchemaRef = Arc::new(Schema::new(self.fields));
        RecordBatch::try_new(schema, self.columns)
    }
}

//! Columns of the wide tables as queries see them, made from stored batches when a query asks for them.

use crate::store::{Names, StoredBatch};
use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type};
use arrow_array::{
    Array, ArrayRef, DictionaryArray, RecordBatch, StringArray, TimestampMicrosecondArray, new_null_array,
};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef, TimeUnit};
use std::collections::HashMap;
use std::sync::Arc;
use weft_wire::{ColumnKind, Counter, QualityFlag, Table, TableSchema, catalogue};

/// Column of a stored batch.
const ID: usize = 0;
const TS: usize = 1;
const SOURCE_TS: usize = 2;
const EPOCH: usize = 3;
const QUALITY: usize = 4;

/// `device`, `port`, `ts`, `ts_ns`, `source_ts_ns`, `epoch`, `quality`, then every counter of the catalogue.
pub fn wide_schema(table: Table) -> SchemaRef {
    let mut fields = place_and_time();
    fields.push(with_unit(Field::new("source_ts_ns", DataType::Int64, true), "ns"));
    fields.push(Field::new("epoch", DataType::Int32, false));
    fields.push(Field::new("quality", DataType::Utf8, true));
    fields.extend(catalogue().of_table(table).map(counter_field));
    Arc::new(Schema::new(fields))
}

/// `extra`: vendor counters under the driver's own names.
pub fn extra_schema() -> SchemaRef {
    let mut fields = place_and_time();
    fields.push(Field::new("name", DataType::Utf8, false));
    fields.push(Field::new("value", DataType::Int64, false));
    Arc::new(Schema::new(fields))
}

/// `event` and `step`: the stored layout behind `ts`.
pub fn fixed_schema(stored: &SchemaRef) -> SchemaRef {
    let ts = Arc::new(Field::new("ts", timestamp(), false));
    Arc::new(Schema::new(std::iter::once(ts).chain(stored.fields().iter().cloned()).collect::<Vec<_>>()))
}

fn place_and_time() -> Vec<Field> {
    let name = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    vec![
        Field::new("device", name.clone(), false),
        Field::new("port", name, false),
        Field::new("ts", timestamp(), false),
        with_unit(Field::new("ts_ns", DataType::Int64, false), "ns"),
    ]
}

pub fn timestamp() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("+00:00".into()))
}

pub fn with_unit(field: Field, unit: &str) -> Field {
    field.with_metadata(HashMap::from([("unit".to_owned(), unit.to_owned())]))
}

fn counter_field(counter: &Counter) -> Field {
    let kind = match counter.column_kind() {
        ColumnKind::Int => DataType::Int64,
        ColumnKind::Float => DataType::Float64,
        ColumnKind::List(len) => {
            DataType::FixedSizeList(Arc::new(Field::new("item", DataType::Int64, true)), i32::from(len))
        }
    };
    with_unit(Field::new(&counter.name, kind, true), &counter.unit)
}

/// The asked columns of a stored batch; those its collectors do not tell are null.
pub fn project(stored: &StoredBatch, names: &Names, schema: &SchemaRef) -> Result<RecordBatch, ArrowError> {
    let columns = schema.fields().iter().map(|f| column(stored, names, f)).collect::<Result<Vec<_>, _>>()?;
    let options = arrow_array::RecordBatchOptions::new().with_row_count(Some(stored.batch.num_rows()));
    RecordBatch::try_new_with_options(schema.clone(), columns, &options)
}

fn column(stored: &StoredBatch, names: &Names, field: &Field) -> Result<ArrayRef, ArrowError> {
    let batch = &stored.batch;
    let Some(schema) = &stored.schema else { return Ok(fixed_column(batch, field)) };
    Ok(match field.name().as_str() {
        "device" => named(batch, &names.device)?,
        "port" => named(batch, &names.port)?,
        "ts" => microseconds(batch.column(TS)),
        "ts_ns" => batch.column(TS).clone(),
        name if !schema.table.is_wide() => batch.column_by_name(name).cloned().unwrap_or_else(|| nulls(batch, field)),
        _ => wide_column(batch, schema, field),
    })
}

/// The first column of these tables is their time.
fn fixed_column(batch: &RecordBatch, field: &Field) -> ArrayRef {
    match field.name().as_str() {
        "ts" => microseconds(batch.column(0)),
        name => batch.column_by_name(name).cloned().unwrap_or_else(|| nulls(batch, field)),
    }
}

fn wide_column(batch: &RecordBatch, schema: &TableSchema, field: &Field) -> ArrayRef {
    match field.name().as_str() {
        "source_ts_ns" => batch.column(SOURCE_TS).clone(),
        "epoch" => batch.column(EPOCH).clone(),
        "quality" => quality(batch.column(QUALITY), schema),
        name => match schema.column(name) {
            Some(at) => batch.column(at + TableSchema::KEYS).clone(),
            None => nulls(batch, field),
        },
    }
}

fn nulls(batch: &RecordBatch, field: &Field) -> ArrayRef {
    new_null_array(field.data_type(), batch.num_rows())
}

/// Entity ids are the keys, the names of all entities the values: nothing is copied.
fn named(batch: &RecordBatch, values: &ArrayRef) -> Result<ArrayRef, ArrowError> {
    let keys = batch.column(ID).as_primitive::<Int32Type>().clone();
    Ok(Arc::new(DictionaryArray::try_new(keys, values.clone())?))
}

pub fn microseconds(ns: &ArrayRef) -> ArrayRef {
    let micros: TimestampMicrosecondArray = ns.as_primitive::<Int64Type>().unary(|ns| ns.div_euclid(1_000));
    Arc::new(micros.with_timezone("+00:00"))
}

/// `rx_bytes: failed, symbol_errors: saturated`; null where every value was read well.
fn quality(flags: &ArrayRef, schema: &TableSchema) -> ArrayRef {
    let flags = flags.as_binary::<i32>();
    if flags.null_count() == flags.len() {
        return new_null_array(&DataType::Utf8, flags.len());
    }
    let say = |flag: QualityFlag| {
        let counter = schema.counters.get(usize::from(flag.column)).map_or("?", String::as_str);
        let name =
            catalogue().counter(schema.table, counter).map_or(counter.to_owned(), |c| c.element_name(flag.element));
        format!("{name}: {}", format!("{:?}", flag.quality).to_lowercase())
    };
    let row = |bytes: &[u8]| {
        let flags = QualityFlag::parse_row(bytes).unwrap_or_default();
        flags.into_iter().map(say).collect::<Vec<_>>().join(", ")
    };
    Arc::new(flags.iter().map(|bytes| bytes.map(row)).collect::<StringArray>())
}

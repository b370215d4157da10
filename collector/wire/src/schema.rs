//! Arrow schemas: a table's key columns, then the counter columns one collector has to say.
//!
//! A collector sends a *projection* of its table (a node with one kind of NIC fills a third of the `nic` columns, and
//! its 10 Hz rows fill two), so a schema is known by the fingerprint of its column names, not by its table.

use crate::catalogue::{ColumnKind, catalogue};
use crate::{Table, WireError};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::Arc;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Fingerprint(pub u64);

/// Key columns of every wide table; counters follow from index [`TableSchema::KEYS`] on.
const KEY_COLUMNS: [(&str, DataType, bool); 5] = [
    ("port", DataType::Int32, false),
    ("ts_ns", DataType::Int64, false),
    ("source_ts_ns", DataType::Int64, true),
    ("epoch", DataType::Int32, false),
    ("quality", DataType::Binary, true),
];

/// A table and the counter columns of it that a batch carries.
///
/// Arrow layout of a wide table: `port` Int32, `ts_ns` Int64, `source_ts_ns` Int64?, `epoch` Int32, `quality` Binary?,
/// then per counter Int64? (counter, state), Float64? (gauge) or FixedSizeList of Int64?. The layouts of `event`,
/// `step` and `extra` are those of [`crate::EventRow`], [`crate::StepRow`] and [`crate::ExtraRow`].
#[derive(Clone, Debug, PartialEq)]
pub struct TableSchema {
    pub table: Table,
    pub counters: Vec<String>,
    arrow: SchemaRef,
    fingerprint: Fingerprint,
}

impl TableSchema {
    /// Number of key columns before the first counter of a wide table.
    pub const KEYS: usize = KEY_COLUMNS.len();

    /// Errors when a counter is not in the catalogue for this table, is named twice, or the table is not wide.
    pub fn wide(table: Table, counters: &[impl AsRef<str>]) -> Result<TableSchema, WireError> {
        if !table.is_wide() {
            return Err(WireError::Schema(format!("{} has no counter columns", table.name())));
        }
        let mut fields: Vec<Field> =
            KEY_COLUMNS.iter().map(|(name, kind, null)| Field::new(*name, kind.clone(), *null)).collect();
        let mut names: Vec<String> = Vec::with_capacity(counters.len());
        for name in counters.iter().map(AsRef::as_ref) {
            let counter = catalogue()
                .counter(table, name)
                .ok_or_else(|| WireError::Schema(format!("no counter {name} in table {}", table.name())))?;
            if names.iter().any(|n| n == name) {
                return Err(WireError::Schema(format!("counter {name} twice in one schema")));
            }
            names.push(name.to_owned());
            fields.push(Field::new(name, arrow_type(counter.column_kind()), true));
        }
        Ok(TableSchema::assemble(table, names, fields))
    }

    /// The schema of `event`, `step` or `extra`.
    pub fn fixed(table: Table) -> Result<TableSchema, WireError> {
        let columns: &[(&str, DataType, bool)] = match table {
            Table::Event => &crate::rows::EVENT_COLUMNS,
            Table::Step => &crate::rows::STEP_COLUMNS,
            Table::Extra => &crate::rows::EXTRA_COLUMNS,
            wide => return Err(WireError::Schema(format!("{} has counter columns", wide.name()))),
        };
        let fields = columns.iter().map(|(name, kind, null)| Field::new(*name, kind.clone(), *null)).collect();
        Ok(TableSchema::assemble(table, Vec::new(), fields))
    }

    fn assemble(table: Table, counters: Vec<String>, fields: Vec<Field>) -> TableSchema {
        let arrow: SchemaRef = Arc::new(Schema::new(fields));
        let mut text = table.name().to_owned();
        for field in arrow.fields() {
            text.push_str(&format!("\n{}:{}", field.name(), type_name(field.data_type())));
        }
        let fingerprint = Fingerprint(xxhash_rust::xxh3::xxh3_64(text.as_bytes()));
        TableSchema { table, counters, arrow, fingerprint }
    }

    pub fn arrow(&self) -> &SchemaRef {
        &self.arrow
    }

    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// Index of a counter among this schema's counters (add [`Self::KEYS`] for the Arrow column).
    pub fn column(&self, counter: &str) -> Option<usize> {
        self.counters.iter().position(|c| c == counter)
    }
}

fn arrow_type(kind: ColumnKind) -> DataType {
    match kind {
        ColumnKind::Int => DataType::Int64,
        ColumnKind::Float => DataType::Float64,
        ColumnKind::List(len) => {
            DataType::FixedSizeList(Arc::new(Field::new("item", DataType::Int64, true)), i32::from(len))
        }
    }
}

/// Names of column types in a fingerprint. Ours, because fingerprints of version 1 must outlive what arrow calls its types.
fn type_name(kind: &DataType) -> String {
    match kind {
        DataType::Int32 => "i32".to_owned(),
        DataType::Int64 => "i64".to_owned(),
        DataType::Float64 => "f64".to_owned(),
        DataType::Utf8 => "text".to_owned(),
        DataType::Binary => "bytes".to_owned(),
        DataType::FixedSizeList(item, len) => format!("{}x{len}", type_name(item.data_type())),
        other => unreachable!("no column is of type {other}"),
    }
}

/// Schemas by fingerprint, as learned from inventories. Bounded: a fleet has dozens, a hostile sender would have more.
#[derive(Debug)]
pub struct SchemaCache {
    by_fingerprint: HashMap<Fingerprint, Arc<TableSchema>>,
}

impl Default for SchemaCache {
    fn default() -> Self {
        let fixed = [Table::Event, Table::Step, Table::Extra].map(|t| TableSchema::fixed(t).expect("fixed tables"));
        let by_fingerprint = fixed.into_iter().map(|s| (s.fingerprint(), Arc::new(s))).collect();
        SchemaCache { by_fingerprint }
    }
}

impl SchemaCache {
    pub const MAX_SCHEMAS: usize = 4096;

    /// Returns false when the cache is full and the schema was not kept.
    pub fn learn(&mut self, schema: &TableSchema) -> bool {
        if self.by_fingerprint.contains_key(&schema.fingerprint()) {
            return true;
        }
        let room = self.by_fingerprint.len() < Self::MAX_SCHEMAS;
        if room {
            self.by_fingerprint.insert(schema.fingerprint(), Arc::new(schema.clone()));
        }
        room
    }

    pub fn get(&self, fingerprint: Fingerprint) -> Option<&Arc<TableSchema>> {
        self.by_fingerprint.get(&fingerprint)
    }
}

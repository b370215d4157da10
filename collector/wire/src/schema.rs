//! Arrow schemas: a table's key columns, then the counter columns one collector has to say.
//!
//! A collector sends a *projection* of its table (a node with one kind of NIC fills a third of the `nic` columns, and
//! its 10 Hz rows fill two), so a schema is known by the fingerprint of its column names, not by its table.

use arrow_schema::SchemaRef;
use std::collections::HashMap;

use crate::Table;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint(pub u64);

/// A table and the counter columns of it that a batch carries, in catalogue order.
///
/// Arrow layout of a wide table: `port` Int32, `ts_ns` Int64, `source_ts_ns` Int64?, `epoch` Int32, `quality` Binary?, then
/// per counter Int64? (counter, state) or Float64? (gauge) or FixedSizeList of Int64?.
#[derive(Clone, Debug, PartialEq)]
pub struct TableSchema {
    pub table: Table,
    pub counters: Vec<String>,
    arrow: SchemaRef,
}

/// Schemas by fingerprint, as learned from inventories.
#[derive(Debug, Default)]
pub struct SchemaCache {
    by_fingerprint: HashMap<Fingerprint, TableSchema>,
}

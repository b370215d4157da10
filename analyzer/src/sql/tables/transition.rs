//! `transition`: how incidents came to stand as they do.

use super::{Kind, SqlTable};
use super::incident::word;
use crate::sql::rows::Rows;
use crate::store::Store;
use arrow_array::RecordBatch;
use arrow_schema::ArrowError;

pub const TABLE: SqlTable = SqlTable {
    name: "transition",
    kind: Kind::Small(table),
    about: "How incidents came to stand as they do.",
    example: "SELECT ts, incident, state, reason FROM transition ORDER BY ts DESC LIMIT 20",
};

fn table(store: &Store) -> Result<RecordBatch, ArrowError> {
    let incidents = store.incidents();
    let rows = || incidents.iter().flat_map(|i| i.transitions.iter().map(move |t| (i, t)));
    Rows::default()
        .text("incident", rows().map(|(i, _)| &i.id))
        .text("class", rows().map(|(i, _)| &i.class))
        .time("ts", rows().map(|(_, t)| Some(t.ts_ns)))
        .text("state", rows().map(|(_, t)| word(&t.state)))
        .text("reason", rows().map(|(_, t)| &t.reason))
        .finish()
}

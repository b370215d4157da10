//! `ingest_gap`: what was lost, exactly.

use super::{Kind, SqlTable};
use super::incident::word;
use crate::sql::rows::Rows;
use crate::store::Store;
use arrow_array::RecordBatch;
use arrow_schema::ArrowError;

pub const TABLE: SqlTable = SqlTable {
    name: "ingest_gap",
    kind: Kind::Small(table),
    about: "Frames that were lost between a collector and the analyzer.",
    example: "SELECT collector, sum(frames) AS lost FROM ingest_gap GROUP BY 1 ORDER BY lost DESC",
};

fn table(store: &Store) -> Result<RecordBatch, ArrowError> {
    let gaps = store.gaps();
    let rows = || gaps.iter();
    Rows::default()
        .text("collector", rows().map(|g| &g.collector))
        // A number of 64 bits is more than a signed column holds.
        .text("boot", rows().map(|g| format!("{:016x}", g.boot)))
        .int("from_sequence", "1", rows().map(|g| i64::try_from(g.from_sequence).ok()))
        .int("to_sequence", "1", rows().map(|g| i64::try_from(g.to_sequence).ok()))
        .time_as("from_ts", "from_ns", rows().map(|g| Some(g.from_ns)))
        .time_as("to_ts", "to_ns", rows().map(|g| Some(g.to_ns)))
        .int("frames", "frames", rows().map(|g| i64::try_from(g.frames).ok()))
        .text("reason", rows().map(|g| word(&g.reason)))
        .finish()
}

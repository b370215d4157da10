//! `fact`: the latest observations of the detectors.

use super::{Kind, SqlTable};
use crate::sql::rows::Rows;
use crate::store::Store;
use arrow_array::RecordBatch;
use arrow_schema::ArrowError;
use weft_judge::kinds::FactLine;

pub const TABLE: SqlTable = SqlTable {
    name: "fact",
    kind: Kind::Small(table),
    about: "The latest observations of the detectors.",
    example: "SELECT ts, kind, device, port, value, unit, reference FROM fact ORDER BY ts DESC LIMIT 20",
};

fn table(store: &Store) -> Result<RecordBatch, ArrowError> {
    let facts: Vec<FactLine> = store.facts(usize::MAX).iter().map(FactLine::from).collect();
    let rows = || facts.iter();
    Rows::default()
        .time("ts", rows().map(|f| Some(f.ts_ns)))
        .text("kind", rows().map(|f| f.payload.kind().name()))
        .text("device", rows().map(|f| &f.device))
        .text("port", rows().map(|f| &f.port))
        .time("since", rows().map(|f| Some(f.since_ns)))
        .float("strength", "1", rows().map(|f| Some(f.strength)))
        .text("counter", rows().map(|f| &f.evidence.counter))
        .float("value", "", rows().map(|f| Some(f.evidence.value)))
        .text("unit", rows().map(|f| &f.evidence.unit))
        .float("reference", "", rows().map(|f| Some(f.evidence.reference)))
        .text("reference_of", rows().map(|f| &f.evidence.reference_of))
        .text("job", rows().map(|f| f.job.as_deref().unwrap_or_default()))
        .finish()
}

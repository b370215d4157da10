//! `device`: what the plan says there is, and what collectors speak of beyond it.

use super::{Kind, SqlTable};
use crate::sql::rows::Rows;
use crate::store::Store;
use arrow_array::RecordBatch;
use arrow_schema::ArrowError;

pub const TABLE: SqlTable = SqlTable {
    name: "device",
    kind: Kind::Small(table),
    about: "Every device of the plan and every one that a collector speaks of.",
    example: "SELECT rack, count(*) AS devices FROM device GROUP BY 1 ORDER BY 1",
};

fn table(store: &Store) -> Result<RecordBatch, ArrowError> {
    let devices = store.devices();
    let rows = || devices.iter();
    Rows::default()
        .text("device", rows().map(|d| &d.device))
        .text("kind", rows().map(|d| &d.kind))
        .text("tier", rows().map(|d| &d.tier))
        .text("rack", rows().map(|d| &d.rack))
        .text("pod", rows().map(|d| &d.pod))
        .text("collector", rows().map(|d| &d.collector))
        .int("ports", "1", rows().map(|d| i64::try_from(d.ports).ok()))
        .maybe_text("labels", rows().map(|d| serde_json::to_string(&d.labels).ok()))
        .finish()
}

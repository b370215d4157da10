//! `maintenance`: which parts somebody works at, and when.

use super::{Kind, SqlTable};
use crate::operations::{AnnouncedPart, MaintenanceView};
use crate::sql::rows::Rows;
use crate::store::Store;
use arrow_array::RecordBatch;
use arrow_schema::ArrowError;

pub const TABLE: SqlTable = SqlTable {
    name: "maintenance",
    kind: Kind::Small(table),
    about: "Announced maintenance, a row a part (a device, one of its ports, or a rack): while it lasts, what is seen there is told as maintenance and pages nobody. until_ts is null where it lasts until it is said to be over.",
    example: "SELECT device, rack, until_ts, who, reason FROM maintenance WHERE state = 'in_force' ORDER BY until_ts",
};

fn table(store: &Store) -> Result<RecordBatch, ArrowError> {
    let all = store.maintenance();
    let parts: Vec<(&MaintenanceView, &AnnouncedPart)> =
        all.iter().flat_map(|view| view.told.parts.iter().map(move |part| (view, part))).collect();
    let rows = || parts.iter();
    Rows::default()
        .text("id", rows().map(|(view, _)| &view.told.id))
        .text("state", rows().map(|(view, _)| &view.state))
        .text("device", rows().map(|(_, part)| &part.device))
        .text("port", rows().map(|(_, part)| &part.port))
        .text("rack", rows().map(|(_, part)| &part.rack))
        .time_as("from_ts", "from_ns", rows().map(|(view, _)| Some(view.told.from_ns)))
        .time_as("until_ts", "until_ns", rows().map(|(view, _)| view.told.until_ns))
        .text("who", rows().map(|(view, _)| &view.told.who))
        .text("reason", rows().map(|(view, _)| &view.told.reason))
        .text("source", rows().map(|(view, _)| &view.told.source))
        .finish()
}

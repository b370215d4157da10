//! `neighbor_mismatch`: cables that lie otherwise than planned, as neighbours show.

use super::{Kind, SqlTable};
use crate::sql::rows::Rows;
use crate::store::Store;
use arrow_array::RecordBatch;
use arrow_schema::ArrowError;
use weft_judge::fabric::cabling::mismatches;

pub const TABLE: SqlTable = SqlTable {
    name: "neighbor_mismatch",
    kind: Kind::Small(table),
    about: "Cables that lie otherwise than planned: a port, the other end of its cable by the plan, and the one that is heard there (LLDP).",
    example: "SELECT device, port, planned_device, planned_port, heard_device, heard_port FROM neighbor_mismatch",
};

fn table(store: &Store) -> Result<RecordBatch, ArrowError> {
    let found = mismatches(&store.plan());
    let rows = || found.iter();
    Rows::default()
        .text("device", rows().map(|m| &m.at.device))
        .text("port", rows().map(|m| &m.at.port))
        .text("planned_device", rows().map(|m| &m.planned.device))
        .text("planned_port", rows().map(|m| &m.planned.port))
        .text("heard_device", rows().map(|m| &m.heard.device))
        .text("heard_port", rows().map(|m| &m.heard.port))
        .time_as("since_ts", "since_ns", rows().map(|m| Some(m.since_ns)))
        .finish()
}

//! `cable`: who is cabled to whom, by the plan.

use super::{Kind, SqlTable};
use crate::sql::rows::Rows;
use crate::store::Store;
use arrow_array::RecordBatch;
use arrow_schema::ArrowError;

pub const TABLE: SqlTable = SqlTable {
    name: "cable",
    kind: Kind::Small(table),
    about: "The cables of the plan.",
    example: "SELECT * FROM cable WHERE a_device = 'leaf0' OR b_device = 'leaf0'",
};

fn table(store: &Store) -> Result<RecordBatch, ArrowError> {
    let plan = store.plan();
    let rows = || plan.cables.iter();
    Rows::default()
        .text("a_device", rows().map(|c| &c.a_device))
        .text("a_port", rows().map(|c| &c.a_port))
        .text("b_device", rows().map(|c| &c.b_device))
        .text("b_port", rows().map(|c| &c.b_port))
        .finish()
}

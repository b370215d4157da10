//! `cable`: who is cabled to whom, by the plan and by what neighbours say.

use super::{Kind, SqlTable};
use crate::sql::rows::Rows;
use crate::store::Store;
use arrow_array::RecordBatch;
use arrow_schema::ArrowError;
use std::collections::HashSet;
use weft_judge::fabric::{PortRef, cabling};
use weft_wire::plan::PlanCable;

pub const TABLE: SqlTable = SqlTable {
    name: "cable",
    kind: Kind::Small(table),
    about: "Who is cabled to whom: by the plan, and where it has no cable by what neighbours say (LLDP). Where they contradict it, see neighbor_mismatch.",
    example: "SELECT * FROM cable WHERE a_device = 'leaf0' OR b_device = 'leaf0'",
};

fn table(store: &Store) -> Result<RecordBatch, ArrowError> {
    let plan = store.plan();
    let rows = || plan.cables.iter();
    let heard: HashSet<[PortRef; 2]> = plan.heard.iter().map(cabling::ends).collect();
    let ends = |c: &PlanCable| {
        let mut ends = cabling::planned_ends(c);
        ends.sort_unstable();
        ends
    };
    Rows::default()
        .text("a_device", rows().map(|c| &c.a_device))
        .text("a_port", rows().map(|c| &c.a_port))
        .text("b_device", rows().map(|c| &c.b_device))
        .text("b_port", rows().map(|c| &c.b_port))
        .flag("heard", rows().map(|c| heard.contains(&ends(c))))
        .finish()
}

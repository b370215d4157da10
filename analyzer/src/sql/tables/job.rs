//! `job`: which devices work for which job, and when.

use super::{Kind, SqlTable};
use crate::sql::rows::Rows;
use crate::store::Store;
use arrow_array::RecordBatch;
use arrow_schema::ArrowError;
use std::collections::HashSet;

pub const TABLE: SqlTable = SqlTable {
    name: "job",
    kind: Kind::Small(table),
    about: "Which devices work for which job, and when; device_known is false where neither the plan nor a collector has the device.",
    example: "SELECT job, count(*) AS ranks FROM job GROUP BY 1",
};

fn table(store: &Store) -> Result<RecordBatch, ArrowError> {
    let plan = store.plan();
    let devices = store.devices();
    let known: HashSet<&str> = devices.iter().map(|device| device.device.as_str()).collect();
    let rows = || plan.jobs.iter();
    Rows::default()
        .text("job", rows().map(|j| &j.job))
        .text("device", rows().map(|j| &j.device))
        .text("port", rows().map(|j| &j.port))
        .flag("device_known", rows().map(|j| known.contains(j.device.as_str())))
        .int("rank", "1", rows().map(|j| j.rank.map(i64::from)))
        .text("peer_group", rows().map(|j| &j.group))
        .time_as("start_ts", "start_ns", rows().map(|j| j.start_ns))
        .time_as("end_ts", "end_ns", rows().map(|j| j.end_ns))
        .finish()
}

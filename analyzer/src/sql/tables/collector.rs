//! `collector`: how each collector does.

use super::{Kind, SqlTable};
use crate::sql::rows::Rows;
use crate::store::Store;
use arrow_array::RecordBatch;
use arrow_schema::ArrowError;

pub const TABLE: SqlTable = SqlTable {
    name: "collector",
    kind: Kind::Small(table),
    about: "How each collector does.",
    example: "SELECT collector, last_seen, lag_s FROM collector ORDER BY lag_s DESC LIMIT 10",
};

fn table(store: &Store) -> Result<RecordBatch, ArrowError> {
    let collectors = store.collectors();
    let rows = || collectors.iter();
    let count = |n: u64| i64::try_from(n).ok();
    Rows::default()
        .text("collector", rows().map(|c| &c.collector))
        .text("devices", rows().map(|c| c.devices.join(",")))
        .int("ports", "1", rows().map(|c| i64::try_from(c.ports).ok()))
        .time("last_seen", rows().map(|c| Some(c.last_seen_ns)))
        .float("lag_s", "s", rows().map(|c| Some(c.lag_ns as f64 / 1e9)))
        .flag("idle", rows().map(|c| c.idle))
        .text("boot", rows().map(|c| format!("{:016x}", c.boot)))
        .int("sequence", "1", rows().map(|c| count(c.sequence)))
        .int("flush_period_ms", "ms", rows().map(|c| Some(i64::from(c.flush_period_ms))))
        .int("clock_error_us", "us", rows().map(|c| c.clock_error_us))
        .int("frames", "frames", rows().map(|c| count(c.frames)))
        .int("samples", "samples", rows().map(|c| count(c.samples)))
        .int("drops", "frames", rows().map(|c| count(c.drops)))
        .int("lost_frames", "frames", rows().map(|c| count(c.lost_frames)))
        .int("duplicate_frames", "frames", rows().map(|c| count(c.duplicate_frames)))
        .int("late_rows", "rows", rows().map(|c| count(c.late_rows)))
        .int("saturated", "values", rows().map(|c| i64::try_from(c.saturated).ok()))
        .int("failed", "values", rows().map(|c| i64::try_from(c.failed).ok()))
        .int("blind", "values", rows().map(|c| i64::try_from(c.blind).ok()))
        .finish()
}

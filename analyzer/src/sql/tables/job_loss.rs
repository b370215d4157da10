//! `job_loss`: what each job loses of its step time, over time.

use super::{Kind, SqlTable};
use crate::sql::rows::Rows;
use crate::store::Store;
use arrow_array::RecordBatch;
use arrow_schema::ArrowError;
use weft_judge::features::pace::JobStep;

pub const TABLE: SqlTable = SqlTable {
    name: "job_loss",
    kind: Kind::Small(table),
    about: "The part of its step time that each job loses against its usual pace, every ten ticks while it is known; with the standard error and since when, where the job is slow by 3 % or more. 1 while it stands still in the midst of an iteration.",
    example: "SELECT job, max(lost_step_time) AS lost FROM job_loss GROUP BY 1 ORDER BY lost DESC",
};

fn table(store: &Store) -> Result<RecordBatch, ArrowError> {
    let steps: Vec<JobStep> = store.job_steps(None).into_iter().filter(|step| step.lost_step_time.is_some()).collect();
    let rows = || steps.iter();
    Rows::default()
        .time("ts", rows().map(|step| Some(step.ts_ns)))
        .text("job", rows().map(|step| &step.job))
        .text("known_by", rows().map(|step| &step.known_by))
        .float("lost_step_time", "1", rows().map(|step| step.lost_step_time))
        .float("lost_error", "1", rows().map(|step| step.lost_error))
        .time("slow_since", rows().map(|step| step.slow_since_ns))
        .finish()
}

#[cfg(test)]
mod tests {
    use super::super::job_step::tests::store;
    use super::*;
    use arrow_array::{Float64Array, Int64Array};

    #[test]
    fn only_losses_that_are_known_are_told() {
        let rows = table(&store()).unwrap();
        let (lost, since) = (rows.column_by_name("lost_step_time").unwrap(), rows.column_by_name("slow_since_ns").unwrap());
        let lost: &Float64Array = lost.as_any().downcast_ref().unwrap();
        let since: &Int64Array = since.as_any().downcast_ref().unwrap();
        assert_eq!((lost.iter().collect::<Vec<_>>(), since.value(0)), (vec![Some(0.2)], 5));
    }
}

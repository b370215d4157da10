//! `job_step`: how long an iteration of each job takes, over time.

use super::{Kind, SqlTable};
use crate::sql::rows::Rows;
use crate::store::Store;
use arrow_array::RecordBatch;
use arrow_schema::ArrowError;

pub const TABLE: SqlTable = SqlTable {
    name: "job_step",
    kind: Kind::Small(table),
    about: "How long an iteration of each job takes, every ten ticks while it runs: by step marks, or by the levels of its bytes; where neither tells, or the job stands still, the reason.",
    example: "SELECT ts, step_time_s, usual_step_time_s, known_by FROM job_step WHERE job = 'train' ORDER BY ts DESC LIMIT 20",
};

fn table(store: &Store) -> Result<RecordBatch, ArrowError> {
    let steps = store.job_steps(None);
    let rows = || steps.iter();
    Rows::default()
        .time("ts", rows().map(|step| Some(step.ts_ns)))
        .text("job", rows().map(|step| &step.job))
        .text("known_by", rows().map(|step| &step.known_by))
        .float("step_time_s", "s", rows().map(|step| step.step_time_s))
        .float("usual_step_time_s", "s", rows().map(|step| step.usual_step_time_s))
        .float("steps", "1", rows().map(|step| step.steps))
        .text("reason", rows().map(|step| &step.reason))
        .finish()
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::store::StoreConfig;
    use arrow_array::{Float64Array, StringArray};
    use weft_judge::features::pace::JobStep;
    use weft_wire::plan::Plan;

    /// A job that is known and one that is not.
    pub fn store() -> Store {
        let store = Store::new(Plan::default(), &StoreConfig { window_ns: 1, window_bytes: 1 });
        let known = JobStep {
            job: "train".into(),
            ts_ns: 10,
            known_by: "levels".into(),
            reason: String::new(),
            step_time_s: Some(2.0),
            usual_step_time_s: Some(1.6),
            lost_step_time: Some(0.2),
            lost_error: Some(0.01),
            slow_since_ns: Some(5),
            steps: Some(41.5),
        };
        let unknown = JobStep {
            job: "moe".into(),
            known_by: String::new(),
            reason: "its bytes show no levels so far".into(),
            step_time_s: None,
            usual_step_time_s: None,
            lost_step_time: None,
            lost_error: None,
            slow_since_ns: None,
            steps: None,
            ..known.clone()
        };
        store.add_job_steps(vec![known, unknown]);
        store
    }

    #[test]
    fn a_job_whose_steps_are_not_known_says_why() {
        let rows = table(&store()).unwrap();
        let column = |name: &str| rows.column_by_name(name).unwrap().clone();
        let [times, reasons] = [column("step_time_s"), column("reason")];
        let times: &Float64Array = times.as_any().downcast_ref().unwrap();
        let reasons: &StringArray = reasons.as_any().downcast_ref().unwrap();
        assert_eq!(times.iter().collect::<Vec<_>>(), [Some(2.0), None]);
        assert_eq!(reasons.iter().collect::<Vec<_>>(), [Some(""), Some("its bytes show no levels so far")]);
    }
}

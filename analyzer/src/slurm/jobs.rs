//! Slurm's jobs as rows of the plan: one a node, or one a GPU where Slurm says which.
//!
//! | Slurm's job | the job's name |
//! |---|---|
//! | an ordinary one | `8123` |
//! | task 7 of array 8100 | `8100_7` |
//! | any component of a heterogeneous job 8200 | `8200`, each component a group of its own |
//! | one that was requeued | its name of before, with the nodes and the start of now |
//!
//! Those that ended are told with their end for as long as Slurm tells of them (`MinJobAge`, 300 s by default).

use super::answer::{Job, has};
use super::gpus;
use super::hostlist::{HostlistError, expand};
use weft_wire::plan::PlanJob;

/// Rows of all jobs together: 12,500 nodes of 8 GPUs are 100,000, and nodes may be shared.
const MOST_ROWS: usize = 400_000;
const SECOND_NS: i64 = 1_000_000_000;
/// Work is done in this state …
const RUNS: &str = "RUNNING";
/// … unless one of these stands beside it.
const HELD: [&str; 4] = ["COMPLETING", "SUSPENDED", "STOPPED", "STAGE_OUT"];
const OVER: [&str; 10] = [
    "COMPLETED",
    "COMPLETING",
    "CANCELLED",
    "FAILED",
    "TIMEOUT",
    "NODE_FAIL",
    "PREEMPTED",
    "OUT_OF_MEMORY",
    "BOOT_FAIL",
    "DEADLINE",
];

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JobsError {
    #[error("nodes of job {job}: {error}")]
    Nodes { job: u64, error: HostlistError },
    #[error("the jobs have more than {MOST_ROWS} nodes and GPUs together")]
    TooMany,
}

pub fn rows(jobs: &[Job]) -> Result<Vec<PlanJob>, JobsError> {
    let mut rows = Vec::new();
    for job in jobs {
        let Some((start_ns, end_ns)) = span(job) else { continue };
        let nodes = expand(&job.nodes).map_err(|error| JobsError::Nodes { job: job.job_id, error })?;
        let told = (job.gres_detail.len() == nodes.len()).then_some(&job.gres_detail);
        for (at, device) in nodes.into_iter().enumerate() {
            let gpus = told.map(|told| gpus::indices(&told[at])).unwrap_or_default();
            let row = PlanJob {
                job: name(job),
                device,
                port: String::new(),
                start_ns: Some(start_ns),
                end_ns,
                rank: None,
                group: group(job),
            };
            match gpus.as_slice() {
                [] => rows.push(row),
                gpus => rows.extend(gpus.iter().map(|gpu| PlanJob { port: format!("gpu{gpu}"), ..row.clone() })),
            }
            if rows.len() > MOST_ROWS {
                return Err(JobsError::TooMany);
            }
        }
    }
    Ok(rows)
}

/// From when until when it works; `None` of one that does not, and has not.
fn span(job: &Job) -> Option<(i64, Option<i64>)> {
    let ns = |seconds: Option<u64>| i64::try_from(seconds.filter(|s| *s > 0)?).ok()?.checked_mul(SECOND_NS);
    let start_ns = ns(job.start_time)?;
    let is = |word: &str| has(&job.job_state, word);
    if is(RUNS) && !HELD.iter().any(|word| is(word)) {
        // Slurm tells when its time limit ends it: that is not its end.
        return Some((start_ns, None));
    }
    let end_ns = ns(job.end_time).filter(|_| OVER.iter().any(|word| is(word)))?;
    (end_ns > start_ns).then_some((start_ns, Some(end_ns)))
}

/// A number that stands for none is 0.
fn some(number: Option<u64>) -> Option<u64> {
    number.filter(|number| *number > 0)
}

fn name(job: &Job) -> String {
    match (some(job.het_job_id), some(job.array_job_id), job.array_task_id) {
        (Some(het), ..) => het.to_string(),
        (None, Some(array), Some(task)) => format!("{array}_{task}"),
        _ => job.job_id.to_string(),
    }
}

/// Components of a heterogeneous job do different work, each on nodes of its own.
fn group(job: &Job) -> String {
    let offset = job.het_job_offset.filter(|_| some(job.het_job_id).is_some());
    offset.map_or_else(String::new, |offset| format!("component {offset}"))
}

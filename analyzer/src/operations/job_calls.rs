//! Jobs that a prolog and an epilog tell of by a call each: a job begins within a tick, whatever the scheduler.
//!
//! Every node may call, or the controller once for all: what is told of one job is put together, and the first call that says
//! it is over ends it. Calls are kept in the state folder, so that a restart forgets no job.

use super::jobs::{JobsInForce, Source};
use super::keep;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use weft_wire::plan::PlanJob;

/// Jobs that are kept, those that are over first to go.
const MOST_JOBS: usize = 20_000;
/// Devices of all jobs together.
const MOST_DEVICES: usize = 400_000;
/// A job that is over is told with its end for so long, as Slurm does (`MinJobAge`).
const TOLD_NS: i64 = 300_000_000_000;

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CalledJob {
    pub job: String,
    pub devices: BTreeSet<String>,
    pub start_ns: i64,
    pub end_ns: Option<i64>,
}

#[derive(Debug, thiserror::Error)]
pub enum CallError {
    #[error("{MOST_JOBS} jobs run, and no more are kept: let the epilog tell which are over")]
    Full,
    #[error("the jobs have more than {MOST_DEVICES} devices together")]
    Devices,
    #[error("the call could not be kept in {path}: {error}; free the disk or mend its rights, and call again")]
    Keep { path: String, error: std::io::Error },
    #[error("the calls that are kept in {path} cannot be read: {error}; move the file away to start without them")]
    Read { path: String, error: std::io::Error },
}

#[derive(Debug, Default)]
pub struct JobCalls {
    jobs: Mutex<BTreeMap<String, CalledJob>>,
    in_force: JobsInForce,
    path: Option<PathBuf>,
}

impl JobCalls {
    /// What an earlier run kept in this folder.
    pub fn open(state_dir: Option<&Path>, in_force: JobsInForce) -> Result<JobCalls, CallError> {
        let path = state_dir.map(|dir| dir.join("job_calls.json"));
        let shown = || path.as_ref().map(|path| path.display().to_string()).unwrap_or_default();
        let kept: Vec<CalledJob> = path
            .as_deref()
            .map(keep::read)
            .transpose()
            .map_err(|error| CallError::Read { path: shown(), error })?
            .unwrap_or_default();
        let jobs: BTreeMap<String, CalledJob> = kept.into_iter().map(|job| (job.job.clone(), job)).collect();
        if !jobs.is_empty() {
            in_force.put(Source::Calls, rows(&jobs));
        }
        Ok(JobCalls { jobs: Mutex::new(jobs), in_force, path })
    }

    /// A job begins on these devices, or these are more of its devices. One that was over begins anew: it was requeued.
    pub fn begin(&self, job: &str, devices: Vec<String>, now_ns: i64) -> Result<CalledJob, CallError> {
        self.change(now_ns, |jobs| {
            let known = jobs.get(job).filter(|known| known.end_ns.is_none()).cloned();
            let new = || CalledJob { job: job.to_owned(), start_ns: now_ns, ..CalledJob::default() };
            let mut called = known.unwrap_or_else(new);
            called.devices.extend(devices);
            jobs.insert(job.to_owned(), called.clone());
            called
        })
    }

    /// `None` when no such job runs.
    pub fn end(&self, job: &str, now_ns: i64) -> Result<Option<CalledJob>, CallError> {
        self.change(now_ns, |jobs| {
            let called = jobs.get_mut(job).filter(|known| known.end_ns.is_none())?;
            called.end_ns = Some(now_ns.max(called.start_ns));
            Some(called.clone())
        })
    }

    fn change<T>(
        &self,
        now_ns: i64,
        change: impl FnOnce(&mut BTreeMap<String, CalledJob>) -> T,
    ) -> Result<T, CallError> {
        let mut known = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        let mut jobs = known.clone();
        let changed = change(&mut jobs);
        // Each of a job's 1,000 nodes may tell the same: nothing is written for that.
        if jobs == *known {
            return Ok(changed);
        }
        jobs.retain(|_, job| job.end_ns.is_none_or(|end_ns| end_ns.saturating_add(TOLD_NS) > now_ns));
        if jobs.len() > MOST_JOBS {
            // Whose epilog's call was lost goes with those that are over.
            let runs = |job: &CalledJob| job.end_ns.is_none() && !self.in_force.does_not_run(&job.job, job.start_ns);
            jobs.retain(|_, job| runs(job));
        }
        if jobs.len() > MOST_JOBS {
            return Err(CallError::Full);
        }
        if jobs.values().map(|job| job.devices.len()).sum::<usize>() > MOST_DEVICES {
            return Err(CallError::Devices);
        }
        if let Some(path) = &self.path {
            let failed = |error| CallError::Keep { path: path.display().to_string(), error };
            keep::write(path, &jobs.values().collect::<Vec<_>>()).map_err(failed)?;
        }
        self.in_force.put(Source::Calls, rows(&jobs));
        *known = jobs;
        Ok(changed)
    }
}

fn rows(jobs: &BTreeMap<String, CalledJob>) -> Vec<PlanJob> {
    let row = |job: &CalledJob, device: &String| PlanJob {
        job: job.job.clone(),
        device: device.clone(),
        start_ns: Some(job.start_ns),
        end_ns: job.end_ns,
        ..PlanJob::default()
    };
    jobs.values().flat_map(|job| job.devices.iter().map(move |device| row(job, device))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: i64 = 1_000_000_000;

    /// Job, device, start and end in seconds.
    fn told(jobs: &JobsInForce) -> Option<Vec<String>> {
        let row = |job: PlanJob| {
            let end = job.end_ns.map_or_else(|| "runs".to_owned(), |ns| (ns / S).to_string());
            format!("{} {} {} {end}", job.job, job.device, job.start_ns.unwrap_or(0) / S)
        };
        jobs.take().map(|jobs| jobs.into_iter().map(row).collect())
    }

    #[test]
    fn what_is_known_is_not_written_again() {
        let dir = tempfile::tempdir().unwrap();
        let calls = JobCalls::open(Some(dir.path()), JobsInForce::default()).unwrap();
        calls.begin("7", vec!["n1".into(), "n2".into()], 10 * S).unwrap();
        let file = dir.path().join("job_calls.json");
        std::fs::remove_file(&file).unwrap();
        assert_eq!(calls.begin("7", vec!["n2".into()], 11 * S).unwrap().devices.len(), 2);
        assert!(calls.end("8", 12 * S).unwrap().is_none() && !file.exists());
        calls.end("7", 13 * S).unwrap();
        assert!(file.exists());
        std::fs::remove_file(&file).unwrap();
        assert!(calls.end("7", 14 * S).unwrap().is_none() && !file.exists(), "the epilog of another node");
    }

    #[test]
    fn a_job_begins_node_by_node_ends_once_and_outlasts_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let in_force = JobsInForce::default();
        let calls = JobCalls::open(Some(dir.path()), in_force.clone()).unwrap();
        assert_eq!(told(&in_force), None);
        calls.begin("7", vec!["n1".into()], 10 * S).unwrap();
        calls.begin("7", vec!["n2".into(), "n1".into()], 11 * S).unwrap();
        assert_eq!(told(&in_force).unwrap(), ["7 n1 10 runs", "7 n2 10 runs"]);
        let after = JobsInForce::default();
        let calls = JobCalls::open(Some(dir.path()), after.clone()).unwrap();
        assert_eq!(told(&after).unwrap(), ["7 n1 10 runs", "7 n2 10 runs"]);
        assert!(calls.end("7", 20 * S).unwrap().is_some() && calls.end("7", 21 * S).unwrap().is_none());
        assert_eq!(told(&after).unwrap(), ["7 n1 10 20", "7 n2 10 20"]);
        calls.begin("7", vec!["n3".into()], 30 * S).unwrap();
        assert_eq!(told(&after).unwrap(), ["7 n3 30 runs"], "requeued");
        calls.end("7", 40 * S).unwrap();
        calls.begin("8", vec!["n1".into()], 341 * S).unwrap();
        assert_eq!(told(&after).unwrap(), ["8 n1 341 runs"], "7 was over for long enough");
    }
}

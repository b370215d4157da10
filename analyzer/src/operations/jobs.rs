//! Jobs as each source tells them, until the plan in force takes them in.
//!
//! A job that several sources tell of is taken from the first of them in the order of [`Source`]: what a scheduler says of
//! itself goes before what somebody wrote down.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use weft_wire::plan::PlanJob;

/// What each source tells.
pub type JobsTold = BTreeMap<Source, Vec<PlanJob>>;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    Slurm,
    /// Calls of a prolog and an epilog.
    Calls,
    /// The watched file.
    File,
}

impl Source {
    fn name(self) -> &'static str {
        match self {
            Source::Slurm => "slurm",
            Source::Calls => "calls",
            Source::File => "jobs file",
        }
    }
}

#[derive(Clone, Debug, Default)]
pub struct JobsInForce(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    told: JobsTold,
    /// Sources that are asked, and so will speak.
    asked: BTreeSet<Source>,
    is_new: bool,
    troubles: BTreeMap<Source, String>,
}

impl JobsInForce {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All that a source tells now.
    pub fn put(&self, source: Source, jobs: Vec<PlanJob>) {
        let mut inner = self.inner();
        let is_same = inner.told.get(&source) == Some(&jobs);
        inner.is_new |= !is_same;
        inner.told.insert(source, jobs);
    }

    /// All jobs, where they have changed since the last call.
    pub fn take(&self) -> Option<Vec<PlanJob>> {
        let mut inner = self.inner();
        std::mem::take(&mut inner.is_new).then(|| together(&inner.told))
    }

    /// A source is asked from now on: until it answers, what it told an earlier run is in force ([`JobsInForce::remember`]).
    pub fn asks(&self, source: Source) {
        self.inner().asked.insert(source);
    }

    /// What each source tells now, to be kept for the next run.
    pub fn told(&self) -> JobsTold {
        self.inner().told.clone()
    }

    /// What each source told an earlier run. Of a source that is not asked any more it is over.
    pub fn remember(&self, told: JobsTold) {
        let mut inner = self.inner();
        for (source, jobs) in told {
            if inner.asked.contains(&source) && !inner.told.contains_key(&source) {
                inner.told.insert(source, jobs);
                inner.is_new = true;
            }
        }
    }

    /// What is wrong with a source, or nothing any more.
    pub fn trouble(&self, source: Source, trouble: Option<String>) {
        let mut inner = self.inner();
        match trouble {
            Some(trouble) => _ = inner.troubles.insert(source, trouble),
            None => _ = inner.troubles.remove(&source),
        }
    }

    pub fn troubles(&self) -> Vec<String> {
        self.inner().troubles.iter().map(|(source, trouble)| format!("{}: {trouble}", source.name())).collect()
    }
}

fn together(told: &JobsTold) -> Vec<PlanJob> {
    let (mut all, mut known): (Vec<PlanJob>, HashSet<&str>) = (Vec::new(), HashSet::new());
    for jobs in told.values() {
        all.extend(jobs.iter().filter(|job| !known.contains(job.job.as_str())).cloned());
        known.extend(jobs.iter().map(|job| job.job.as_str()));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(job: &str, device: &str) -> PlanJob {
        PlanJob { job: job.into(), device: device.into(), ..PlanJob::default() }
    }

    #[test]
    fn a_job_is_what_the_first_source_says_of_it() {
        let jobs = JobsInForce::default();
        assert_eq!(jobs.take(), None);
        jobs.put(Source::File, vec![row("a", "n9"), row("b", "n1")]);
        jobs.put(Source::Slurm, vec![row("a", "n0"), row("a", "n1")]);
        assert_eq!(jobs.take(), Some(vec![row("a", "n0"), row("a", "n1"), row("b", "n1")]));
        assert_eq!(jobs.take(), None);
        jobs.put(Source::Slurm, vec![row("a", "n0"), row("a", "n1")]);
        assert_eq!(jobs.take(), None, "it says the same");
        jobs.put(Source::Slurm, Vec::new());
        assert_eq!(jobs.take(), Some(vec![row("a", "n9"), row("b", "n1")]));
    }

    #[test]
    fn what_a_source_told_an_earlier_run_is_in_force_until_it_speaks() {
        let earlier = [(Source::Slurm, vec![row("a", "n0")]), (Source::File, vec![row("b", "n1")])];
        let jobs = JobsInForce::default();
        jobs.asks(Source::Slurm);
        jobs.remember(earlier.clone().into());
        assert_eq!(jobs.take(), Some(vec![row("a", "n0")]), "no file is watched any more");
        jobs.put(Source::Slurm, Vec::new());
        assert_eq!(jobs.take(), Some(Vec::new()));
        jobs.remember(earlier.into());
        assert_eq!((jobs.take(), jobs.told()), (None, [(Source::Slurm, Vec::new())].into()), "it has spoken");
    }

    #[test]
    fn what_is_wrong_with_a_source_is_said_until_it_is_mended() {
        let jobs = JobsInForce::default();
        jobs.trouble(Source::Slurm, Some("no answer".into()));
        assert_eq!(jobs.troubles(), ["slurm: no answer"]);
        jobs.trouble(Source::Slurm, None);
        assert!(jobs.troubles().is_empty());
    }
}

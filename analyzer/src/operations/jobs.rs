//! Jobs as each source tells them, until the plan in force takes them in.
//!
//! A job that several sources tell of is taken from the first of them in the order of [`Source`]: what a scheduler says of
//! itself goes before what somebody wrote down.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use weft_wire::plan::PlanJob;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
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
    told: BTreeMap<Source, Vec<PlanJob>>,
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

fn together(told: &BTreeMap<Source, Vec<PlanJob>>) -> Vec<PlanJob> {
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
    fn what_is_wrong_with_a_source_is_said_until_it_is_mended() {
        let jobs = JobsInForce::default();
        jobs.trouble(Source::Slurm, Some("no answer".into()));
        assert_eq!(jobs.troubles(), ["slurm: no answer"]);
        jobs.trouble(Source::Slurm, None);
        assert!(jobs.troubles().is_empty());
    }
}

//! Jobs as each source tells them, until the plan in force takes them in.
//!
//! A job that several sources tell of is taken from the first of them in the order of [`Source`]: what a scheduler says of
//! itself goes before what somebody wrote down.
//!
//! Where Slurm answers, its silence about a job counts too. A prolog may call a little before Slurm's answers list the job, but a
//! job that they list no more, or that two answers in a row do not list, does not run: it is suspended, or the call of its
//! epilog was lost. Example: job 8123 is called at 10:00:01, and the answers of 10:00:02 and 10:00:07 do not list it: it counts
//! until 10:00:07, and again as soon as an answer lists it.

use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use weft_wire::plan::PlanJob;

/// What each source tells.
pub type JobsTold = BTreeMap<Source, Vec<PlanJob>>;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    Slurm,
    Kubernetes,
    /// Calls of a prolog and an epilog.
    Calls,
    /// The watched file.
    File,
}

impl Source {
    /// As configuration and messages name it.
    pub fn name(self) -> &'static str {
        match self {
            Source::Slurm => "slurm",
            Source::Kubernetes => "kubernetes",
            Source::Calls => "calls",
            Source::File => "jobs file",
        }
    }

    /// At the beginning of a sentence.
    pub fn title(self) -> &'static str {
        match self {
            Source::Slurm => "Slurm",
            Source::Kubernetes => "Kubernetes",
            Source::Calls => "The prolog and epilog",
            Source::File => "The jobs file",
        }
    }
}

/// Slurm's answers without a called job until it counts no more, where no answer listed it before: the first of them may have been
/// written before the call.
const LEAST_WITHOUT: u32 = 2;

/// What Slurm's answers say of a job that a prolog called, and whose epilog did not call yet.
#[derive(Clone, Copy, Debug, Default)]
struct Heard {
    /// Of the run that began then: a requeued job is called anew.
    start_ns: Option<i64>,
    was_listed: bool,
    /// Answers in a row that do not list it.
    without: u32,
}

impl Heard {
    fn does_not_run(&self) -> bool {
        self.without >= if self.was_listed { 1 } else { LEAST_WITHOUT }
    }
}

#[derive(Clone, Debug, Default)]
pub struct JobsInForce(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    told: JobsTold,
    /// Sources that are asked, and so will speak.
    asked: BTreeSet<Source>,
    /// By job.
    heard: HashMap<String, Heard>,
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
        if source == Source::Slurm {
            inner.hear();
        }
    }

    /// Whether Slurm's answers say by their silence that a called job does not run.
    pub fn does_not_run(&self, job: &str, start_ns: i64) -> bool {
        does_not_run(&self.inner().heard, job, Some(start_ns))
    }

    /// All jobs, where they have changed since the last call.
    pub fn take(&self) -> Option<Vec<PlanJob>> {
        let mut inner = self.inner();
        std::mem::take(&mut inner.is_new).then(|| together(&inner.told, &inner.heard))
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

impl Inner {
    /// Slurm has answered: whether each called job is listed.
    fn hear(&mut self) {
        let of = |source: Source| self.told.get(&source).into_iter().flatten();
        let listed: HashSet<&str> = of(Source::Slurm).map(|row| row.job.as_str()).collect();
        let mut heard: HashMap<String, Heard> = HashMap::new();
        for row in of(Source::Calls).filter(|row| row.end_ns.is_none()) {
            if heard.contains_key(&row.job) {
                continue;
            }
            let before = self.heard.get(&row.job).filter(|heard| heard.start_ns == row.start_ns).copied();
            let before = before.unwrap_or(Heard { start_ns: row.start_ns, ..Heard::default() });
            let now = match listed.contains(row.job.as_str()) {
                true => Heard { was_listed: true, without: 0, ..before },
                false => Heard { without: before.without.saturating_add(1), ..before },
            };
            self.is_new |= before.does_not_run() != now.does_not_run();
            heard.insert(row.job.clone(), now);
        }
        self.heard = heard;
    }
}

fn does_not_run(heard: &HashMap<String, Heard>, job: &str, start_ns: Option<i64>) -> bool {
    heard.get(job).is_some_and(|heard| heard.start_ns == start_ns && heard.does_not_run())
}

fn together(told: &JobsTold, heard: &HashMap<String, Heard>) -> Vec<PlanJob> {
    let (mut all, mut known): (Vec<PlanJob>, HashSet<&str>) = (Vec::new(), HashSet::new());
    for (source, jobs) in told {
        let is_over = |row: &PlanJob| row.end_ns.is_none() && does_not_run(heard, &row.job, row.start_ns);
        let counts = |row: &&PlanJob| *source != Source::Calls || !is_over(row);
        all.extend(jobs.iter().filter(counts).filter(|job| !known.contains(job.job.as_str())).cloned());
        known.extend(jobs.iter().filter(counts).map(|job| job.job.as_str()));
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
    fn a_called_job_that_slurm_does_not_list_does_not_run() {
        let jobs = JobsInForce::default();
        let called = |start_ns, end_ns| vec![PlanJob { start_ns: Some(start_ns), end_ns, ..row("8123", "n1") }];
        let of_slurm = || PlanJob { port: "gpu0".into(), ..row("8123", "n1") };
        let rows = || jobs.take().map(|rows| rows.into_iter().map(|row| (row.port, row.end_ns)).collect::<Vec<_>>());
        let by_call = Some(vec![(String::new(), None)]);
        let by_slurm = Some(vec![("gpu0".to_owned(), None)]);
        jobs.put(Source::Calls, called(1, None));
        jobs.put(Source::Slurm, Vec::new());
        assert_eq!(rows(), by_call, "the answer may be older than the call");
        jobs.put(Source::Slurm, Vec::new());
        assert_eq!((rows(), jobs.does_not_run("8123", 1)), (Some(Vec::new()), true));
        jobs.put(Source::Slurm, vec![of_slurm()]);
        assert_eq!(rows(), by_slurm);
        // It is suspended, or it has ended and the epilog's call was lost.
        jobs.put(Source::Slurm, Vec::new());
        assert_eq!(rows(), Some(Vec::new()));
        jobs.put(Source::Calls, called(2, None));
        assert_eq!(rows(), by_call, "requeued");
        jobs.put(Source::Calls, called(2, Some(9)));
        (0..3).for_each(|_| jobs.put(Source::Slurm, Vec::new()));
        assert_eq!(rows(), Some(vec![(String::new(), Some(9))]), "its end is told");
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

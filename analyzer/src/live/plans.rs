//! The plan in force while weft runs: the plan folder, the jobs that schedulers and a watched file tell, and what collectors and neighbours say.
//!
//! ```text
//! plan folder ──────────┐
//! jobs of all sources ──┼─► changed? ─► at the next tick, at most this often: merged ─► engine, store, labels of alerts
//! inventories ──────────┘
//! announced maintenance ─► events of the next tick
//! ```

use crate::cabling::{Cabling, NeighborView, Told};
use crate::operations::{Book, JobsInForce, MaintenanceView, views};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};
use weft_judge::fabric::LinkEvent;
use weft_judge::features::maintenance::Maintenance;
use weft_wire::plan::Plan;

/// Of the time of the intake's thread, changing the plan takes no more than one part in so many: when thousands of collectors
/// start, each tells something new.
const REST: u32 = 20;
/// What is planned comes into force and ends by itself: readers see that so much later, event time.
const SHOWN_AGAIN_NS: i64 = 2_000_000_000;
/// Jobs on devices that nobody has are named so many at a time.
const NAMED: usize = 5;

pub struct Plans {
    folder: Plan,
    jobs: JobsInForce,
    cabling: Cabling,
    in_force: Arc<Plan>,
    has_news: bool,
    not_before: Option<Instant>,
    book: Arc<Book>,
    /// Announcements that name racks are to be told anew: another plan is in force.
    has_other_plan: bool,
    /// Versions of the book and of what the judge knows, as readers were shown them, and the tick of that.
    shown: Option<(u64, u64)>,
    shown_ns: i64,
    /// Announced parts for which the judge had no room, as was said.
    refused: u64,
    /// Jobs and devices that were said to be unknown.
    said: BTreeSet<(String, String)>,
}

/// A plan that takes the place of the one before.
pub struct Change {
    pub plan: Arc<Plan>,
    pub neighbors: Vec<NeighborView>,
    /// What the judge needs of it is another than before.
    pub is_for_the_judge: bool,
}

impl Plans {
    pub fn new(folder: Plan, jobs: JobsInForce, book: Arc<Book>) -> Plans {
        Plans {
            in_force: Arc::new(folder.clone()),
            folder,
            jobs,
            cabling: Cabling::default(),
            has_news: true,
            not_before: None,
            book,
            has_other_plan: false,
            shown: None,
            shown_ns: i64::MIN,
            refused: 0,
            said: BTreeSet::new(),
        }
    }

    pub fn learn(&mut self, told: Told) {
        self.has_news |= self.cabling.learn(told);
    }

    /// What has changed since the last call, where it is time for that.
    pub fn change(&mut self, now: Instant) -> Option<Change> {
        if let Some(jobs) = self.jobs.take() {
            self.folder.jobs = jobs;
            self.has_news = true;
        }
        if !self.has_news || self.not_before.is_some_and(|not_before| now < not_before) {
            return None;
        }
        self.has_news = false;
        let (plan, neighbors) = self.cabling.merge(&self.folder);
        self.say_unknown(&plan);
        let is_for_the_judge = *self.in_force != plan;
        if is_for_the_judge {
            self.in_force = Arc::new(plan);
            self.has_other_plan = true;
        }
        Some(Change { plan: self.in_force.clone(), neighbors, is_for_the_judge })
    }

    /// What was announced since the last call, as events of the tick that begins then.
    pub fn announced(&mut self, ts_ns: i64) -> Vec<LinkEvent> {
        self.book.events(&self.in_force, ts_ns, std::mem::take(&mut self.has_other_plan))
    }

    /// Maintenance as readers see it, where it has changed, or begun or ended meanwhile.
    pub fn maintenance(&mut self, known: &Maintenance, now_ns: i64) -> Option<Vec<MaintenanceView>> {
        self.say_refused(known.refused);
        let versions = (self.book.version(), known.version);
        if self.shown == Some(versions) && now_ns < self.shown_ns + SHOWN_AGAIN_NS {
            return None;
        }
        (self.shown, self.shown_ns) = (Some(versions), now_ns);
        Some(views(self.book.list(), known, now_ns))
    }

    /// Changing the plan took so long.
    pub fn took(&mut self, took: Duration, now: Instant) {
        self.not_before = Some(now + took * REST);
    }

    /// The book refuses what is too much; what events of traces and collectors announce beside it is counted here.
    fn say_refused(&mut self, refused: u64) {
        if refused > self.refused {
            metrics::counter!("weft_dropped_total", "where" => "maintenance").increment(refused - self.refused);
            tracing::error!(
                parts = refused - self.refused,
                "announced maintenance is not in force: there is no room for more, end some of it"
            );
            self.refused = refused;
        }
    }

    /// Once a job and device; said again when it was known in between.
    fn say_unknown(&mut self, plan: &Plan) {
        let unknown: BTreeSet<(String, String)> = self.cabling.unknown_of_jobs(plan).into_iter().collect();
        let new: Vec<String> =
            unknown.difference(&self.said).map(|(job, device)| format!("job {job} on {device}")).collect();
        if !new.is_empty() {
            let named = new.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
            tracing::warn!(
                count = new.len(),
                "jobs run on devices that neither the plan nor a collector has ({named}): name them in the jobs file as their \
                 collectors do, or run collectors there"
            );
        }
        self.said = unknown;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations::Source;
    use weft_judge::testkit::star;
    use weft_wire::plan::PlanJob;

    #[test]
    fn a_change_is_told_once_and_not_more_often_than_it_costs() {
        let jobs = JobsInForce::default();
        let (mut plans, start) = (Plans::new(star(2), jobs.clone(), Arc::default()), Instant::now());
        let first = plans.change(start).expect("what is there is told");
        assert!(!first.is_for_the_judge, "the judge began with it");
        assert!(plans.change(start).is_none());
        let job = PlanJob { job: "late".into(), device: "h9".into(), ..PlanJob::default() };
        jobs.put(Source::File, vec![job]);
        let change = plans.change(start).expect("a job has begun");
        assert!(change.is_for_the_judge);
        assert_eq!((change.plan.jobs[0].job.as_str(), plans.said.len()), ("late", 1));
        plans.took(Duration::from_secs(1), start);
        jobs.put(Source::File, Vec::new());
        assert!(plans.change(start + Duration::from_secs(19)).is_none());
        assert!(plans.change(start + Duration::from_secs(20)).is_some_and(|change| change.plan.jobs.is_empty()));
    }
}

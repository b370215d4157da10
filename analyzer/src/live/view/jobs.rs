//! Jobs as readers see them: their size by the plan, their step time as the judge measures it, and what they lose.

use crate::read::JobView;
use crate::store::Store;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use weft_judge::incident::State;

/// The jobs of the plan, by name. `step_times_ns`: the usual step time of each job that has one.
pub fn jobs(store: &Store, step_times_ns: HashMap<String, Option<f64>>) -> Vec<JobView> {
    let mut jobs = planned(store);
    add_losses(&mut jobs, store);
    for (job, step_ns) in step_times_ns {
        let Some(view) = jobs.get_mut(&job) else { continue };
        view.step_time_s = step_ns.map(|ns| ns / 1e9);
        // A job that takes 1.25 s a step and loses 0.2 of it would take 1.0 s.
        let lost = view.lost_step_time.filter(|lost| (0.0..1.0).contains(lost));
        view.ideal_step_time_s = view.step_time_s.map(|s| s * (1.0 - lost.unwrap_or(0.0)));
    }
    jobs.into_values().collect()
}

fn planned(store: &Store) -> BTreeMap<String, JobView> {
    let mut jobs: BTreeMap<String, JobView> = BTreeMap::new();
    let mut devices: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let plan = store.plan();
    for row in &plan.jobs {
        let new = || JobView { job: row.job.clone(), ..Default::default() };
        jobs.entry(row.job.clone()).or_insert_with(new).ranks += 1;
        devices.entry(&row.job).or_default().insert(&row.device);
    }
    jobs.iter_mut().for_each(|(job, view)| view.devices = devices.get(job.as_str()).map_or(0, BTreeSet::len));
    jobs
}

/// Of several open incidents that cost a job something, the one that costs most.
fn add_losses(jobs: &mut BTreeMap<String, JobView>, store: &Store) {
    for incident in store.incidents().iter().filter(|i| i.state == State::Open) {
        for loss in &incident.jobs {
            if let Some(view) = jobs.get_mut(&loss.job)
                && (view.incident.is_none() || loss.lost_step_time > view.lost_step_time)
            {
                (view.lost_step_time, view.incident) = (loss.lost_step_time, Some(incident.id.clone()));
            }
        }
    }
}

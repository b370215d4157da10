//! A job is killed and comes back after `for_s` seconds. Benign. Strength means nothing here.

use super::{Fault, Injection, Nature, Place, Scope};
use crate::sim::Fabric;

pub struct JobRestart;

impl Fault for JobRestart {
    fn class(&self) -> &'static str {
        "job_restart"
    }

    fn nature(&self) -> Nature {
        Nature::Benign
    }

    fn scope(&self) -> Scope {
        Scope::Job
    }

    fn places(&self, fabric: &Fabric, _strength: f64) -> Vec<(Place, f64)> {
        (0..fabric.jobs.len()).map(|job| (Place::Job(job), 1.0)).collect()
    }

    fn begin(&self, fabric: &mut Fabric, injection: &Injection) {
        if let Place::Job(job) = injection.place {
            fabric.jobs[job].stop(injection.begin, injection.end - injection.begin);
        }
    }

    fn end(&self, _fabric: &mut Fabric, _injection: &Injection) {}
}

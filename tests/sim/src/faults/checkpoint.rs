//! A job stops together for `for_s` seconds and writes its state to storage. Benign. Strength means nothing here.

use super::{Fault, Injection, Nature, Place, Scope};
use crate::sim::Fabric;

pub struct Checkpoint {
    pub class: &'static str,
}

impl Fault for Checkpoint {
    fn class(&self) -> &'static str {
        self.class
    }

    fn truth_class(&self) -> Option<&'static str> {
        Some("storage_burst")
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
            fabric.jobs[job].checkpoint(injection.end - injection.begin);
        }
    }

    fn end(&self, _fabric: &mut Fabric, _injection: &Injection) {}
}

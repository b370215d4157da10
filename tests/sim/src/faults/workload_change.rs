//! A job goes over to other work: bytes × (1 + strength), compute × (1 + strength / 2), and back. Nobody's fault.

use super::{Fault, Injection, Nature, Place, Scope};
use crate::sim::Fabric;

pub struct WorkloadChange;

impl Fault for WorkloadChange {
    fn class(&self) -> &'static str {
        "workload_change"
    }

    /// No class of the trace format: it is what a job may do at any time.
    fn truth_class(&self) -> Option<&'static str> {
        None
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
            fabric.jobs[job].change(1.0 + injection.strength / 2.0, 1.0 + injection.strength);
        }
    }

    fn end(&self, fabric: &mut Fabric, injection: &Injection) {
        if let Place::Job(job) = injection.place {
            fabric.jobs[job].change(1.0 / (1.0 + injection.strength / 2.0), 1.0 / (1.0 + injection.strength));
        }
    }
}

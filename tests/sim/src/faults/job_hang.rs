//! A rank of a job does not begin its next collective: it is stuck on its host. The others begin, send what they can, and wait.
//! Strength means nothing here.

use super::{Fault, Injection, Nature, Place, Scope};
use crate::sim::Fabric;

pub struct JobHang;

fn set(fabric: &mut Fabric, place: Place, hangs: bool) {
    let Place::Device(device) = place else { return };
    // Nodes are the first devices.
    if let Some(node) = fabric.world.nodes.get_mut(device) {
        node.hangs = hangs;
    }
}

impl Fault for JobHang {
    fn class(&self) -> &'static str {
        "job_hang"
    }

    fn nature(&self) -> Nature {
        Nature::Hardware
    }

    fn scope(&self) -> Scope {
        Scope::Node
    }

    /// Any node of a job costs it everything.
    fn places(&self, fabric: &Fabric, _strength: f64) -> Vec<(Place, f64)> {
        let works = |node: &usize| fabric.jobs.iter().any(|job| job.spec.nodes.contains(node));
        (0..fabric.world.topology.nodes).filter(works).map(|node| (Place::Device(node), 1.0)).collect()
    }

    fn begin(&self, fabric: &mut Fabric, injection: &Injection) {
        set(fabric, injection.place, true);
    }

    fn end(&self, fabric: &mut Fabric, injection: &Injection) {
        set(fabric, injection.place, false);
    }
}

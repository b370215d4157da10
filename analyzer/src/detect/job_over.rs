//! A straggler is one of a job: when no job runs there any more, it is none.

use super::{FactKind, Place, Sink, Spot};
use crate::model::Model;

pub fn detect(model: &Model, out: &mut Sink<'_>) {
    for kind in [FactKind::LongCompute, FactKind::LateOnset, FactKind::HostStalls] {
        let idle = |device: &usize| model.topology.jobs_on(*device, model.now_ns).next().is_none();
        let idle: Vec<usize> = out.watched_devices(kind).filter(idle).collect();
        for place in idle.into_iter().map(Place::Device) {
            out.look_at(Spot::Place(place), 1 + model.topology.jobs.len());
            out.clear(kind, place);
        }
    }
}

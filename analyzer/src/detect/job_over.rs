//! A straggler is one of a job: when no job runs there any more, it is none.

use super::{FactKind, Place, Sink};
use crate::model::Model;

pub fn detect(model: &Model, out: &mut Sink<'_>) {
    for kind in [FactKind::LongCompute, FactKind::LateOnset, FactKind::HostStalls] {
        let idle = |device: &usize| model.topology.jobs_on(*device, model.now_ns).next().is_none();
        let idle: Vec<usize> = out.watched_devices(kind).filter(idle).collect();
        idle.into_iter().for_each(|device| out.clear(kind, Place::Device(device)));
    }
}

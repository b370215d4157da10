//! A straggler is one of a job: when no job runs there any more, it is none.

use super::{Detector, Sink, Spot, remembers_nothing};
use crate::fabric::Place;
use crate::features::Features;
use crate::kinds::FactKind;

pub const DETECTOR: Detector = Detector {
    name: "job_over",
    reads: &[],
    detect,
    forget: remembers_nothing,
    armed: &[],
};

pub fn detect(features: &Features, out: &mut Sink<'_>) {
    for kind in [FactKind::LongCompute, FactKind::LateOnset, FactKind::HostStalls] {
        let idle = |device: &usize| features.topology.jobs_on(*device, features.now_ns).next().is_none();
        let idle: Vec<usize> = out.watched_devices(kind).filter(idle).collect();
        for place in idle.into_iter().map(Place::Device) {
            out.look_at(Spot::Place(place), 1 + features.topology.jobs.len());
            out.absent(kind, place);
        }
    }
}

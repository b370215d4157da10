//! Ends the case of a straggler on whose device no job runs any more. A straggler is a host that holds up its job: without a
//! job it holds up nobody, and none of the detectors of stragglers looks at it again.
//!
//! Example: host h3 is a straggler of a job that ends at 12:00. In the first tick after 12:00 all evidence against h3 is said
//! to be absent, and its case is resolved after the usual ten seconds.

use super::{Detector, Sink, Spot, remembers_nothing};
use crate::fabric::Place;
use crate::features::Features;
use crate::kinds::{Class, FactKind};

pub const DETECTOR: Detector = Detector {
    name: "job_over",
    reads: &[],
    detect,
    forget: remembers_nothing,
    armed: &[],
};

pub fn detect(features: &Features, out: &mut Sink<'_>) {
    // A reason is a finding without a job too.
    let accusing = FactKind::of_subject(Class::STRAGGLER.subject).filter(|kind| !kind.class().is_reason);
    for kind in accusing {
        let idle = |device: &usize| features.topology.jobs_on(*device, features.now_ns).next().is_none();
        let idle: Vec<usize> = out.watched_devices(kind).filter(idle).collect();
        for place in idle.into_iter().map(Place::Device) {
            out.look_at(Spot::Place(place), 1 + features.topology.jobs.len());
            out.absent(kind, place);
        }
    }
}

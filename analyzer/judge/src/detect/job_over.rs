//! Ends the case of a straggler on whose device no job runs any more. A straggler is a host that holds up its job: without a
//! job it holds up nobody, and none of the detectors of stragglers looks at it again.
//!
//! Example: host h3 is a straggler of a job that ends at 12:00. In the first tick after 12:00 all evidence against h3 is said
//! to be absent, and its case is resolved after the usual ten seconds.
//!
//! A hang is over too where the host's next job has begun meanwhile: it began before all jobs that run there now, and what of them would say
//! that they go on (levels, marks) is known after some minutes only. Example: the job of h3 hangs since 11:58 and is ended at 12:00, when
//! another one begins on h3 at once: the hang is absent from then on. Other stragglers are not told apart so: since when a host is slow may lie
//! before its job began.

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
        let holds_up = |device: usize, job: usize| {
            let claim = out.claimed(kind, Place::Device(device)).filter(|_| kind == FactKind::JobHang);
            claim.is_none_or(|claim| features.topology.jobs[job].start_ns <= claim.since_ns)
        };
        let idle = |device: &usize| !features.topology.jobs_on(*device, features.now_ns).any(|job| holds_up(*device, job));
        let idle: Vec<usize> = out.watched_devices(kind).filter(idle).collect();
        for place in idle.into_iter().map(Place::Device) {
            out.look_at(Spot::Place(place), 1 + features.topology.jobs.len());
            out.absent(kind, place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Claim, Open, Watch};
    use super::*;
    use crate::fabric::Part;
    use crate::testkit::{SECOND, star};
    use weft_wire::plan::{Plan, PlanJob};

    /// Whether it is said to be absent that h3 is a straggler of this kind since second 100, where these jobs run on it from and until.
    fn is_over(kind: FactKind, jobs: &[(i64, i64)]) -> bool {
        let job = |(name, (from, until)): (usize, &(i64, i64))| PlanJob {
            job: name.to_string(),
            device: "h3".into(),
            start_ns: Some(from * SECOND),
            end_ns: Some(until * SECOND),
            ..PlanJob::default()
        };
        let mut features = Features::new(&Plan { jobs: jobs.iter().enumerate().map(job).collect(), ..star(4) }, SECOND);
        features.now_ns = 200 * SECOND;
        let claim = Claim { amount: 1.0, shown_ns: 150 * SECOND, since_ns: 100 * SECOND, onset_ns: 100 * SECOND };
        let mut open = Open::default();
        let part: Part = features.topology.part(Place::Device(features.topology.find_device("h3").expect("planned")));
        open.claims.entry(kind).or_default().insert(part, claim);
        let watch = Watch::new(&open, &features);
        let mut out = Sink::new(&features, &watch);
        detect(&features, &mut out);
        !out.into_said().absences.is_empty()
    }

    #[test]
    fn a_hang_is_over_with_its_job_though_another_one_has_begun() {
        let hangs = |jobs: &[(i64, i64)]| is_over(FactKind::JobHang, jobs);
        assert!(!hangs(&[(0, 300)]), "its job runs");
        assert!(hangs(&[(0, 150)]), "no job runs");
        assert!(hangs(&[(0, 150), (160, 300)]), "another one has begun");
        assert!(!hangs(&[(0, 150), (50, 300)]), "one runs that may hang as well");
        assert!(!is_over(FactKind::HostStalls, &[(0, 150), (160, 300)]), "its evidence is looked at by its detector");
        assert!(is_over(FactKind::HostStalls, &[(0, 150)]));
    }
}

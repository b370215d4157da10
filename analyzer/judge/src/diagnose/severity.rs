//! How urgent an incident is: by what it takes from jobs, not by its class.
//!
//! | what is known | severity |
//! |---|---|
//! | a job loses a tenth of its step time or more | critical |
//! | a link or device that a job runs on is down, or goes up and down | critical |
//! | congestion that takes no visible step time from any job | info |
//! | a reason alone, such as a GPU that throttles and holds up no job | info |
//! | anything else wrong with hardware: it costs less, or nothing that is known | warning |
//! | the plan names no job at all, so nothing tells what is lost | the class's own |
//! | a job that is slow, or stands still | the class's own: warning |
//! | faults of the telemetry | the class's own: info |

use super::case::Case;
use super::loss;
use crate::features::Features;
use crate::incident::{Kind, Severity};
use crate::kinds::Family;

/// The part of a job's step time from which its loss is critical. Readings once a second tell a slower job from an
/// ordinary change of its work only from about a tenth on (under 4 % jitter dominates, and published systems ask for 10 %
/// over several iterations), so a lower bound would wake people by figures that not every tier of evidence can vouch for.
const MUCH: f64 = 0.1;

/// Brings the severity up to what is known now. It never falls while the incident lasts.
pub fn raise(features: &Features, case: &mut Case) {
    case.severity = case.severity.max(of(features, case));
}

fn of(features: &Features, case: &Case) -> Severity {
    let class = case.class();
    if class.is_reason && case.is_finding() {
        return Severity::Info;
    }
    if class.is_reason && features.topology.jobs.is_empty() {
        return Severity::Warning; // another kind's evidence accuses the host
    }
    if class.kind != Kind::Hardware || features.topology.jobs.is_empty() {
        return class.severity;
    }
    let lost = case.jobs.values().filter_map(|cost| cost.lost).fold(0.0, f64::max);
    if class.family == Family::Congestion && lost < loss::VISIBLE {
        return Severity::Info; // queues and pauses are how a fabric works
    }
    let serves_a_job = || loss::candidates(features, case).iter().any(|(_, is_sure)| *is_sure);
    if lost >= MUCH || (class.is_down && serves_a_job()) { Severity::Critical } else { Severity::Warning }
}

#[cfg(test)]
mod tests {
    use super::super::case::Cost;
    use super::*;
    use crate::fabric::Part;
    use crate::kinds::{ConservationLoss, Fact, NoisyNeighbour, Payload};
    use crate::testkit::{SECOND, star};

    #[test]
    fn a_queue_is_as_severe_as_what_it_costs_and_a_failing_link_is_a_warning_at_least() {
        let features = Features::new(&star(3), SECOND);
        let check = |payload: Payload, lost: Option<f64>, expected: Severity| {
            let part = Part::Device("elsewhere".into());
            let mut case = Case::new(&Fact {
                ts_ns: 0,
                part,
                shown_at: None,
                since_ns: 0,
                until_ns: None,
                one_sided: true,
                strength: 0.5,
                job: None,
                payload,
            });
            case.jobs.insert("train".into(), Cost { lost, explained: None });
            raise(&features, &mut case);
            assert_eq!(case.severity, expected, "{lost:?}");
        };
        let queue = || -> Payload {
            let iteration_ns = SECOND;
            NoisyNeighbour { job: String::new(), more_bps: 1e9, bps: 2e9, job_lost: 0.0, iteration_ns }.into()
        };
        check(queue(), None, Severity::Info);
        check(queue(), Some(0.0), Severity::Info);
        check(queue(), Some(0.05), Severity::Warning);
        check(queue(), Some(0.2), Severity::Critical);
        check(ConservationLoss { ratio: 0.01 }.into(), None, Severity::Warning);
    }
}

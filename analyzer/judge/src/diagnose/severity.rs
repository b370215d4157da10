//! How urgent an incident is: by what it takes from jobs, not by its class.
//!
//! | what is known | severity |
//! |---|---|
//! | a job loses a tenth of its step time or more | critical |
//! | a link or device that a job runs on is down, or goes up and down | critical |
//! | congestion that takes no visible step time from any job | info |
//! | anything else wrong with hardware: it costs less, or nothing that is known | warning |
//! | the plan names no job at all, so nothing tells what is lost | the class's own |
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

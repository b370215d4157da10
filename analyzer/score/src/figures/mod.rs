//! Figures of a set of faults and of the incidents that were said beside them.

mod calibration;
mod delay;
mod loss;
mod rate;
mod ratio;

pub use calibration::Calibration;
pub use delay::Delay;
pub use loss::LossError;
pub use rate::{FalseRate, at_least};
pub use ratio::Ratio;

use crate::compare::{Fate, Fault, Limit, Verdict};
use delay::Search;
use serde::Serialize;
use weft_trace::Family;

/// A fault that takes less of the step time does not weigh in recall: ordinary jitter takes as much.
const WEAK_LOSS: f64 = 0.03;

/// Faults and verdicts of one group of any traces, and the node-days of those traces.
#[derive(Clone, Debug, Default)]
pub struct Basis<'a> {
    pub faults: Vec<&'a Fault>,
    pub verdicts: Vec<&'a Verdict>,
    /// False incidents in traces that have nodes, and the node-days of these.
    pub false_on_nodes: usize,
    pub node_days: f64,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Figures {
    /// Faults that weigh in recall, and those too weak for it.
    pub faults: usize,
    pub weak: usize,
    /// Found: part and family.
    pub recall: Ratio,
    /// Missed, and had fewer readings than a fault of that size needs.
    pub beyond_limit: usize,
    /// Found, and named by the very class.
    pub exact: Ratio,
    /// The first culprit is the part, whatever the family.
    pub culprit: Ratio,
    /// One of the first three is.
    pub among_three: Ratio,
    /// Of what accuses somebody, the part that is right; a second incident about one fault counts as wrong.
    pub precision: Ratio,
    pub r#false: usize,
    pub duplicates: usize,
    pub seconds: Delay,
    pub ticks: Delay,
    pub loss: LossError,
    pub false_rate: FalseRate,
    pub calibration: Calibration,
}

impl Figures {
    pub fn of(basis: &Basis<'_>) -> Figures {
        // What may be missed and was missed is as if it were not there.
        let faults: Vec<&Fault> = basis.faults.iter().copied().filter(|f| f.found || !f.optional).collect();
        let is_weak = |f: &Fault| f.loss.is_some_and(|loss| loss < WEAK_LOSS);
        let strong: Vec<&Fault> = faults.iter().copied().filter(|f| !is_weak(f)).collect();
        let wrong = basis.verdicts.iter().filter(|v| v.fate == Fate::False).count();
        let duplicates = faults.iter().map(|f| f.duplicates).sum();
        let found = faults.iter().filter(|f| f.found).count();
        let losses = strong.iter().filter(|f| f.found).filter_map(|f| f.loss.zip(f.said));
        Figures {
            faults: strong.len(),
            weak: faults.len() - strong.len(),
            recall: Ratio::count(&strong, |f| f.found),
            beyond_limit: strong.iter().filter(|f| f.limit.is_some_and(Limit::is_beyond)).count(),
            exact: Ratio::count(&strong, |f| f.exact),
            culprit: Ratio::count(&strong, |f| f.culprit),
            among_three: Ratio::count(&strong, |f| f.among_three),
            precision: Ratio { hits: found, of: found + wrong + duplicates },
            r#false: wrong,
            duplicates,
            seconds: Delay::of(strong.iter().map(|f| search(f, 1e9))),
            ticks: Delay::of(strong.iter().map(|f| search(f, f.tick_ns as f64))),
            loss: LossError::of(losses),
            false_rate: FalseRate::new(basis.false_on_nodes, basis.node_days),
            calibration: Calibration::of(basis.verdicts.iter().filter_map(|v| outcome(v))),
        }
    }
}

/// In units of so many ns.
fn search(fault: &Fault, unit_ns: f64) -> Search {
    match fault.opened_after_ns {
        Some(ns) if fault.found => Search::Found(ns as f64 / unit_ns),
        _ => Search::Missed(fault.watched_ns as f64 / unit_ns),
    }
}

/// An accusation's confidence, and whether it was right.
fn outcome(verdict: &Verdict) -> Option<(f64, bool)> {
    let accuses = verdict.fate != Fate::AccusesNobody && verdict.family != Some(Family::Data);
    verdict.confidence.filter(|_| accuses).map(|confidence| (confidence, verdict.fate == Fate::Right))
}

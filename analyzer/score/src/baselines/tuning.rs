//! One threshold a baseline, tuned on traces that it is not judged on.
//!
//! ```text
//! fault-free traces ──────────────┬─► threshold 1 ─► judges half B
//! faulty traces, by their name: A ┤
//!                               B ┴─► threshold 2 ─► judges half A
//! ```
//! Each half is judged by the threshold that was tuned on the other half and on all traces without faults. The threshold is the
//! smallest at which no more incidents there are false than weft allows itself in so many node-days: in less than 2,500 none.

use super::baseline::Baseline;
use super::sighted::Sighted;
use crate::compare::{Compared, Fate, compare};
use crate::metamorphic::{Dice, number_of};

/// False incidents a node-day that are allowed: what weft's detectors may spend in all.
const ALLOWED_A_NODE_DAY: f64 = 4e-4;
/// Thresholds that are tried: the published one and up, a twentieth more each.
const STEP: f32 = 1.05;
/// The last is beyond 1,000,000 times the published one: a baseline that needs it is as good as silent.
const STEPS: i32 = 284;

/// The half that a faulty trace is in, by its name alone, so that it is always the same.
pub fn half(trace: &str) -> bool {
    Dice::new(0).of(&[number_of(trace)]) & 1 == 1
}

/// The smallest threshold that is good enough on these traces; the published one where there are none.
pub fn tuned(baseline: &Baseline, number: usize, on: &[&Sighted]) -> f32 {
    let node_days: f64 = on.iter().map(|trace| trace.subject.node_days).sum();
    let allowed = (ALLOWED_A_NODE_DAY * node_days) as usize;
    let threshold = |step: i32| baseline.published * STEP.powi(step);
    let is_good = |step: i32| on.iter().map(|trace| false_at(trace, number, threshold(step))).sum::<usize>() <= allowed;
    // More is said at a smaller threshold: halving finds where it becomes too much.
    let (mut low, mut high) = (0, STEPS);
    while low < high {
        let middle = (low + high) / 2;
        if is_good(middle) { high = middle } else { low = middle + 1 }
    }
    threshold(low)
}

fn false_at(trace: &Sighted, number: usize, threshold: f32) -> usize {
    judged(trace, number, threshold).verdicts.iter().filter(|v| v.fate == Fate::False).count()
}

/// What the incidents of a baseline at a threshold are worth.
pub fn judged(trace: &Sighted, number: usize, threshold: f32) -> Compared {
    compare(&trace.subject, &trace.alarms[number].incidents(threshold))
}

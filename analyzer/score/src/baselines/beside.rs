//! Baselines beside the system that is scored: a row each, on the same traces.

use super::BASELINES;
use super::sighted::Sighted;
use super::tuning::{half, judged, tuned};
use crate::compare::Compared;
use crate::figures::Figures;
use crate::groups::of_hardware;
use serde::Serialize;
use weft_trace::Family;

/// One row of the table.
#[derive(Clone, Debug, Serialize)]
pub struct Beside {
    pub name: String,
    pub about: String,
    /// Those that were tuned, one for each half of the traces; none for the system that is scored.
    pub thresholds: Vec<f32>,
    /// Of the faulty traces: those without faults are what thresholds are tuned on.
    pub figures: Figures,
}

/// The system that was scored, and each baseline, on the traces with faults.
pub fn beside(scored: &[Compared], traces: &[Sighted]) -> Vec<Beside> {
    let is_faulty =
        |trace: &Sighted| trace.subject.truth.iter().any(|t| !matches!(t.family, Family::Benign | Family::Data));
    let faulty: Vec<&Sighted> = traces.iter().filter(|trace| is_faulty(trace)).collect();
    let same: Vec<Compared> = scored.iter().zip(traces).filter(|(_, t)| is_faulty(t)).map(|(c, _)| c.clone()).collect();
    let (name, about) = ("scored here".to_owned(), "the system whose incidents this report is about".to_owned());
    let mut rows = vec![Beside { name, about, thresholds: Vec::new(), figures: Figures::of(&of_hardware(&same)) }];
    for (number, baseline) in BASELINES.iter().enumerate() {
        let mut thresholds = Vec::new();
        let mut compared = Vec::new();
        for own in [false, true] {
            let is_own = |trace: &&Sighted| half(&trace.subject.name) == own;
            let on: Vec<&Sighted> = traces.iter().filter(|trace| !is_faulty(trace) || !is_own(trace)).collect();
            let threshold = tuned(baseline, number, &on);
            thresholds.push(threshold);
            compared.extend(faulty.iter().copied().filter(is_own).map(|trace| judged(trace, number, threshold)));
        }
        let figures = Figures::of(&of_hardware(&compared));
        rows.push(Beside { name: baseline.name.to_owned(), about: baseline.about.to_owned(), thresholds, figures });
    }
    rows
}

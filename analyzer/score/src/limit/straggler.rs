//! A host that is late by a share δ of each step is caught holding in a share δ of the readings; a sound one in 1 %.
//!
//! Readings needed: ln(1,000 · r / F) / D(δ ‖ 1 %), with one slow phase without a culprit a job-day (r) and one false
//! accusation in 1,000 node-days (F): 6.9 nats. Example: δ = 12 % needs 36 readings, 6 % needs 117.

use super::readings::{VERDICT_NATS, instants, nats};
use crate::compare::Limit;
use weft_trace::{TraceTables, Truth};

/// What a sound host is caught holding.
const SOUND: f64 = 0.01;

pub fn limit(tables: &TraceTables, truth: &Truth) -> Option<Limit> {
    let late = truth.step_loss.filter(|loss| *loss > SOUND)?;
    let has_marks = !tables.steps.is_empty();
    let had = instants(tables, truth, &truth.device);
    (!has_marks).then(|| Limit { needed: VERDICT_NATS / nats(late, SOUND), had })
}

//! A trace as all baselines saw it.

use super::BASELINES;
use super::alarms::Alarms;
use crate::subject::Subject;
use weft_trace::TraceTables;

#[derive(Debug)]
pub struct Sighted {
    pub subject: Subject,
    /// Of each baseline, in the order of the list.
    pub alarms: Vec<Alarms>,
}

/// Runs all baselines over a trace.
pub fn sighted(tables: &TraceTables, subject: Subject) -> Sighted {
    let alarms = BASELINES.iter().map(|baseline| Alarms::of(baseline, tables, &subject)).collect();
    Sighted { subject, alarms }
}

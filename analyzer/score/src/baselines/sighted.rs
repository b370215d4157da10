//! A trace as all baselines saw it.

use super::BASELINES;
use super::alarms::Alarms;
use super::seen::Seen;
use crate::subject::Subject;
use std::collections::BTreeSet;
use weft_trace::TraceTables;

#[derive(Debug)]
pub struct Sighted {
    pub subject: Subject,
    /// Of each baseline, in the order of the list.
    pub alarms: Vec<Alarms>,
}

/// Runs all baselines over a trace.
pub fn sighted(tables: &TraceTables, subject: Subject) -> Sighted {
    let meters = BASELINES.iter().flat_map(|baseline| baseline.meters);
    let counters: BTreeSet<&str> = meters.flat_map(|meter| meter.counters).copied().collect();
    let seen = Seen::new(tables, &subject, &Vec::from_iter(counters));
    let alarms = BASELINES.iter().map(|baseline| Alarms::of(baseline, &seen)).collect();
    Sighted { subject, alarms }
}

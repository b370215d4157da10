//! A trace that was healthy for longer before its fault.

use super::back::Back;
use super::disturbance::Disturbance;
use weft_trace::{TraceTables, Truth};

pub const PREFIXED: Disturbance = Disturbance {
    name: "prefixed",
    about: "two thirds of the healthy time before the first fault spliced on once more; counters go on where they stood",
    apply: |tables, truth, _| match healthy(tables, truth) {
        None => Back::default(),
        Some((from_ns, to_ns)) => {
            tables.repeat(from_ns, to_ns);
            Back { moved: vec![(to_ns, to_ns - from_ns)], ..Back::default() }
        }
    },
};

/// A trace that shows fewer intervals of healthy time has nothing to repeat.
const LEAST_TICKS: i64 = 10;
/// Before its start a fault may show: clocks of those who inject and of those who read differ.
const MARGIN_NS: i64 = 5_000_000_000;

/// The time that is repeated: up to the first fault (half of a trace without one), less the first third, in which jobs begin;
/// a whole number of intervals, so that ticks fall as before.
fn healthy(tables: &TraceTables, truth: &[Truth]) -> Option<(i64, i64)> {
    let (first_ns, last_ns) = tables.span_ns()?;
    let fault_ns = truth.iter().map(|t| t.start_ns - MARGIN_NS).min();
    let to_ns = fault_ns.unwrap_or(first_ns + (last_ns - first_ns) / 2);
    let tick_ns = tables.manifest.tick_ns;
    let ticks = to_ns.checked_sub(first_ns)? / 3 * 2 / tick_ns;
    (ticks >= LEAST_TICKS).then(|| (to_ns - ticks * tick_ns, to_ns))
}

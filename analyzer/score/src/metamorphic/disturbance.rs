//! What every disturbance is.

use super::back::Back;
use super::dice::Dice;
use weft_trace::{TraceTables, Truth};

/// One way to disturb a trace.
#[derive(Debug)]
pub struct Disturbance {
    pub name: &'static str,
    /// What is done, for people.
    pub about: &'static str,
    /// Changes the trace, and tells how an incident of the changed one is said of the first. It may look at the truth, to
    /// know which part of the trace is healthy.
    pub apply: fn(&mut TraceTables, &[Truth], Dice) -> Back,
}

//! Baselines: the rules that are in use elsewhere, run on the same traces as the system that is scored.
//!
//! ```text
//! TraceTables ─► Seen (rates by tick, peers) ─► strengths: a baseline ─► Alarms ─┐
//!                                                                                ├─► tuned on one half, judged on the other
//! TraceTables ─► Subject (truth) ────────────────────────────────────────────────┘      ─► Beside: figures, a row each
//! ```
//! A figure alone says little: .80 may be what counting errors gives. So four rules of other systems are given the same
//! readings. Each has one threshold, which is tuned so that it accuses as few wrongly as weft is allowed to (`tuning`), and is then
//! compared on traces that it was not tuned on. A further baseline is one file here and one row in [`BASELINES`].

mod alarms;
mod baseline;
mod beside;
mod cohort;
mod distance;
mod meters;
mod seen;
mod sighted;
mod sigma;
mod statistics;
mod strength;
#[cfg(test)]
mod tests;
mod thresholds;
mod tuning;

pub use beside::{Beside, beside};
pub use sighted::{Sighted, sighted};

use baseline::Baseline;

pub static BASELINES: [&Baseline; 4] = [&thresholds::FIXED, &sigma::SIGMA, &distance::DISTANCE, &cohort::COHORT];

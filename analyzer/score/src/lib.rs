//! Compares what a system said of a trace with what was really there, and makes figures of it. The method, with an
//! example, stands in docs/scoring.md.
//!
//! ```text
//! trace (plan, truth, readings) ─► Subject ──┐
//!                                            ├─► compare ─► Compared: a row a fault, a row an incident
//! incidents.ndjson ─────────► Incident ──────┘                  │
//!                    (what a miss could have shown: limit)      │
//!                                      of many traces ─► Score: figures in all and by group ─► table, JSON, Markdown
//! ```
//! Whose incidents they are does not matter: nothing of weft's judge is linked here.

mod baselines;
mod compare;
mod elsewhere;
mod fault_free;
mod figures;
mod groups;
mod incident;
mod limit;
mod metamorphic;
mod picture;
mod pictures;
mod report;
mod score;
mod subject;
#[cfg(test)]
mod testkit;

pub use baselines::{Beside, Sighted, beside, sighted};
pub use compare::{Compared, Fate, Fault, Limit, Verdict, compare};
pub use elsewhere::{Detector, Elsewhere, elsewhere};
pub use fault_free::{FaultFree, Shard, Tail, fault_free_table};
pub use figures::{Figures, Ratio};
pub use groups::Group;
pub use incident::{Culprit, Incident, read_incidents};
pub use limit::add_limits;
pub use metamorphic::{Back, Change, Dice, Disturbance, Disturbances, Followed, Kind, Metamorphic, followed};
pub use pictures::add_pictures;
pub use report::{Output, html, render};
pub use score::{Confusion, Score};
pub use subject::{Subject, Tier};

//! Statistics that judging rests on: one file a method, each with the paper or book that it comes from.
//!
//! | file | what for |
//! |---|---|
//! | `median.rs` | the usual value of peers, of which a few may be sick |
//! | `trimmed_mean.rs` | the usual value of a few readings that jump by whole steps |
//! | `chernoff.rs` | how surely something happens more often than it may |
//!
//! Page's cumulative sum (1954) is drawn where it is used, in `features/backlog.rs`: what it sums is that file's.

mod chernoff;
mod median;
mod trimmed_mean;

pub use chernoff::chernoff_nats;
pub use median::{lower_median, median};
pub use trimmed_mean::trimmed_mean;

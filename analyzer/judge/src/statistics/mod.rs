//! Statistics that judging rests on: one file a method, each with the paper or book that it comes from.
//!
//! | file | what for |
//! |---|---|
//! | `median.rs` | the usual value of peers, of which a few may be sick |
//! | `trimmed_mean.rs` | the usual value of a few readings that jump by whole steps |
//! | `chernoff.rs` | how surely something happens more often than it may |
//! | `betting.rs` | how surely a mean is above what it may be, whatever the distribution and whenever one looks |
//! | `cusum.rs` | since when something has changed, and how surely |
//! | `comb.rs` | the period of points of which some stand at its multiples |
//! | `broken_line.rs` | the slope of a line with noise, and where it bends |
//! | `student.rs` | how far a mean may be off by chance when its noise is an estimate too |
//! | `ramp.rs` | how surely a count grows steadily, where it only wandered before |
//! | `in_step.rs` | how much less readings say that come back to the same places of an iteration |
//! | `logarithms.rs` | means of numbers that are kept by their logarithms |

mod betting;
mod broken_line;
mod chernoff;
mod comb;
mod cusum;
mod in_step;
mod logarithms;
mod median;
mod ramp;
mod student;
mod trimmed_mean;

pub use betting::betting_nats;
pub use broken_line::{Point, bend, slope};
pub use chernoff::chernoff_nats;
pub use comb::{resultant, teeth};
pub use cusum::{Cusum, change_bar, mixture_nats};
pub use in_step::in_step;
pub use logarithms::ln_mean_exp;
pub use median::{lower_median, median};
pub use ramp::{Ramp, Reading, ramp};
pub use student::student_t;
pub use trimmed_mean::trimmed_mean;

//! What a driver counts by itself, and names by itself: `ethtool -S`, by the ioctl SIOCETHTOOL.
//!
//! Replies are bytes that a driver filled. They are decoded here and nowhere else, whether the kernel or a recording gave them.

mod edge;
mod reply;
mod statistics;

pub use edge::{Edge, Kernel};
pub use statistics::{Outcome, Statistics, driver};

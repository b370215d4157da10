//! What operators and schedulers tell weft while it runs: the maintenance that they announce.
//!
//! ```text
//! HTTP, Slurm ─► book (kept in the state folder) ─► events of the next tick ─► judge, SQL, page
//! ```

mod announced;
mod book;
mod keep;
mod view;

pub use announced::{Announced, AnnouncedPart};
pub use book::{Book, BookError};
pub use view::{MaintenanceView, views};

//! What operators and schedulers tell weft while it runs: the maintenance that they announce, and the jobs
//! that begin and end.
//!
//! ```text
//! HTTP, Slurm, Kubernetes ─► book (kept in the state folder) ─► events of the next tick ─► judge, SQL, page
//! watched file, Slurm, Kubernetes, prolog and epilog ─► jobs in force ─► plan in force
//! ```

mod announced;
mod asking;
mod book;
mod job_calls;
mod jobs;
mod keep;
mod view;

pub use announced::{Announced, AnnouncedPart, HTTP, one_line};
pub use asking::{Troubles, aside, guarded, old};
pub use book::{Book, BookError};
pub use job_calls::{CallError, CalledJob, JobCalls};
pub use jobs::{JobsInForce, JobsTold, Source};
pub use view::{MaintenanceView, views};

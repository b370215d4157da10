//! Slurm as a source of jobs and of maintenance: what `squeue`, `scontrol` or slurmrestd say, asked every few seconds.
//!
//! ```text
//! squeue --json,   ─┐                 ┌► jobs: a row a node or GPU ─► plan in force
//! scontrol --json,  ├► ask ─► answer ─┤
//! slurmrestd       ─┘                 └► drained nodes, maintenance reservations ─► book of maintenance
//! ```
//! A controller that does not answer ends no job: what it said last stays in force, and that it is old is said.

mod answer;
mod ask;
mod config;
mod gpus;
pub mod hostlist;
mod jobs;
mod maintenance;
#[cfg(test)]
mod tests;
mod watch;

pub use config::{SlurmConfig, SlurmKind};
pub use watch::watch;

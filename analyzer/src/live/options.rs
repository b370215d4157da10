//! What an analyzer is started with, and what can end it.

use crate::operations::{Book, JobsInForce};
use crate::store::StateError;
use std::path::PathBuf;
use std::sync::Arc;
use weft_judge::incident::Incident;
use weft_transport::{Publisher, Subscriber, TransportError};
use weft_wire::plan::Plan;

/// Hears of every incident that is new or changed, whole; in the intake's thread, so it must not wait. Returns the
/// number given to the update, or 0.
pub type OnUpdate = Box<dyn Fn(&Arc<Incident>) -> u64 + Send>;

/// Hears of every plan that comes into force while weft runs; in the intake's thread.
pub type OnPlan = Box<dyn Fn(&Plan) + Send>;

pub struct LiveOptions {
    pub plan: Plan,
    /// A file of jobs that is watched; what it says takes the place of the jobs of `plan`.
    pub jobs_file: Option<PathBuf>,
    /// Jobs as schedulers tell them; the jobs file joins them.
    pub jobs: JobsInForce,
    /// Announced maintenance.
    pub book: Arc<Book>,
    pub subscriber: Box<dyn Subscriber>,
    /// Where messages go that nobody can read; `None`: they are counted and dropped.
    pub dead_letters: Option<Arc<dyn Publisher>>,
    /// Folder of the state database; `None`: nothing outlives the process.
    pub state_dir: Option<PathBuf>,
    pub lateness_ns: i64,
    /// Allowed in a day.
    pub false_alarms: f64,
    /// Event time held in memory. Over Kafka, the subscriber's rewind should be as long.
    pub window_ns: i64,
    pub window_bytes: usize,
    pub on_update: OnUpdate,
    pub on_plan: OnPlan,
}

#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    #[error(transparent)]
    State(#[from] StateError),
    #[error(transparent)]
    Transport(#[from] TransportError),
    #[error("a thread cannot be started: {0}")]
    Thread(std::io::Error),
    #[error("the analyzer's thread ended: {0}")]
    Panicked(String),
}

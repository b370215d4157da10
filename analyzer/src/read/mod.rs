//! What the analyzer can be asked, beside SQL: one narrow trait and the answers it gives. HTTP is a thin edge over these types.
//! They are answered by the running analyzer (`live`), and by a test's model.

mod collectors;
mod fabric;
mod health;

pub use collectors::{CollectorView, GapView};
pub use fabric::{JobView, PortView};
pub use health::{Health, Silent, Watching};

pub use crate::operations::MaintenanceView;
pub use crate::store::{DeviceView, Mark, Series, SeriesError, SeriesMode, SeriesQuery};
pub use weft_judge::detect::armed::{Armed, Off};
pub use weft_judge::features::pace::JobStep;

use async_trait::async_trait;
use std::sync::Arc;
use weft_judge::incident::Incident;
use weft_judge::kinds::Fact;

/// Each call answers from a snapshot. No call waits for frames to come, and none changes anything.
#[async_trait]
pub trait ReadModel: Send + Sync {
    /// Newest onset first; equal onsets by id.
    fn incidents(&self) -> Vec<Arc<Incident>>;
    fn incident(&self, id: &str) -> Option<Arc<Incident>>;
    /// The latest facts, newest last; at most `limit`.
    fn facts(&self, limit: usize) -> Vec<Fact>;
    /// By name.
    fn devices(&self) -> Vec<DeviceView>;
    /// By device, then port.
    fn ports(&self) -> Vec<PortView>;
    /// By name.
    fn jobs(&self) -> Vec<JobView>;
    /// How long an iteration of a job took, oldest first; `None` of a job that is not known.
    fn job_steps(&self, job: &str) -> Option<Vec<JobStep>>;
    fn collectors(&self) -> Vec<CollectorView>;
    /// What each detector can see, in the order of the detectors.
    fn armed(&self) -> Vec<Armed>;
    fn watching(&self) -> Watching;
    /// What is in force first, then what is to come, then what is over.
    fn maintenance(&self) -> Vec<MaintenanceView>;
    /// Newest last.
    fn gaps(&self) -> Vec<GapView>;
    fn health(&self) -> Health;
    /// Cables on which loss cannot be told, because their two ends count different packets.
    fn cables_at_odds(&self) -> usize;
    async fn series(&self, query: SeriesQuery) -> Result<Series, SeriesError>;
}

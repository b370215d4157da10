//! What every handler is given.

use super::HttpConfig;
use crate::feed::Feed;
use crate::operations::{Book, JobCalls};
use crate::read::ReadModel;
use crate::sql::Sql;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;
use weft_settings::Secret;

#[derive(Clone)]
pub struct AppState {
    pub view: Arc<dyn ReadModel>,
    pub sql: Arc<dyn Sql>,
    pub feed: Arc<Feed>,
    pub config: Arc<HttpConfig>,
    /// What whoever changes something must show; `None`: nobody may.
    pub token: Option<Secret>,
    /// Announced maintenance.
    pub book: Arc<Book>,
    /// Jobs that prologs and epilogs tell of.
    pub calls: Arc<JobCalls>,
    /// Ends event streams, which would otherwise outlive the server.
    pub stop: CancellationToken,
}

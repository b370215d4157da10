//! What every handler is given.

use super::HttpConfig;
use crate::feed::Feed;
use crate::read::ReadModel;
use crate::sql::Sql;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

#[derive(Clone)]
pub struct AppState {
    pub view: Arc<dyn ReadModel>,
    pub sql: Arc<dyn Sql>,
    pub feed: Arc<Feed>,
    pub config: Arc<HttpConfig>,
    /// Ends event streams, which would otherwise outlive the server.
    pub stop: CancellationToken,
}

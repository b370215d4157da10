//! Notifiers: each knows one receiver's protocol and says of a failure whether to try again. When, to whom and what is
//! said is decided in [`crate::route`].
//!
//! To add one: a file beside these, a row in [`NotifyKind`], a row in [`build`].

mod alert;
mod alertmanager;
mod config;
mod post;
mod webhook;

pub use alert::{Alert, Labels, Links, Status, rings_alike};
pub use config::{Endpoint, NotifyConfig, NotifyKind, check};
pub use post::http_client;

use async_trait::async_trait;
use std::sync::Arc;

/// Alerts that go in one request, each incident once. All of one name: what the webhook calls a group.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The same for every try of this delivery, so that a receiver can drop repeats.
    pub delivery: String,
    pub alerts: Vec<Alert>,
    /// What open incidents were called before: labels are an alert's identity, so a link that was down and now flaps is
    /// another alert to Alertmanager, and the old one has to end. The incident itself has not.
    pub replaced: Vec<Alert>,
}

/// Why a delivery failed, and whether the same request may succeed later.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SendError {
    pub retryable: bool,
    pub message: String,
}

#[async_trait]
pub trait Notifier: Send + Sync {
    fn name(&self) -> &str;

    async fn send(&self, batch: &Batch) -> Result<(), SendError>;
}

pub fn build(config: &NotifyConfig, client: reqwest::Client, links: &Links) -> Arc<dyn Notifier> {
    match config.kind {
        NotifyKind::Alertmanager => Arc::new(alertmanager::Alertmanager::new(config, client)),
        NotifyKind::Webhook => Arc::new(webhook::Webhook::new(config, client, links)),
    }
}

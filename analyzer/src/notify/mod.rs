//! Notifiers: each knows one receiver's protocol and says of a failure whether to try again. When, to whom and what is
//! said is decided in [`crate::route`].
//!
//! To add one: a file beside these, a row in [`NotifyKind`], a row in [`build`].

mod alert;
mod alertmanager;
mod config;
mod labels;
mod places;
mod post;
mod retry_after;
mod webhook;

pub use alert::{Alert, Context, Links, Status, rings_alike};
pub use config::{Endpoint, NotifyConfig, NotifyKind, check};
pub use labels::{AlertsConfig, Labels};
pub use places::Places;
pub use post::http_client;

use async_trait::async_trait;
use std::sync::Arc;
use std::time::Duration;

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

/// Why a delivery failed, and what that says of the next try.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SendError {
    pub fault: Fault,
    /// The receiver asks to be left alone for this long.
    pub retry_after: Option<Duration>,
    pub message: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The receiver's own trouble, or that of the way to it: the same request may be taken later.
    Passing,
    /// This body will never be taken; another may.
    Body,
}

#[async_trait]
pub trait Notifier: Send + Sync {
    fn name(&self) -> &str;

    async fn send(&self, batch: &Batch) -> Result<(), SendError>;

    /// What an alert's start is to this receiver, which then stays so: the onset in event time. `now_ns` is wall time.
    fn starts_ns(&self, onset_ns: i64, _now_ns: i64) -> i64 {
        onset_ns
    }
}

pub fn build(config: &NotifyConfig, client: reqwest::Client, links: &Links) -> Arc<dyn Notifier> {
    match config.kind {
        NotifyKind::Alertmanager => Arc::new(alertmanager::Alertmanager::new(config, client)),
        NotifyKind::Webhook => Arc::new(webhook::Webhook::new(config, client, links)),
    }
}

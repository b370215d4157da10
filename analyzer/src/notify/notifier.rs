//! What every notifier is, whatever protocol it speaks.

use super::Alert;
use async_trait::async_trait;
use reqwest::{Client, Url};
use std::sync::Arc;
use std::time::Duration;
use weft_settings::Secret;

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

/// A protocol that receivers are told in: what the configuration has to know of it, and how its notifier is made. Each stands
/// beside its notifier.
pub struct Protocol {
    /// The value of `kind`, and the receiver's name unless it is given one.
    pub name: &'static str,
    /// Whether its receivers take an alert for resolved that is not sent again. Then active alerts are repeated every
    /// `resend_s`, and the dead-man alert with them.
    pub forgets: bool,
    /// What is wrong with a URL, and what to write instead.
    pub check_url: fn(&Url) -> Result<(), String>,
    pub build: fn(Target, Client) -> Arc<dyn Notifier>,
}

/// The one receiver that a notifier speaks to.
#[derive(Clone, Debug)]
pub struct Target {
    pub name: String,
    pub url: Url,
    pub secret: Option<Secret>,
    /// One request may take this long.
    pub timeout: Duration,
    /// Where weft's page is, without a slash at its end.
    pub external_url: String,
}

//! Prometheus Alertmanager, API v2: `POST /api/v2/alerts` with an array of alerts.
//!
//! Alertmanager calls an alert resolved when its `endsAt` has passed. So every send of a firing alert carries one well
//! ahead, and active alerts are sent again long before it ([`Protocol::forgets`]): when weft dies its alerts lapse after
//! [`AHEAD_NS`], and the dead-man alert with them.

mod config;

use crate::clock::now_ns;
use super::alert::rfc3339;
use super::notifier::{Batch, Notifier, Protocol, SendError, Target};
use super::post::post;
use super::{Alert, Labels, Status};
use async_trait::async_trait;
use reqwest::Client;
use serde::Serialize;
use std::sync::Arc;

/// How far ahead `endsAt` of a firing alert lies: above the longest `resend_s` (180 s) with one try to spare.
const AHEAD_NS: i64 = 600 * 1_000_000_000;

pub const PROTOCOL: Protocol = Protocol {
    name: "alertmanager",
    forgets: true,
    check_url: config::check_url,
    build: |target, client| Arc::new(Alertmanager::new(target, client)),
};

struct Alertmanager {
    /// With the URL of the API in place of the root.
    target: Target,
    client: Client,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PostableAlert<'a> {
    labels: &'a Labels,
    annotations: &'a Labels,
    starts_at: String,
    ends_at: String,
    #[serde(rename = "generatorURL")]
    generator_url: &'a str,
}

impl Alertmanager {
    fn new(mut target: Target, client: Client) -> Alertmanager {
        let root = target.url.path().trim_end_matches('/').to_owned();
        target.url.set_path(&format!("{root}/api/v2/alerts"));
        Alertmanager { target, client }
    }
}

#[async_trait]
impl Notifier for Alertmanager {
    fn name(&self) -> &str {
        &self.target.name
    }

    async fn send(&self, batch: &Batch) -> Result<(), SendError> {
        // Alertmanager compares `endsAt` with its own clock.
        let now_ns = now_ns();
        let ended = batch.replaced.iter().map(|alert| postable(alert, Status::Resolved, now_ns));
        let alerts = batch.alerts.iter().map(|alert| postable(alert, alert.status, now_ns));
        let alerts: Vec<_> = ended.chain(alerts).collect();
        let mut request = self.client.post(self.target.url.clone()).json(&alerts);
        if let Some(token) = &self.target.secret {
            request = request.bearer_auth(token.expose());
        }
        post(request, self.target.timeout).await
    }

    /// A start after the end is refused, which a fabric's clock ahead of ours would make: then it starts when it is told.
    fn starts_ns(&self, onset_ns: i64, now_ns: i64) -> i64 {
        onset_ns.min(now_ns)
    }
}

/// An end in the future would keep the alert on: what has ended by a fabric's clock ahead of ours ends now.
fn postable(alert: &Alert, status: Status, now_ns: i64) -> PostableAlert<'_> {
    let ends_ns = match status {
        Status::Firing => now_ns.saturating_add(AHEAD_NS),
        Status::Resolved => alert.ends_ns.map_or(now_ns, |ends_ns| ends_ns.min(now_ns)),
    };
    PostableAlert {
        labels: &alert.labels,
        annotations: &alert.annotations,
        starts_at: rfc3339(alert.starts_ns),
        ends_at: rfc3339(ends_ns.max(alert.starts_ns)),
        generator_url: &alert.generator_url,
    }
}

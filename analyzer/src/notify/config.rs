//! `[[notify]]`: one receiver. What all protocols share; what one of them asks for beside it stands beside its notifier.

use super::alert::Links;
use super::endpoint::Endpoint;
use super::kinds::NotifyKind;
use super::notifier::{Notifier, Target};
use super::post::http_client;
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;
use weft_settings::Secret;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NotifyConfig {
    /// Whose protocol is spoken.
    pub kind: NotifyKind,
    /// webhook: where to POST. alertmanager: its root, without `/api/v2/alerts`.
    pub url: Endpoint,
    /// What logs, metrics and the payload's `receiver` call it; by default the kind. No two may have the same.
    #[serde(default)]
    pub name: String,
    /// webhook: signs the body (HMAC-SHA256, header `Weft-Signature`). alertmanager: sent as a bearer token.
    #[serde(default)]
    pub secret: Option<Secret>,
    /// Also send the dead-man alert. Always on for Alertmanager.
    #[serde(default)]
    pub heartbeat: bool,
    /// Also send faults of the telemetry itself, with `family="data"`.
    #[serde(default)]
    pub data: bool,
    /// alertmanager: active alerts are sent again this often, s. webhook: the heartbeat's period.
    #[serde(default = "resend_s")]
    pub resend_s: u64,
    /// One request may take this long, s.
    #[serde(default = "timeout_s")]
    pub timeout_s: u64,
}

fn resend_s() -> u64 {
    60
}

fn timeout_s() -> u64 {
    10
}

impl NotifyConfig {
    pub fn new(kind: NotifyKind, url: Endpoint) -> NotifyConfig {
        NotifyConfig {
            kind,
            url,
            name: String::new(),
            secret: None,
            heartbeat: false,
            data: false,
            resend_s: resend_s(),
            timeout_s: timeout_s(),
        }
    }

    pub fn receiver(&self) -> &str {
        if self.name.is_empty() { self.kind.protocol().name } else { &self.name }
    }

    /// Whether active alerts are sent again every `resend_s`.
    pub fn repeats(&self) -> bool {
        self.kind.protocol().forgets
    }

    pub fn sends_heartbeat(&self) -> bool {
        self.heartbeat || self.kind.protocol().forgets
    }

    /// The notifier that speaks to this receiver.
    pub fn notifier(&self, links: &Links) -> anyhow::Result<Arc<dyn Notifier>> {
        let target = Target {
            name: self.receiver().to_owned(),
            url: self.url.url().clone(),
            secret: self.secret.clone(),
            timeout: Duration::from_secs(self.timeout_s),
            external_url: links.external_url.clone(),
        };
        Ok((self.kind.protocol().build)(target, http_client(self.url.url())?))
    }
}

/// Checks all receivers together; the error names the key and the mend.
pub fn check(receivers: &[NotifyConfig]) -> Result<(), String> {
    let mut names = HashSet::new();
    for receiver in receivers {
        let name = receiver.receiver();
        if !names.insert(name) {
            return Err(format!("[[notify]] name: two receivers are called {name:?}; give each its own name"));
        }
        let url = (receiver.kind.protocol().check_url)(receiver.url.url());
        url.map_err(|what| format!("[[notify]] {name}: url: {what}"))?;
        // Alertmanager takes an alert that is not repeated for resolved, and wants to hear of it every 30 s to 3 min.
        if !(1..=180).contains(&receiver.resend_s) {
            return Err(format!("[[notify]] {name}: resend_s: {} is not within 1 to 180", receiver.resend_s));
        }
        if !(1..=60).contains(&receiver.timeout_s) {
            return Err(format!("[[notify]] {name}: timeout_s: {} is not within 1 to 60", receiver.timeout_s));
        }
    }
    Ok(())
}

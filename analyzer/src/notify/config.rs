//! `[[notify]]`: one receiver.

use serde::{Deserialize, Serialize, Serializer};
use std::collections::HashSet;
use std::fmt;
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

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotifyKind {
    Alertmanager,
    Webhook,
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
        match (self.name.as_str(), self.kind) {
            ("", NotifyKind::Alertmanager) => "alertmanager",
            ("", NotifyKind::Webhook) => "webhook",
            (name, _) => name,
        }
    }

    pub fn sends_heartbeat(&self) -> bool {
        self.heartbeat || self.kind == NotifyKind::Alertmanager
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
        if receiver.kind == NotifyKind::Alertmanager {
            check_root(name, receiver.url.url())?;
        }
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

/// What is copied from a browser or from another program's settings is not Alertmanager's root.
fn check_root(name: &str, url: &reqwest::Url) -> Result<(), String> {
    let path = url.path().trim_end_matches('/');
    let is_root = !["/api/v1", "/api/v2", "/alerts"].iter().any(|end| path.ends_with(end));
    if is_root && url.query().is_none() && url.fragment().is_none() {
        return Ok(());
    }
    let root = url.origin().ascii_serialization();
    Err(format!(
        "[[notify]] {name}: url: this is a page or a path of Alertmanager; write its root, as {root}, since weft adds /api/v2/alerts"
    ))
}

/// Where a receiver listens. Shown without its path and query: with many services those are the password.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Endpoint(reqwest::Url);

impl Endpoint {
    pub fn url(&self) -> &reqwest::Url {
        &self.0
    }
}

impl TryFrom<String> for Endpoint {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let url = reqwest::Url::parse(&text).map_err(|error| format!("{error}; write http://HOST:PORT/PATH"))?;
        match url.scheme() {
            "http" | "https" => Ok(Endpoint(url)),
            other => Err(format!("scheme {other:?} is neither http nor https")),
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rest = if self.0.path() == "/" && self.0.query().is_none() { "" } else { "/(hidden)" };
        write!(f, "{}{rest}", self.0.origin().ascii_serialization())
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Endpoint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alertmanager_is_named_by_its_root() {
        let check = |kind, url: &str| check(&[NotifyConfig::new(kind, Endpoint::try_from(url.to_owned()).unwrap())]);
        for url in
            ["http://am:9093", "http://am:9093/", "https://am.example/alertmanager", "https://am.example/alertmanager/"]
        {
            assert_eq!(check(NotifyKind::Alertmanager, url), Ok(()), "{url}");
        }
        for url in [
            "http://am:9093/api/v2/alerts",
            "http://am:9093/api/v2/alerts/",
            "http://am:9093/api/v1/alerts",
            "http://am:9093/api/v2",
            "https://am.example/alertmanager/api/v2/alerts",
            "http://am:9093/#/alerts",
            "http://am:9093/?filter=x",
        ] {
            let said = check(NotifyKind::Alertmanager, url).unwrap_err();
            assert!(said.contains("url") && said.contains("write its root"), "{url}: {said}");
            assert_eq!(check(NotifyKind::Webhook, url), Ok(()), "{url}");
        }
    }
}

//! The generic webhook: byte for byte the payload of Alertmanager's own webhook, version "4", so that every receiver
//! written for that works. Go writes the keys in this order, escapes `<`, `>` and `&`, and ends with a line feed.

use super::alert::rfc3339;
use super::notifier::{Batch, Fault, Notifier, Protocol, SendError, Target};
use super::post::post;
use super::{Alert, Labels, Status};
use async_trait::async_trait;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::Client;
use serde::Serialize;
use sha2::Sha256;
use std::sync::Arc;
use weft_settings::Secret;

/// Its receivers remember an alert until its end is told, and ring at each repeat. Any URL may take a POST.
pub const PROTOCOL: Protocol = Protocol {
    name: "webhook",
    forgets: false,
    check_url: |_| Ok(()),
    build: |target, client| Arc::new(Webhook { target, client }),
};

struct Webhook {
    target: Target,
    client: Client,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Payload<'a> {
    receiver: &'a str,
    status: Status,
    alerts: Vec<Item<'a>>,
    group_labels: Labels,
    common_labels: Labels,
    common_annotations: Labels,
    #[serde(rename = "externalURL")]
    external_url: &'a str,
    version: &'static str,
    group_key: String,
    truncated_alerts: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Item<'a> {
    status: Status,
    labels: &'a Labels,
    annotations: &'a Labels,
    starts_at: String,
    ends_at: String,
    #[serde(rename = "generatorURL")]
    generator_url: &'a str,
    fingerprint: String,
}

/// Go's zero time: "has not ended".
const NOT_ENDED: &str = "0001-01-01T00:00:00Z";

#[async_trait]
impl Notifier for Webhook {
    fn name(&self) -> &str {
        &self.target.name
    }

    async fn send(&self, batch: &Batch) -> Result<(), SendError> {
        let body = body(&self.target.name, &self.target.external_url, &batch.alerts).map_err(|error| SendError {
            fault: Fault::Body,
            retry_after: None,
            message: format!("cannot be written as JSON: {error}"),
        })?;
        let mut request = self
            .client
            .post(self.target.url.clone())
            .header("content-type", "application/json")
            .header("weft-delivery", &batch.delivery);
        if let Some(secret) = &self.target.secret {
            request = request.header("weft-signature", signature(secret, body.as_bytes()));
        }
        post(request.body(body), self.target.timeout).await
    }
}

fn body(receiver: &str, external_url: &str, alerts: &[Alert]) -> serde_json::Result<String> {
    let firing = alerts.iter().any(|alert| alert.status == Status::Firing);
    let group_labels: Labels =
        alerts.iter().take(1).map(|alert| ("alertname".to_owned(), alert.name().to_owned())).collect();
    let group_key = format!("{{}}:{{alertname={:?}}}", alerts.first().map_or("", Alert::name));
    let payload = Payload {
        receiver,
        status: if firing { Status::Firing } else { Status::Resolved },
        common_labels: common(alerts.iter().map(|alert| &alert.labels)),
        common_annotations: common(alerts.iter().map(|alert| &alert.annotations)),
        alerts: alerts.iter().map(item).collect(),
        group_labels,
        external_url,
        version: "4",
        group_key,
        truncated_alerts: 0,
    };
    Ok(go_escaped(&serde_json::to_string(&payload)?) + "\n")
}

fn item(alert: &Alert) -> Item<'_> {
    Item {
        status: alert.status,
        labels: &alert.labels,
        annotations: &alert.annotations,
        starts_at: rfc3339(alert.starts_ns),
        ends_at: alert.ends_ns.map_or_else(|| NOT_ENDED.to_owned(), rfc3339),
        generator_url: &alert.generator_url,
        fingerprint: alert.fingerprint(),
    }
}

/// Pairs that all have alike.
fn common<'a>(mut all: impl Iterator<Item = &'a Labels>) -> Labels {
    let first = all.next().cloned().unwrap_or_default();
    all.fold(first, |mut common, labels| {
        common.retain(|name, value| labels.get(name) == Some(value));
        common
    })
}

/// These five characters stand only inside strings, so they can be replaced in the finished text.
fn go_escaped(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => text.push_str(&format!("\\u{:04x}", c as u32)),
            other => text.push(other),
        }
    }
    text
}

/// `sha256=` and the HMAC-SHA256 of the body, hex.
fn signature(secret: &Secret, body: &[u8]) -> String {
    let Ok(mac) = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()) else {
        unreachable!("HMAC takes keys of any length")
    };
    let digest = mac.chain_update(body).finalize().into_bytes();
    digest.iter().fold(String::from("sha256="), |hex, byte| hex + &format!("{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231, test case 2.
    #[test]
    fn the_signature_is_hmac_sha256() {
        let expected = "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(signature(&Secret::new("Jefe"), b"what do ya want for nothing?"), expected);
    }

    #[test]
    fn text_is_escaped_as_go_does() {
        assert_eq!(go_escaped(r#"{"a":"b<c>&d"}"#), r#"{"a":"b\u003cc\u003e\u0026d"}"#);
    }
}

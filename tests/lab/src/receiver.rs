//! The pager: a real webhook receiver that notes when each alert came.
//!
//! Payload: Alertmanager's webhook, version 4. The body's signature is checked, as a careful receiver would.

use crate::worker::now_ns;
use anyhow::{Context, Result};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use sha2::Sha256;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// More than any lab can cause; later ones are refused, which the sender counts.
const CAPACITY: usize = 100_000;

#[derive(Clone, Debug, Default, Deserialize)]
pub struct Alert {
    /// `firing` or `resolved`.
    pub status: String,
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    #[serde(default)]
    pub annotations: BTreeMap<String, String>,
    /// When the webhook came, ns.
    #[serde(skip)]
    pub received_ns: i64,
}

impl Alert {
    pub fn label(&self, name: &str) -> &str {
        self.labels.get(name).map_or("", String::as_str)
    }
    pub fn number(&self, annotation: &str) -> Option<f64> {
        self.annotations.get(annotation)?.parse().ok()
    }
    pub fn is_firing(&self) -> bool {
        self.status == "firing"
    }
}

#[derive(Deserialize)]
struct Payload {
    alerts: Vec<Alert>,
}

#[derive(Clone)]
pub struct Receiver {
    alerts: Arc<Mutex<Vec<Alert>>>,
    secret: Arc<str>,
}

impl Receiver {
    /// Listens on a free loopback port; gives the URL to notify.
    pub async fn start(secret: &str) -> Result<(Self, String)> {
        let receiver = Self { alerts: Arc::default(), secret: secret.into() };
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.context("webhook receiver")?;
        let url = format!("http://{}/webhook", listener.local_addr()?);
        let router = Router::new().route("/webhook", post(receive)).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok((receiver, url))
    }

    /// Alerts that came at or after `since_ns`, in order.
    pub fn since(&self, since_ns: i64) -> Vec<Alert> {
        let alerts = self.alerts.lock().unwrap_or_else(PoisonError::into_inner);
        alerts.iter().filter(|a| a.received_ns >= since_ns).cloned().collect()
    }
}

async fn receive(State(receiver): State<Receiver>, headers: HeaderMap, body: Bytes) -> (StatusCode, String) {
    let received_ns = now_ns();
    if !signed(&receiver.secret, &headers, &body) {
        return (StatusCode::UNAUTHORIZED, "Weft-Signature does not match the body".into());
    }
    let payload: Payload = match serde_json::from_slice(&body) {
        Ok(payload) => payload,
        Err(error) => return (StatusCode::BAD_REQUEST, format!("not a version 4 webhook: {error}")),
    };
    let mut alerts = receiver.alerts.lock().unwrap_or_else(PoisonError::into_inner);
    if alerts.len() + payload.alerts.len() > CAPACITY {
        return (StatusCode::INSUFFICIENT_STORAGE, format!("{CAPACITY} alerts are kept, no more"));
    }
    alerts.extend(payload.alerts.into_iter().map(|alert| Alert { received_ns, ..alert }));
    (StatusCode::OK, String::new())
}

fn signed(secret: &str, headers: &HeaderMap, body: &[u8]) -> bool {
    let said = headers.get("weft-signature").and_then(|v| v.to_str().ok()).and_then(|v| v.strip_prefix("sha256="));
    let Ok(mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return false };
    let digest = mac.chain_update(body).finalize().into_bytes();
    let expected = digest.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    said.is_some_and(|said| said.eq_ignore_ascii_case(&expected))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_of_another_body_is_refused() {
        let mut headers = HeaderMap::new();
        let value = "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        headers.insert("weft-signature", value.parse().unwrap());
        // RFC 4231, test case 2.
        assert!(signed("Jefe", &headers, b"what do ya want for nothing?"));
        assert!(!signed("Jefe", &headers, b"what do ya want for something?"));
        assert!(!signed("Jefe", &HeaderMap::new(), b""));
    }
}

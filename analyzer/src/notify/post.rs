//! One POST, and what its failure means.

use super::SendError;
use reqwest::header::RETRY_AFTER;
use reqwest::{Client, RequestBuilder, StatusCode};
use std::time::Duration;

/// Shared by all receivers. Redirects are not followed: they would carry the body and its token elsewhere.
pub fn http_client() -> anyhow::Result<Client> {
    let client = Client::builder()
        .user_agent(concat!("weft/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(Duration::from_secs(5))
        .build()?;
    Ok(client)
}

pub async fn post(request: RequestBuilder, timeout: Duration) -> Result<(), SendError> {
    let response = request.timeout(timeout).send().await.map_err(|error| SendError {
        // A request that cannot be built never will be; all else is the network's mood.
        retryable: !error.is_builder(),
        message: chain(&error.without_url()),
    })?;
    let status = response.status();
    if status.is_success() {
        return Ok(());
    }
    let wait = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let text: String = response.text().await.unwrap_or_default().chars().take(200).collect();
    let wait = wait.map_or_else(String::new, |wait| format!(", retry after {wait} s"));
    Err(SendError { retryable: retryable(status), message: format!("answered {status}{wait}: {}", text.trim()) })
}

/// The receiver's trouble passes; ours does not.
fn retryable(status: StatusCode) -> bool {
    status.is_server_error() || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT)
}

/// An error and its causes on one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}

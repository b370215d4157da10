//! The analyzer's API under the page's own origin: bodies are streamed both ways, so events arrive as they are sent.

use axum::Json;
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use serde_json::json;
use std::error::Error;
use std::time::Duration;

const CONNECT: Duration = Duration::from_secs(3);
/// Between two pieces of an answer: an event stream is kept alive every 15 s, a query may take 30 s.
const SILENCE: Duration = Duration::from_secs(60);

/// What a caller's request says of itself. Host and Origin end here: they were checked against this server, and the
/// analyzer would check them against itself. Cookies and credentials are none of weft's.
const FORWARDED: [HeaderName; 5] = [
    header::ACCEPT,
    header::ACCEPT_ENCODING,
    header::CONTENT_TYPE,
    header::CONTENT_LENGTH,
    HeaderName::from_static("last-event-id"),
];

/// What the analyzer's answer says of itself; the rest belongs to the connection between it and us.
const RETURNED: [HeaderName; 8] = [
    header::CONTENT_TYPE,
    header::CONTENT_LENGTH,
    header::CONTENT_ENCODING,
    header::CACHE_CONTROL,
    header::ALLOW,
    header::RETRY_AFTER,
    header::VARY,
    HeaderName::from_static("weft-truncated"),
];

#[derive(Clone)]
struct Analyzer {
    base: String,
    client: reqwest::Client,
}

/// Forwards `/api`, `/metrics`, `/healthz` and `/readyz` to the analyzer at `url` (`http://H:P`, no path).
pub fn proxy_router(url: &str) -> anyhow::Result<Router> {
    let base = origin_of(url)?;
    // Never through HTTP_PROXY: the analyzer is on this machine or this network.
    let client = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT)
        .read_timeout(SILENCE)
        .build()?;
    let paths = ["/api/{*path}", "/metrics", "/healthz", "/readyz"];
    let router = paths.iter().fold(Router::new(), |router, path| router.route(path, any(forward)));
    Ok(router.with_state(Analyzer { base, client }))
}

pub(crate) fn origin_of(url: &str) -> anyhow::Result<String> {
    let parsed = reqwest::Url::parse(url).map_err(|error| anyhow::anyhow!("{url:?}: {error}; {HINT}"))?;
    anyhow::ensure!(matches!(parsed.scheme(), "http" | "https"), "{url:?}: not http; {HINT}");
    anyhow::ensure!(parsed.path() == "/" && parsed.query().is_none(), "{url:?}: has a path; {HINT}");
    Ok(parsed.origin().ascii_serialization())
}

const HINT: &str = "write http://HOST:PORT";

async fn forward(State(analyzer): State<Analyzer>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let target = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let answer = analyzer
        .client
        .request(parts.method, format!("{}{target}", analyzer.base))
        .headers(only(&parts.headers, &FORWARDED))
        .body(reqwest::Body::wrap_stream(body.into_data_stream()))
        .send()
        .await;
    match answer {
        Ok(answer) => {
            let (status, fields) = (answer.status(), only(answer.headers(), &RETURNED));
            (status, fields, Body::from_stream(answer.bytes_stream())).into_response()
        }
        Err(error) => unreachable_analyzer(&analyzer.base, &error),
    }
}

fn only(headers: &HeaderMap, names: &[HeaderName]) -> HeaderMap {
    let named = names.iter().filter_map(|name| Some((name.clone(), headers.get(name)?.clone())));
    named.collect()
}

/// 502, in the shape of the API's own errors, with the whole chain of causes.
fn unreachable_analyzer(base: &str, error: &reqwest::Error) -> Response {
    let mut message = format!("the analyzer at {base} gave no answer");
    let mut cause = error.source();
    while let Some(deeper) = cause {
        message = format!("{message}: {deeper}");
        cause = deeper.source();
    }
    tracing::warn!("{message}");
    let hint = "see that it runs and that --analyzer names its [http] listen";
    let body = json!({"error": {"code": "analyzer_unreachable", "message": message, "hint": hint}});
    (StatusCode::BAD_GATEWAY, Json(body)).into_response()
}

#[cfg(test)]
mod tests;

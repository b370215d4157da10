//! Host and Origin: a web page elsewhere must not read the fabric through its visitor's browser.
//!
//! A name in Host that is not ours means that someone's DNS points at us (rebinding), so only bare addresses, `localhost`
//! and `[http] allowed_hosts` pass. An Origin must be the very host that is asked. The analyzer has the same rule for its
//! own listener; it is repeated here because the page depends on no crate of the analyzer.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::header::{HOST, ORIGIN};
use axum::http::uri::Authority;
use axum::http::{HeaderName, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use std::net::IpAddr;
use std::sync::Arc;

pub async fn check(State(allowed): State<Arc<[String]>>, request: Request, next: Next) -> Response {
    let host = header(&request, HOST).or_else(|| request.uri().authority().map(Authority::as_str)).unwrap_or("");
    if !is_ours(host, &allowed) {
        return refused(format!("Host {host:?} is not this server"));
    }
    match header(&request, ORIGIN) {
        Some(origin) if !is_same_origin(origin, host, &allowed) => {
            refused(format!("a page of {origin:?} may not ask {host:?}"))
        }
        _ => next.run(request).await,
    }
}

fn refused(message: String) -> Response {
    let hint = "ask by address or localhost, or name the host in [http] allowed_hosts";
    let body = json!({"error": {"code": "forbidden_host", "message": message, "hint": hint}});
    (StatusCode::FORBIDDEN, Json(body)).into_response()
}

fn header(request: &Request, name: HeaderName) -> Option<&str> {
    // A header that is no text is as wrong as a foreign one: it must not pass for an absent one.
    request.headers().get(name).map(|value| value.to_str().unwrap_or("?"))
}

fn is_ours(host: &str, allowed: &[String]) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    let name = authority.host().trim_start_matches('[').trim_end_matches(']');
    let listed = || allowed.iter().any(|allowed| allowed.eq_ignore_ascii_case(name));
    name.parse::<IpAddr>().is_ok() || name.eq_ignore_ascii_case("localhost") || listed()
}

/// `allowed` covers a proxy that ends TLS under a name of its own and asks us by address.
fn is_same_origin(origin: &str, host: &str, allowed: &[String]) -> bool {
    let Some((_, origin_host)) = origin.split_once("://") else { return false };
    let name = origin_host.parse::<Authority>().map(|authority| authority.host().to_owned()).unwrap_or_default();
    origin_host.eq_ignore_ascii_case(host) || allowed.iter().any(|allowed| allowed.eq_ignore_ascii_case(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_hosts_and_same_origins_pass() {
        let allowed = ["weft.example".to_owned()];
        for host in ["127.0.0.1:9870", "[::1]:9870", "[::1]", "localhost", "LOCALHOST:1", "10.1.2.3", "weft.example:80"]
        {
            assert!(is_ours(host, &allowed), "{host}");
        }
        for host in ["evil.example", "localhost.evil.example", "127.0.0.1.nip.io:9870", "", "?", "[evil]"] {
            assert!(!is_ours(host, &allowed), "{host}");
        }
        let same = |origin| is_same_origin(origin, "127.0.0.1:9870", &allowed);
        assert!(same("http://127.0.0.1:9870") && same("https://weft.example"));
        assert!(!same("null") && !same("http://127.0.0.1:3000") && !same("http://evil.example"));
    }
}

//! Host and Origin: a web page elsewhere must not read the fabric through its visitor's browser.
//!
//! A name in Host that is not ours means that someone's DNS points at us (rebinding), so only bare addresses, `localhost`
//! and `[http] allowed_hosts` pass. An Origin must be the very host that is asked.

use super::{ApiError, HttpConfig};
use axum::extract::{Request, State};
use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderName, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

pub async fn check(State(config): State<Arc<HttpConfig>>, request: Request, next: Next) -> Result<Response, ApiError> {
    let host = header(&request, HOST).or_else(|| request.uri().authority().map(|authority| authority.as_str()));
    let host = host.ok_or_else(|| ApiError::bad_request("the request has no Host"))?;
    if !is_ours(host, &config.allowed_hosts) {
        return Err(refused(format!("Host {host:?} is not this server")));
    }
    if let Some(origin) = header(&request, ORIGIN)
        && !is_same_origin(origin, host, &config.allowed_hosts)
    {
        return Err(refused(format!("a page of {origin:?} may not ask {host:?}")));
    }
    Ok(next.run(request).await)
}

fn refused(message: String) -> ApiError {
    ApiError::new(StatusCode::FORBIDDEN, "forbidden_host", message)
        .hint("ask by address or localhost, or name the host in [http] allowed_hosts")
}

fn header(request: &Request, name: HeaderName) -> Option<&str> {
    // A header that is no text is as wrong as a foreign one: it must not pass for an absent one.
    request.headers().get(name).map(|value| value.to_str().unwrap_or("?"))
}

fn is_ours(host: &str, allowed: &[String]) -> bool {
    let name = host_name(host);
    let is_address = name.parse::<IpAddr>().is_ok()
        || name.strip_prefix('[').and_then(|n| n.strip_suffix(']')).is_some_and(|n| n.parse::<Ipv6Addr>().is_ok());
    is_address || name.eq_ignore_ascii_case("localhost") || allowed.iter().any(|a| a.eq_ignore_ascii_case(name))
}

/// `allowed` covers a proxy that ends TLS under a name of its own and asks us by address.
fn is_same_origin(origin: &str, host: &str, allowed: &[String]) -> bool {
    let Some((_, origin_host)) = origin.split_once("://") else { return false };
    origin_host.eq_ignore_ascii_case(host) || allowed.iter().any(|a| a.eq_ignore_ascii_case(host_name(origin_host)))
}

/// Without its port; an IPv6 address keeps its brackets.
fn host_name(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) && !name.ends_with(':') => name,
        _ => host,
    }
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

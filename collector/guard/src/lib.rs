//! Host and Origin of a request: a web page elsewhere must not read the fabric through its visitor's browser.
//!
//! A name in Host that is not ours means that somebody's DNS points at us (DNS rebinding), so only bare addresses,
//! `localhost` and `[http] allowed_hosts` pass. An Origin must be the very host that is asked, or an allowed one. What
//! probes and scrapers ask for ([`OPEN`]) passes whatever it is asked by: Kubernetes asks by the pod's address or a name.
//!
//! One layer for every server of weft: `router.layer(from_fn_with_state(AllowedHosts::new(&hosts)?, weft_guard::check))`.

mod hosts;

pub use hosts::AllowedHosts;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::header::{HOST, ORIGIN};
use axum::http::uri::Authority;
use axum::http::{HeaderName, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// Paths that are never refused.
pub const OPEN: [&str; 3] = ["/metrics", "/healthz", "/readyz"];

/// The middleware. Answers 403 to a foreign host or page, 400 to a request that does not say which host it asks.
pub async fn check(State(allowed): State<AllowedHosts>, request: Request, next: Next) -> Response {
    if OPEN.contains(&request.uri().path()) {
        return next.run(request).await;
    }
    match judge(&allowed, &request) {
        Ok(()) => next.run(request).await,
        Err(refused) => refused.into_response(),
    }
}

/// Why a request does not pass.
struct Refused {
    status: StatusCode,
    code: &'static str,
    message: String,
    hint: Option<&'static str>,
}

impl IntoResponse for Refused {
    /// As the contracts shape errors of the API.
    fn into_response(self) -> Response {
        let Refused { status, code, message, hint } = self;
        let error = json!({"code": code, "message": message, "hint": hint, "line": null, "column": null});
        (status, Json(json!({"error": error}))).into_response()
    }
}

fn judge(allowed: &AllowedHosts, request: &Request) -> Result<(), Refused> {
    let host = match header(request, &HOST)? {
        Some(host) => host,
        // HTTP/2 names the host in its request line.
        None => request.uri().authority().map(Authority::as_str).ok_or_else(|| bad("the request has no Host"))?,
    };
    if !allowed.is_ours(host) {
        return Err(forbidden(format!("Host {host:?} is not this server")));
    }
    match header(request, &ORIGIN)? {
        Some(origin) if !allowed.is_same_origin(origin, host) => {
            Err(forbidden(format!("a page of {origin:?} may not ask {host:?}")))
        }
        _ => Ok(()),
    }
}

/// A header that is no text is as wrong as a foreign one, and two are a disguise.
fn header<'a>(request: &'a Request, name: &HeaderName) -> Result<Option<&'a str>, Refused> {
    let mut values = request.headers().get_all(name).iter();
    match (values.next(), values.next()) {
        (_, Some(_)) => Err(bad("a header that may stand once stands twice: Host or Origin")),
        (value, None) => Ok(value.map(|value| value.to_str().unwrap_or("?"))),
    }
}

fn bad(message: &str) -> Refused {
    Refused { status: StatusCode::BAD_REQUEST, code: "bad_request", message: message.into(), hint: None }
}

fn forbidden(message: String) -> Refused {
    let hint =
        "ask by address or localhost, or name the host in [http] allowed_hosts, as \"weft.example\" or \"*.example\"";
    Refused { status: StatusCode::FORBIDDEN, code: "forbidden_host", message, hint: Some(hint) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Router;
    use axum::body::Body;
    use axum::middleware::from_fn_with_state;
    use axum::routing::get;
    use tower::ServiceExt;

    /// Status of one request: its headers, as `name: value`.
    async fn ask(path: &str, headers: &[(&str, &str)], allowed: &[&str]) -> u16 {
        let allowed: Vec<String> = allowed.iter().map(|host| (*host).to_owned()).collect();
        let paths = OPEN.into_iter().chain(["/", "/api/v1/incidents"]);
        let router = paths.fold(Router::new(), |router, path| router.route(path, get(|| async { "well" })));
        let router = router.layer(from_fn_with_state(AllowedHosts::new(&allowed).unwrap(), check));
        let request = headers.iter().fold(Request::builder().uri(path), |b, (name, value)| b.header(*name, *value));
        router.oneshot(request.body(Body::empty()).unwrap()).await.unwrap().status().as_u16()
    }

    #[tokio::test]
    async fn only_our_hosts_and_their_own_pages_pass() {
        let allowed = ["weft.example", "*.monitoring.svc.cluster.local"];
        for (host, origin, status) in [
            ("127.0.0.1:9870", "", 200),
            ("10.1.2.3", "", 200),
            ("[::1]:9870", "", 200),
            ("localhost:1", "", 200),
            ("weft.example:80", "", 200),
            ("weft.monitoring.svc.cluster.local:9870", "", 200),
            ("127.0.0.1:9870", "http://127.0.0.1:9870", 200),
            ("127.0.0.1:9870", "https://weft.example", 200),
            ("weft.monitoring.svc.cluster.local", "http://weft.monitoring.svc.cluster.local", 200),
            ("evil.example", "", 403),
            ("weft.other.svc.cluster.local", "", 403),
            ("", "", 403),
            ("evil.example@127.0.0.1", "", 403),
            ("127.0.0.1:9870", "http://evil.example", 403),
            ("127.0.0.1:9870", "http://127.0.0.1:3000", 403),
            ("127.0.0.1:9870", "null", 403),
            ("evil.example", "http://evil.example", 403),
        ] {
            let mut headers = vec![("host", host)];
            headers.extend((!origin.is_empty()).then_some(("origin", origin)));
            for path in ["/", "/api/v1/incidents"] {
                assert_eq!(ask(path, &headers, &allowed).await, status, "{path} of {host:?} by {origin:?}");
            }
            for path in OPEN {
                assert_eq!(ask(path, &headers, &allowed).await, 200, "{path} of {host:?} by {origin:?}");
            }
        }
    }

    #[tokio::test]
    async fn a_star_lets_every_host_pass() {
        for (host, origin) in [("evil.example", "http://a.example"), ("", "null"), ("weft:9870", "http://weft:9870")] {
            assert_eq!(ask("/", &[("host", host), ("origin", origin)], &["*"]).await, 200, "{host}");
        }
    }

    #[tokio::test]
    async fn a_request_says_which_host_it_asks_and_says_it_once() {
        assert_eq!(ask("/", &[], &[]).await, 400);
        assert_eq!(ask("/", &[("host", "localhost"), ("host", "evil.example")], &[]).await, 400);
        assert_eq!(ask("/readyz", &[], &[]).await, 200);
    }
}

//! The built page (`web/dist`), embedded in the binary.

use crate::headers;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use rust_embed::{EmbeddedFile, RustEmbed};

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/web/dist"]
struct Dist;

const INDEX: &str = "index.html";
/// Vite puts a hash of the content into these names.
const HASHED: &str = "assets/";

/// Serves the page on every path that no other route takes; `/api` never answers with the page.
pub fn router() -> Router {
    Router::new().fallback(serve).layer(map_response(headers::secure))
}

async fn serve(method: Method, uri: Uri, request: HeaderMap) -> Response {
    if method != Method::GET && method != Method::HEAD {
        return (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "GET, HEAD")]).into_response();
    }
    let path = uri.path().trim_start_matches('/');
    match Dist::get(path) {
        Some(file) => answer(path, file, &request),
        // A wrong API path must fail as such, and a missing asset must not be HTML to a script tag.
        None if path == "api" || path.starts_with("api/") || path.starts_with(HASHED) => not_found(path),
        None => Dist::get(INDEX).map_or_else(|| not_found(INDEX), |file| answer(INDEX, file, &request)),
    }
}

fn not_found(path: &str) -> Response {
    (StatusCode::NOT_FOUND, format!("/{path} is not here\n")).into_response()
}

fn answer(path: &str, file: EmbeddedFile, request: &HeaderMap) -> Response {
    let etag = etag(&file);
    if request.get(header::IF_NONE_MATCH).is_some_and(|known| *known == etag) {
        return (StatusCode::NOT_MODIFIED, [(header::ETAG, etag)]).into_response();
    }
    let caching = if path.starts_with(HASHED) { "public, max-age=31536000, immutable" } else { "no-cache" };
    let fields = [
        (header::CONTENT_TYPE, content_type(&file)),
        (header::CACHE_CONTROL, HeaderValue::from_static(caching)),
        (header::ETAG, etag),
    ];
    (fields, Body::from(file.data)).into_response()
}

fn content_type(file: &EmbeddedFile) -> HeaderValue {
    let mime = file.metadata.mimetype();
    let text = if mime.starts_with("text/") { format!("{mime}; charset=utf-8") } else { mime.to_owned() };
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("application/octet-stream"))
}

fn etag(file: &EmbeddedFile) -> HeaderValue {
    let hash: String = file.metadata.sha256_hash()[..12].iter().map(|byte| format!("{byte:02x}")).collect();
    // Hex between quotes is always a legal header.
    HeaderValue::from_str(&format!("\"{hash}\"")).unwrap_or(HeaderValue::from_static("\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn get(path: &str, if_none_match: Option<&HeaderValue>) -> Response {
        let mut request = HeaderMap::new();
        if let Some(etag) = if_none_match {
            request.insert(header::IF_NONE_MATCH, etag.clone());
        }
        let response = serve(Method::GET, path.parse().expect("a path"), request).await;
        headers::secure(response).await
    }

    fn field(response: &Response, name: header::HeaderName) -> &str {
        response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or("")
    }

    #[tokio::test]
    async fn every_page_path_gives_the_index_uncached() {
        for path in ["/", "/index.html", "/incidents/9f3c?from=x", "/collectors"] {
            let response = get(path, None).await;
            assert_eq!(response.status(), StatusCode::OK, "{path}");
            assert_eq!(field(&response, header::CONTENT_TYPE), "text/html; charset=utf-8", "{path}");
            assert_eq!(field(&response, header::CACHE_CONTROL), "no-cache", "{path}");
            assert!(field(&response, header::CONTENT_SECURITY_POLICY).starts_with("default-src 'self'"), "{path}");
        }
    }

    #[tokio::test]
    async fn hashed_assets_are_immutable_and_typed() {
        let hashed: Vec<_> = Dist::iter().filter(|path| path.starts_with(HASHED)).collect();
        assert!(hashed.iter().any(|path| path.ends_with(".js")) && hashed.iter().any(|path| path.ends_with(".css")));
        for path in hashed {
            let response = get(&format!("/{path}"), None).await;
            let wanted = if path.ends_with(".js") { "javascript" } else { "css" };
            assert!(field(&response, header::CONTENT_TYPE).contains(wanted), "{path}");
            assert!(field(&response, header::CACHE_CONTROL).ends_with("immutable"), "{path}");
        }
    }

    #[tokio::test]
    async fn what_is_known_is_not_sent_again() {
        let first = get("/", None).await;
        let etag = first.headers().get(header::ETAG).expect("an etag");
        assert_eq!(get("/", Some(etag)).await.status(), StatusCode::NOT_MODIFIED);
    }

    #[tokio::test]
    async fn the_page_never_stands_in_for_the_api_or_an_asset() {
        for path in ["/api", "/api/v2/nothing", "/assets/gone-123.js"] {
            assert_eq!(get(path, None).await.status(), StatusCode::NOT_FOUND, "{path}");
        }
        let post = serve(Method::POST, Uri::from_static("/"), HeaderMap::new()).await;
        assert_eq!(post.status(), StatusCode::METHOD_NOT_ALLOWED);
    }
}

//! Who may change something: whoever has the token of `[http]`. Everything else is read by anyone who reaches the address.

use super::{ApiError, AppState};
use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::header::AUTHORIZATION;
use axum::http::request::Parts;
use sha2::{Digest, Sha256};

/// A request that came with the token.
pub struct Authorized;

impl FromRequestParts<AppState> for Authorized {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &AppState) -> Result<Authorized, ApiError> {
        let Some(token) = &app.token else {
            let message = "announcing is off: this analyzer has no token";
            return Err(ApiError::new(StatusCode::FORBIDDEN, "off", message)
                .hint("set [http] token_file, or WEFT_HTTP_TOKEN, and start it again"));
        };
        let header = parts.headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let given = header.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        // Compared by their digests, how long it takes tells nothing of the token.
        let digest = |text: &str| Sha256::digest(text.trim().as_bytes());
        match given {
            Some((_, given)) if digest(given) == digest(token.expose()) => Ok(Authorized),
            _ => Err(ApiError::new(
                StatusCode::UNAUTHORIZED,
                "unauthorized",
                "the token is missing or is not the one of [http]",
            )
            .hint("send the header `Authorization: Bearer TOKEN`")),
        }
    }
}

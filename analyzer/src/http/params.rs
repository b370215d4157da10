//! Extractors whose refusals have the API's error shape.

use super::ApiError;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

/// The query string.
pub struct Params<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let refused = |error: QueryRejection| ApiError::bad_request(error.body_text());
        Query::from_request_parts(parts, state).await.map(|Query(value)| Params(value)).map_err(refused)
    }
}

/// A JSON body.
pub struct Body<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let refused = |error: JsonRejection| match error.status() {
            StatusCode::PAYLOAD_TOO_LARGE => ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "body", error.body_text()),
            _ => ApiError::bad_request(error.body_text()).hint("send JSON with Content-Type: application/json"),
        };
        axum::Json::from_request(request, state).await.map(|axum::Json(value)| Body(value)).map_err(refused)
    }
}

//! Errors as the contracts shape them: `{error:{code,message,hint,line,column}}`.

use crate::read::SeriesError;
use crate::sql::SqlError;
use axum::Json;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use std::fmt::Display;

#[derive(Clone, Debug)]
pub struct ApiError {
    pub status: StatusCode,
    pub detail: Detail,
}

#[derive(Clone, Debug, Default, Serialize)]
pub struct Detail {
    /// Stable, for programs.
    pub code: &'static str,
    pub message: String,
    pub hint: Option<String>,
    /// Of the SQL text, from 1.
    pub line: Option<u64>,
    pub column: Option<u64>,
}

#[derive(Serialize)]
struct Body {
    error: Detail,
}

impl ApiError {
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> ApiError {
        ApiError { status, detail: Detail { code, message: message.into(), ..Detail::default() } }
    }

    pub fn bad_request(message: impl Into<String>) -> ApiError {
        ApiError::new(StatusCode::BAD_REQUEST, "bad_request", message)
    }

    pub fn not_found(message: impl Into<String>) -> ApiError {
        ApiError::new(StatusCode::NOT_FOUND, "not_found", message)
    }

    /// A fault of weft's own.
    pub fn internal(what: impl Display) -> ApiError {
        ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", what.to_string())
    }

    pub fn hint(mut self, hint: impl Into<String>) -> ApiError {
        self.detail.hint = Some(hint.into());
        self
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        (self.status, Json(Body { error: self.detail })).into_response()
    }
}

impl From<SqlError> for ApiError {
    fn from(error: SqlError) -> ApiError {
        let message = error.to_string();
        match error {
            SqlError::Invalid { hint, line, column, .. } => ApiError {
                status: StatusCode::BAD_REQUEST,
                detail: Detail { code: "invalid_query", message, hint, line, column },
            },
            SqlError::NotReadOnly(_) => {
                ApiError::new(StatusCode::FORBIDDEN, "not_read_only", message).hint("ask with SELECT, SHOW or EXPLAIN")
            }
            SqlError::Deadline(_) => ApiError::new(StatusCode::REQUEST_TIMEOUT, "deadline", message)
                .hint("bound ts_ns in WHERE, or raise timeout_ms"),
            SqlError::Memory(_) => ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "memory", message)
                .hint("ask for fewer columns or a shorter time, or aggregate"),
            SqlError::Busy(_) => {
                ApiError::new(StatusCode::TOO_MANY_REQUESTS, "busy", message).hint("try again in a moment")
            }
            SqlError::Panicked(_) => ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "query_panicked", message)
                .hint("a fault of weft's: report it with the query; all else goes on"),
            SqlError::Internal(_) => ApiError::internal(message),
        }
    }
}

impl From<SeriesError> for ApiError {
    fn from(error: SeriesError) -> ApiError {
        match error {
            SeriesError::UnknownPort { .. } | SeriesError::UnknownCounter { .. } => {
                ApiError::not_found(error.to_string())
            }
            SeriesError::Failed(_) => ApiError::internal(error),
        }
    }
}

pub async fn no_such_route(uri: Uri) -> ApiError {
    ApiError::not_found(format!("there is no {uri}"))
        .hint("the API is under /api/v1: incidents, facts, devices, ports, series, jobs, collectors, armed, watching, gaps, maintenance, sql, events")
}

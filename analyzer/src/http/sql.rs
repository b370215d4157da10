//! SQL over HTTP: JSON, Arrow or CSV, by Accept.

use super::encode::{Format, encode};
use super::params::Body;
use super::{ApiError, AppState};
use crate::sql::{SqlError, SqlParam, SqlQuery};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SqlRequest {
    pub sql: String,
    /// Bound to `$1`, `$2`, …
    #[serde(default)]
    pub params: Vec<Value>,
    pub timeout_ms: Option<u64>,
    pub max_rows: Option<usize>,
}

const TIMEOUT_MS: u64 = 10_000;
const MAX_ROWS: usize = 10_000;

/// The header `weft-truncated: true` says in every format that there were more rows.
pub async fn sql(
    State(app): State<AppState>,
    headers: HeaderMap,
    Body(request): Body<SqlRequest>,
) -> Result<Response, ApiError> {
    let format = Format::of(headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or("*/*"))?;
    let answer = app.sql.query(query(request, &app)?).await?;
    let truncated = if answer.truncated { "true" } else { "false" };
    // Encoding a million rows takes long enough to hold up other requests.
    let body = tokio::task::spawn_blocking(move || encode(format, &answer)).await;
    let body = body.map_err(anyhow::Error::from).and_then(|result| result);
    let body = body.map_err(|error| ApiError::internal(format!("{error:#}")))?;
    Ok(([(CONTENT_TYPE.as_str(), format.mime()), ("weft-truncated", truncated)], body).into_response())
}

/// What the caller asks for, within what the server grants.
fn query(request: SqlRequest, app: &AppState) -> Result<SqlQuery, SqlError> {
    let params = request.params.into_iter().enumerate().map(|(n, value)| param(n + 1, value));
    Ok(SqlQuery {
        sql: request.sql,
        params: params.collect::<Result<_, _>>()?,
        timeout: Duration::from_millis(request.timeout_ms.unwrap_or(TIMEOUT_MS).min(app.config.sql_timeout_ms)),
        max_rows: request.max_rows.unwrap_or(MAX_ROWS).min(app.config.sql_max_rows),
    })
}

fn param(number: usize, value: Value) -> Result<SqlParam, SqlError> {
    Ok(match value {
        Value::Null => SqlParam::Null,
        Value::Bool(value) => SqlParam::Boolean(value),
        Value::String(value) => SqlParam::Text(value),
        Value::Number(value) => value.as_i64().map_or_else(|| SqlParam::Number(value.as_f64()), SqlParam::Integer),
        Value::Array(_) | Value::Object(_) => {
            let message = format!("parameter ${number} is neither text, number, boolean nor null");
            return Err(SqlError::invalid(message, "give one parameter a value"));
        }
    })
}

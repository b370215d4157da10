//! One counter of one port over time.

use super::params::Params;
use super::{ApiError, AppState};
use crate::read::{Series, SeriesMode, SeriesQuery};
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use weft_judge::fabric::PortRef;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Query {
    device: String,
    #[serde(default)]
    port: String,
    counter: String,
    /// Half-open, event time; all that is kept by default.
    from_ns: Option<i64>,
    to_ns: Option<i64>,
    #[serde(default)]
    mode: SeriesMode,
}

pub async fn series(State(app): State<AppState>, Params(query): Params<Query>) -> Result<Json<Series>, ApiError> {
    let (from_ns, to_ns) = (query.from_ns.unwrap_or(i64::MIN), query.to_ns.unwrap_or(i64::MAX));
    if from_ns >= to_ns {
        return Err(ApiError::bad_request("from_ns is not before to_ns"));
    }
    let at = PortRef::new(query.device, query.port);
    let query = SeriesQuery { at, counter: query.counter, from_ns, to_ns, mode: query.mode };
    Ok(Json(app.view.series(query).await?))
}

//! Calls of a scheduler's prolog and epilog: `POST /api/v1/jobs/begin` and `/api/v1/jobs/end`.

use super::fabric::read_blocking;
use super::params::Body;
use super::times::time;
use super::token::Authorized;
use super::{ApiError, AppState};
use crate::clock::now_ns;
use crate::operations::{CallError, CalledJob};
use crate::slurm::hostlist::expand;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::Value;

/// Of a job's name, characters.
const MOST_NAME: usize = 200;

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Nodes {
    /// In Slurm's notation: `gpu[001-004]`.
    List(String),
    Each(Vec<String>),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Begin {
    job: String,
    nodes: Nodes,
    /// RFC 3339 or ns since 1970; now, where it is absent.
    at: Option<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct End {
    job: String,
    at: Option<Value>,
}

pub async fn begin(
    _: Authorized,
    State(app): State<AppState>,
    Body(request): Body<Begin>,
) -> Result<(StatusCode, Json<CalledJob>), ApiError> {
    let Begin { job, nodes, at } = request;
    check_name(&job)?;
    let devices = match nodes {
        Nodes::Each(devices) => devices,
        Nodes::List(list) => expand(&list).map_err(|error| {
            ApiError::bad_request(format!("`nodes`: {error}")).hint("write gpu[001-004,007], or a list")
        })?,
    };
    if devices.is_empty() || devices.iter().any(String::is_empty) {
        return Err(
            ApiError::bad_request("`nodes` names no node").hint("give SLURM_JOB_NODELIST, or a list of devices")
        );
    }
    let at_ns = at.map(|at| time("at", &at)).transpose()?.unwrap_or_else(now_ns);
    let calls = app.calls.clone();
    read_blocking(app, move |_| Ok((StatusCode::CREATED, Json(calls.begin(&job, devices, at_ns)?)))).await
}

pub async fn end(
    _: Authorized,
    State(app): State<AppState>,
    Body(request): Body<End>,
) -> Result<Json<CalledJob>, ApiError> {
    let End { job, at } = request;
    check_name(&job)?;
    let at_ns = at.map(|at| time("at", &at)).transpose()?.unwrap_or_else(now_ns);
    let calls = app.calls.clone();
    read_blocking(app, move |_| match calls.end(&job, at_ns)? {
        Some(called) => Ok(Json(called)),
        None => {
            let message = format!("no job {job:?} runs that a call told of");
            Err(ApiError::not_found(message).hint("the epilog of another node may have ended it already"))
        }
    })
    .await
}

fn check_name(job: &str) -> Result<(), ApiError> {
    let is_sound = !job.trim().is_empty() && job.chars().count() <= MOST_NAME && !job.chars().any(char::is_control);
    let wrong = || ApiError::bad_request(format!("`job` is {job:?}, which is no name")).hint("give the id of the job");
    is_sound.then_some(()).ok_or_else(wrong)
}

impl From<CallError> for ApiError {
    fn from(error: CallError) -> ApiError {
        match error {
            CallError::Full | CallError::Devices => {
                ApiError::new(StatusCode::TOO_MANY_REQUESTS, "full", error.to_string())
            }
            CallError::Keep { .. } | CallError::Read { .. } => ApiError::internal(error),
        }
    }
}

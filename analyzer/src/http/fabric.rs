//! What weft watches: devices, ports, jobs, and the collectors that tell of them.

use super::page::{Page, Paging, by_count};
use super::params::Params;
use super::{ApiError, AppState};
use crate::read::{Armed, CollectorView, DeviceView, GapView, JobStep, JobView, PortView, ReadModel, Watching};
use axum::Json;
use axum::extract::{Path, State};
use serde::Deserialize;
use std::cmp::Ordering;

type Answer<T> = Result<Json<Page<T>>, ApiError>;

fn answer<T>(items: Vec<T>, paging: &Paging) -> Answer<T> {
    by_count(items, paging.limit, paging.after.as_deref()).map(Json)
}

/// Reads on a thread that may block. Views of a large fabric take milliseconds and wait for the intake's lock, and the
/// threads that serve all requests must not be held up by that.
pub async fn read_blocking<T: Send + 'static>(
    app: AppState,
    read: impl FnOnce(&dyn ReadModel) -> Result<T, ApiError> + Send + 'static,
) -> Result<T, ApiError> {
    let read = tokio::task::spawn_blocking(move || read(&*app.view)).await;
    read.map_err(ApiError::internal)?
}

pub async fn devices(State(app): State<AppState>, Params(paging): Params<Paging>) -> Answer<DeviceView> {
    read_blocking(app, move |view| answer(view.devices(), &paging)).await
}

pub async fn jobs(State(app): State<AppState>, Params(paging): Params<Paging>) -> Answer<JobView> {
    read_blocking(app, move |view| answer(view.jobs(), &paging)).await
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StepQuery {
    /// Half open, event time; by default all that is kept.
    from_ns: Option<i64>,
    to_ns: Option<i64>,
}

/// All that is kept of one job in one page: a value every ten ticks.
pub async fn job_steps(
    State(app): State<AppState>,
    Path(job): Path<String>,
    Params(query): Params<StepQuery>,
) -> Answer<JobStep> {
    let StepQuery { from_ns, to_ns } = query;
    let mut steps = app.view.job_steps(&job).ok_or_else(|| ApiError::not_found(format!("there is no job {job}")))?;
    let is_asked =
        |ts_ns: i64| from_ns.is_none_or(|from_ns| ts_ns >= from_ns) && to_ns.is_none_or(|to_ns| ts_ns < to_ns);
    steps.retain(|step| is_asked(step.ts_ns));
    Ok(Json(Page { items: steps, next: None }))
}

pub async fn collectors(State(app): State<AppState>, Params(paging): Params<Paging>) -> Answer<CollectorView> {
    answer(app.view.collectors(), &paging)
}

/// Which detectors can say anything here, and what would arm the rest. All in one page: they are few.
pub async fn armed(State(app): State<AppState>) -> Answer<Armed> {
    read_blocking(app, |view| Ok(Json(Page { items: view.armed(), next: None }))).await
}

pub async fn watching(State(app): State<AppState>) -> Result<Json<Watching>, ApiError> {
    read_blocking(app, |view| Ok(Json(view.watching()))).await
}

/// The latest first.
pub async fn gaps(State(app): State<AppState>, Params(paging): Params<Paging>) -> Answer<GapView> {
    let mut gaps = app.view.gaps();
    gaps.reverse();
    answer(gaps, &paging)
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PortQuery {
    /// A key of the answer; `-` before it turns the order round. By default device, then port.
    sort: Option<String>,
    /// Words that must all occur in device, port, table, driver, rail, role, state or the far end.
    filter: Option<String>,
    limit: Option<usize>,
    after: Option<String>,
}

pub async fn ports(State(app): State<AppState>, Params(query): Params<PortQuery>) -> Answer<PortView> {
    read_blocking(app, move |view| chosen(view.ports(), query)).await
}

fn chosen(mut ports: Vec<PortView>, query: PortQuery) -> Answer<PortView> {
    if let Some(filter) = &query.filter {
        let words: Vec<String> = filter.split_whitespace().map(str::to_lowercase).collect();
        ports.retain(|port| words.iter().all(|word| texts(port).iter().any(|text| text.to_lowercase().contains(word))));
    }
    if let Some(sort) = &query.sort {
        let (key, reverse) = sort.strip_prefix('-').map_or((sort.as_str(), false), |key| (key, true));
        let order = order(key)?;
        ports.sort_by(|a, b| if reverse { order(b, a) } else { order(a, b) });
    }
    answer(ports, &Paging { limit: query.limit, after: query.after })
}

fn texts(port: &PortView) -> [&str; 9] {
    let PortView { device, port: name, table, driver, rail, role, state, peer_device, peer_port, .. } = port;
    [device, name, table, driver, rail, role, state, peer_device, peer_port]
}

type PortOrder = fn(&PortView, &PortView) -> Ordering;

fn order(key: &str) -> Result<PortOrder, ApiError> {
    Ok(match key {
        "device" => |a, b| a.device.cmp(&b.device),
        "port" => |a, b| a.port.cmp(&b.port),
        "table" => |a, b| a.table.cmp(&b.table),
        "driver" => |a, b| a.driver.cmp(&b.driver),
        "rail" => |a, b| a.rail.cmp(&b.rail),
        "role" => |a, b| a.role.cmp(&b.role),
        "state" => |a, b| a.state.cmp(&b.state),
        "ends_agree" => |a, b| a.ends_agree.cmp(&b.ends_agree),
        "speed_bps" => |a, b| a.speed_bps.cmp(&b.speed_bps),
        "last_ns" => |a, b| a.last_ns.cmp(&b.last_ns),
        "rx_bytes_per_s" => |a, b| number(a.rx_bytes_per_s, b.rx_bytes_per_s),
        "tx_bytes_per_s" => |a, b| number(a.tx_bytes_per_s, b.tx_bytes_per_s),
        _ => return Err(ApiError::bad_request(format!("sort={key:?} is no key of a port that has an order"))),
    })
}

/// What is not known comes before all that is.
fn number(a: Option<f64>, b: Option<f64>) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) => a.total_cmp(&b),
        _ => a.is_some().cmp(&b.is_some()),
    }
}

//! Incidents, their stories, and the facts beneath them.

use super::page::{Page, Paging, by_count, limit};
use super::params::Params;
use super::{ApiError, AppState};
use crate::explain;
use axum::Json;
use axum::extract::{Path, State};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use weft_judge::incident::{Incident, State as IncidentState};
use weft_judge::kinds::FactLine;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Filter {
    /// One or more, comma-separated; likewise `class`.
    state: Option<String>,
    class: Option<String>,
    /// Those that changed at or after this event time.
    since_ns: Option<i64>,
    limit: Option<usize>,
    /// The id of the last incident of the page before.
    after: Option<String>,
}

pub async fn list(
    State(app): State<AppState>,
    Params(filter): Params<Filter>,
) -> Result<Json<Page<Arc<Incident>>>, ApiError> {
    let states = filter.state.as_deref().map(states).transpose()?;
    let mut all = app.view.incidents();
    if let Some(after) = &filter.after {
        let last = all.iter().position(|incident| incident.id == *after);
        let last = last.ok_or_else(|| ApiError::bad_request(format!("after={after:?}: there is no such incident")))?;
        all.drain(..=last);
    }
    all.retain(|incident| filter.admits(incident, states.as_deref()));
    let limit = limit(filter.limit);
    let next = (all.len() > limit).then(|| all[limit - 1].id.clone());
    all.truncate(limit);
    Ok(Json(Page { items: all, next }))
}

fn states(text: &str) -> Result<Vec<IncidentState>, ApiError> {
    let parse = |word| match word {
        "suspected" => Ok(IncidentState::Suspected),
        "open" => Ok(IncidentState::Open),
        "resolved" => Ok(IncidentState::Resolved),
        _ => Err(ApiError::bad_request(format!("state={word:?} is none of suspected, open, resolved"))),
    };
    text.split(',').map(parse).collect()
}

impl Filter {
    fn admits(&self, incident: &Incident, states: Option<&[IncidentState]>) -> bool {
        let changed_ns = incident.transitions.last().map_or(incident.onset_ns, |last| last.ts_ns);
        states.is_none_or(|states| states.contains(&incident.state))
            && self.class.as_deref().is_none_or(|classes| classes.split(',').any(|class| class == incident.class))
            && self.since_ns.is_none_or(|since| changed_ns >= since)
    }
}

pub async fn one(State(app): State<AppState>, Path(id): Path<String>) -> Result<Json<Arc<Incident>>, ApiError> {
    find(&app, &id).map(Json)
}

#[derive(Serialize)]
pub struct Explained {
    text: String,
}

pub async fn explain(State(app): State<AppState>, Path(id): Path<String>) -> Result<Json<Explained>, ApiError> {
    let incident = find(&app, &id)?;
    Ok(Json(Explained { text: explain::story(&incident) }))
}

pub fn find(app: &AppState, id: &str) -> Result<Arc<Incident>, ApiError> {
    let missing = || ApiError::not_found(format!("there is no incident {id:?}")).hint("list them at /api/v1/incidents");
    app.view.incident(id).ok_or_else(missing)
}

/// Facts looked through for one answer.
const FACTS: usize = 10_000;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FactFilter {
    kind: Option<String>,
    device: Option<String>,
    port: Option<String>,
    since_ns: Option<i64>,
    limit: Option<usize>,
    after: Option<String>,
}

/// The latest first.
pub async fn facts(
    State(app): State<AppState>,
    Params(filter): Params<FactFilter>,
) -> Result<Json<Page<FactLine>>, ApiError> {
    let same = |wanted: &Option<String>, said: &str| wanted.as_deref().is_none_or(|wanted| wanted == said);
    let mut facts: Vec<FactLine> = app.view.facts(FACTS).iter().map(FactLine::from).collect();
    facts.retain(|fact| {
        same(&filter.kind, fact.payload.kind().name())
            && same(&filter.device, &fact.device)
            && same(&filter.port, &fact.port)
            && filter.since_ns.is_none_or(|since| fact.ts_ns >= since)
    });
    facts.reverse();
    let paging = Paging { limit: filter.limit, after: filter.after };
    by_count(facts, paging.limit, paging.after.as_deref()).map(Json)
}

//! Plain text in place of the page, for a binary that holds none: what alerts link to is there all the same.

use super::{ApiError, AppState, error, incidents};
use crate::explain;
use axum::Router;
use axum::extract::{Path, State};
use axum::routing::get;
use std::fmt::Write;
use weft_judge::incident::State as IncidentState;

/// `/` lists what is open, `/incidents/{id}` tells one incident's story.
pub fn plain_pages(state: AppState) -> Router {
    let pages = Router::new().route("/", get(now)).route("/incidents/{id}", get(story));
    pages.fallback(error::no_such_route).with_state(state)
}

async fn now(State(app): State<AppState>) -> String {
    let incidents = app.view.incidents();
    let open: Vec<_> = incidents.iter().filter(|incident| incident.state == IncidentState::Open).collect();
    let mut text = format!("weft: {} open\n", open.len());
    for incident in open {
        let _ = writeln!(text, "/incidents/{}  {}", incident.id, incident.sentence);
    }
    text + "\nThe API is under /api/v1. The page: weft-dashboard --analyzer with this address.\n"
}

async fn story(State(app): State<AppState>, Path(id): Path<String>) -> Result<String, ApiError> {
    incidents::find(&app, &id).map(|incident| explain::story(&incident))
}

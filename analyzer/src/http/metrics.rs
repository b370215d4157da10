//! `/metrics`: what the parts count of themselves, and the state that is asked for at the moment.

use super::AppState;
use crate::incident::{Incident, State as IncidentState};
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Arc, OnceLock};

/// Counters of the contracts, there from the start at 0.
const COUNTERS: [&str; 3] = ["weft_frames_total", "weft_samples_total", "weft_late_rows_total"];

/// The process's one recorder. `None` when another library owns it: then its page tells, not ours.
pub fn recorder() -> Option<&'static PrometheusHandle> {
    static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
    let install = || {
        let handle = PrometheusBuilder::new().install_recorder().ok()?;
        COUNTERS.into_iter().for_each(|name| metrics::counter!(name).absolute(0));
        Some(handle)
    };
    HANDLE.get_or_init(install).as_ref()
}

pub async fn metrics(State(app): State<AppState>) -> impl IntoResponse {
    let mut text = recorder().map(PrometheusHandle::render).unwrap_or_default();
    let health = app.view.health();
    if let Some(lag_s) = health.lag_s {
        gauge(&mut text, "weft_lag_seconds", "Wall clock less the event time of the last closed tick.", [("", lag_s)]);
    }
    let ready = if health.ready { 1.0 } else { 0.0 };
    gauge(&mut text, "weft_ready", "1 while weft sees its fabric.", [("", ready)]);
    let help = "Cables whose two ends count different packets: loss on them cannot be told.";
    gauge(&mut text, "weft_cables_at_odds", help, [("", app.view.cables_at_odds() as f64)]);
    let incidents = count(&app.view.incidents());
    let incidents = incidents.iter().map(|(labels, n)| (labels.as_str(), *n));
    gauge(&mut text, "weft_incidents", "Incidents kept, by class and state.", incidents);
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text)
}

fn gauge<'a>(text: &mut String, name: &str, help: &str, values: impl IntoIterator<Item = (&'a str, f64)>) {
    let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} gauge\n");
    for (labels, value) in values {
        let _ = writeln!(text, "{name}{labels} {value}");
    }
}

/// Classes are the detectors' own fixed words, so labels are few and need no escape.
fn count(incidents: &[Arc<Incident>]) -> BTreeMap<String, f64> {
    let mut counts = BTreeMap::new();
    for incident in incidents {
        let state = match incident.state {
            IncidentState::Suspected => "suspected",
            IncidentState::Open => "open",
            IncidentState::Resolved => "resolved",
        };
        *counts.entry(format!("{{class=\"{}\",state=\"{state}\"}}", incident.class)).or_insert(0.0) += 1.0;
    }
    counts
}

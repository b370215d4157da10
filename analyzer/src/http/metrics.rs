//! `/metrics`: what the parts count of themselves, and the state that is asked for at the moment.
//!
//! Names, kinds and help texts stand in [`METRICS`].

use super::AppState;
use crate::read::{Health, JobView};
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Arc, OnceLock};
use weft_judge::incident::{Incident, State as IncidentState};
use weft_wire::{METRICS, MetricKind, describe_metrics, metric};

/// Jobs that have a series of their own. With more, those that lose most have one, so that a plan of any length keeps
/// `/metrics` small.
const MOST_JOBS: usize = 1000;

/// One sample of a family: labels by name, and the value.
type Sample = (Vec<(&'static str, String)>, f64);

/// The process's one recorder. `None` when another library owns it: then its page tells, not ours.
pub fn recorder() -> Option<&'static PrometheusHandle> {
    static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
    let install = || {
        let handle = PrometheusBuilder::new().install_recorder().ok()?;
        describe_metrics();
        begin();
        Some(handle)
    };
    HANDLE.get_or_init(install).as_ref()
}

/// Ingest's counters are there from the start at 0, so that their first rise is seen as one.
fn begin() {
    for name in ["weft_frames_total", "weft_samples_total", "weft_late_rows_total"] {
        metrics::counter!(name).absolute(0);
    }
    let labels = [
        ("version", env!("CARGO_PKG_VERSION")),
        ("profile", if cfg!(debug_assertions) { "debug" } else { "release" }),
        ("os", std::env::consts::OS),
        ("arch", std::env::consts::ARCH),
    ];
    metrics::gauge!("weft_build_info", &labels).set(1.0);
}

pub async fn metrics(State(app): State<AppState>) -> impl IntoResponse {
    let mut text = recorder().map(PrometheusHandle::render).unwrap_or_default();
    let view = app.view.clone();
    // Jobs and cables are read of what the intake writes: waiting for it must not hold up other requests.
    let read = move || (view.health(), view.cables_at_odds(), view.incidents(), view.jobs());
    if let Ok((health, at_odds, incidents, jobs)) = tokio::task::spawn_blocking(read).await {
        of_health(&mut text, &health);
        family(&mut text, "weft_cables_at_odds", [(Vec::new(), at_odds as f64)]);
        family(&mut text, "weft_incidents", by_class_and_state(&incidents));
        family(&mut text, "weft_job_loss_ratio", losses(jobs));
    }
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text)
}

fn of_health(text: &mut String, health: &Health) {
    let lag = health.lag_s.map(|lag_s| (Vec::new(), lag_s));
    family(text, "weft_lag_seconds", lag);
    family(text, "weft_ready", [(Vec::new(), if health.ready { 1.0 } else { 0.0 })]);
}

/// A family without samples is left out: it has nothing to explain.
fn family(text: &mut String, name: &str, samples: impl IntoIterator<Item = Sample>) {
    let mut samples = samples.into_iter().peekable();
    if samples.peek().is_none() {
        return;
    }
    let metric = metric(name).unwrap_or(&METRICS[0]);
    debug_assert!(metric.name == name && metric.kind == MetricKind::Gauge, "{name} has no row as a gauge in METRICS");
    let _ = writeln!(text, "# HELP {name} {}\n# TYPE {name} gauge", metric.help);
    for (labels, value) in samples {
        let labels: Vec<String> = labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let _ = writeln!(text, "{name}{labels} {value}");
    }
    text.push('\n');
}

/// A label's value as the text format writes it. Jobs are named by whoever schedules them, with any characters.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

fn by_class_and_state(incidents: &[Arc<Incident>]) -> Vec<Sample> {
    let mut counts: BTreeMap<(&str, &str), f64> = BTreeMap::new();
    for incident in incidents {
        let state = match incident.state {
            IncidentState::Suspected => "suspected",
            IncidentState::Open => "open",
            IncidentState::Resolved => "resolved",
        };
        *counts.entry((&incident.class, state)).or_insert(0.0) += 1.0;
    }
    let sample = |((class, state), n): ((&str, &str), f64)| (vec![("class", class.into()), ("state", state.into())], n);
    counts.into_iter().map(sample).collect()
}

/// A job that no incident names loses nothing; one whose loss cannot be known has no sample, for null is not zero.
fn losses(jobs: Vec<JobView>) -> Vec<Sample> {
    let loss = |job: &JobView| if job.incident.is_none() { Some(0.0) } else { job.lost_step_time };
    let mut known: Vec<(String, f64)> =
        jobs.into_iter().filter_map(|job| loss(&job).map(|loss| (job.job, loss))).collect();
    known.sort_by(|(a, a_loss), (b, b_loss)| b_loss.total_cmp(a_loss).then_with(|| a.cmp(b)));
    known.truncate(MOST_JOBS);
    known.into_iter().map(|(job, loss)| (vec![("job", job)], loss)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(name: &str, lost_step_time: Option<f64>, incident: Option<&str>) -> JobView {
        let incident = incident.map(str::to_owned);
        JobView { job: name.into(), lost_step_time, incident, ..JobView::default() }
    }

    #[test]
    fn a_job_whose_loss_is_unknown_has_no_sample_and_one_without_an_incident_loses_nothing() {
        let jobs = vec![job("well", None, None), job("slow", Some(0.25), Some("a")), job("unknown", None, Some("b"))];
        let mut text = String::new();
        family(&mut text, "weft_job_loss_ratio", losses(jobs));
        let samples: Vec<&str> = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
        assert_eq!(samples, ["weft_job_loss_ratio{job=\"slow\"} 0.25", "weft_job_loss_ratio{job=\"well\"} 0"]);
    }

    #[test]
    fn of_very_many_jobs_those_that_lose_most_are_told() {
        let jobs = (0..5000).map(|n| job(&format!("j{n}"), Some(f64::from(n) / 5000.0), Some("a"))).collect();
        let told = losses(jobs);
        assert_eq!((told.len(), told[0].0[0].1.as_str(), told[999].0[0].1.as_str()), (1000, "j4999", "j4000"));
    }
}

//! What a collector tells of itself when it is told to listen (`[collector] listen`): `/metrics`, `/healthz`, `/readyz`.

use crate::status::Status;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use serde_json::{Value, json};
use std::sync::{Arc, OnceLock};
use tokio::net::TcpListener;
use weft_guard::AllowedHosts;

/// Serves until it is dropped.
pub async fn serve(listener: TcpListener, status: Status) -> std::io::Result<()> {
    recorder();
    axum::serve(listener, router(Arc::new(status))).await
}

fn router(status: Arc<Status>) -> Router {
    Router::new()
        .route("/metrics", get(metrics))
        .route("/healthz", get(|| async { Json(json!({"ok": true})) }))
        .route("/readyz", get(readyz))
        .with_state(status)
        .layer(from_fn_with_state(AllowedHosts::default(), weft_guard::check))
}

/// The process's one recorder. `None` when another part of the process owns it: then that part's page tells.
fn recorder() -> Option<&'static PrometheusHandle> {
    static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
    let install = || {
        let handle = PrometheusBuilder::new().install_recorder().ok()?;
        weft_wire::describe_metrics();
        Some(handle)
    };
    HANDLE.get_or_init(install).as_ref()
}

async fn metrics(State(status): State<Arc<Status>>) -> impl IntoResponse {
    let handle = recorder();
    status.export();
    let text = handle.map(PrometheusHandle::render).unwrap_or_default();
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text)
}

async fn readyz(State(status): State<Arc<Status>>) -> (StatusCode, Json<Value>) {
    let reasons = status.reasons();
    let code = if reasons.is_empty() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (code, Json(json!({"ready": reasons.is_empty(), "reasons": reasons})))
}

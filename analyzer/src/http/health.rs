//! Alive, and ready: "no data" is never ready.

use super::AppState;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

/// The process answers; nothing more.
pub async fn healthz() -> Json<Value> {
    Json(json!({"ok": true}))
}

pub async fn readyz(State(app): State<AppState>) -> (StatusCode, Json<Value>) {
    let health = app.view.health();
    let status = if health.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(json!({"ready": health.ready, "reasons": health.reasons})))
}

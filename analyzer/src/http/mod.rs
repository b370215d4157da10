//! The HTTP API: every route of the contracts, as a thin edge over the read model and SQL. What changes something asks for a
//! token (`token.rs`).

mod config;
mod encode;
mod error;
mod events;
mod fabric;
mod health;
mod incidents;
mod job_calls;
mod maintenance;
mod metrics;
mod page;
mod params;
mod plain;
mod series;
mod sql;
mod state;
mod times;
mod token;

pub use config::{HttpConfig, default_listen};
pub use error::ApiError;
pub use metrics::recorder;
pub use plain::plain_pages;
pub use state::AppState;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::{delete, get, post};
use tower_http::compression::CompressionLayer;
use weft_guard::AllowedHosts;

/// All routes, behind the checks of Host, Origin and body. `page` serves what is not ours.
pub fn router(state: AppState, page: Router) -> Router {
    // Checked with the settings: what is no name there lets nobody pass here.
    let allowed = AllowedHosts::new(&state.config.allowed_hosts).unwrap_or_default();
    let api = Router::new()
        .route("/incidents", get(incidents::list))
        .route("/incidents/{id}", get(incidents::one))
        .route("/incidents/{id}/explain", get(incidents::explain))
        .route("/facts", get(incidents::facts))
        .route("/devices", get(fabric::devices))
        .route("/ports", get(fabric::ports))
        .route("/jobs", get(fabric::jobs))
        .route("/jobs/begin", post(job_calls::begin))
        .route("/jobs/end", post(job_calls::end))
        .route("/jobs/{job}/steps", get(fabric::job_steps))
        .route("/collectors", get(fabric::collectors))
        .route("/armed", get(fabric::armed))
        .route("/watching", get(fabric::watching))
        .route("/gaps", get(fabric::gaps))
        .route("/maintenance", get(maintenance::list).post(maintenance::announce))
        .route("/maintenance/{id}", delete(maintenance::end))
        .route("/series", get(series::series))
        .route("/sql", post(sql::sql))
        .route("/events", get(events::events))
        .fallback(error::no_such_route);
    Router::new()
        .nest("/api/v1", api)
        .route("/metrics", get(metrics::metrics))
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .with_state(state.clone())
        .merge(page)
        .layer(DefaultBodyLimit::max(state.config.max_body_bytes))
        .layer(from_fn_with_state(allowed, weft_guard::check))
        .layer(CompressionLayer::new())
}

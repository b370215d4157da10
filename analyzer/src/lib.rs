//! weft's analyzer: ingest → model → detect → diagnose → route → notify, and the store, SQL and HTTP beside them.

pub mod detect;
pub mod diagnose;
pub mod engine;
pub mod fact;
pub mod incident;
pub mod ingest;
pub mod inventory;
pub mod model;
pub mod plan;
pub mod tick;
pub mod trace;

//! weft's analyzer: ingest → model → detect → diagnose → route → notify, and the store, SQL and HTTP beside them.

pub mod cli;
pub mod config;
pub mod detect;
pub mod diagnose;
pub mod engine;
#[cfg(test)]
mod engine_guard_tests;
#[cfg(test)]
mod engine_tests;
pub mod explain;
pub mod fact;
pub mod feed;
pub mod guard;
pub mod http;
pub mod incident;
pub mod ingest;
pub mod inventory;
#[cfg(test)]
mod link_tests;
pub mod live;
pub mod model;
mod name_index;
pub mod notify;
pub mod plan;
pub mod route;
#[doc(hidden)]
pub mod sample;
pub mod service;
pub mod sql;
mod stamp;
pub mod store;
#[cfg(test)]
mod testkit;
pub mod tick;
pub mod trace;
pub mod watchdog;

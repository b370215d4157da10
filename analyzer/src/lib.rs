//! weft's analyzer: ingest → model → detect → diagnose → route → notify, and the store, SQL and HTTP beside them.

pub mod cabling;
pub mod calibrate;
pub mod cli;
pub mod clock;
pub mod config;
pub mod explain;
pub mod feed;
pub mod http;
pub mod import;
pub mod ingest;
mod judged;
pub mod kubernetes;
pub mod live;
pub mod notify;
pub mod operations;
pub mod read;
pub mod record;
pub mod replay;
pub mod route;
pub mod score;
pub mod service;
mod side_by_side;
pub mod slurm;
pub mod snapshot;
pub mod sql;
pub mod store;
pub mod watchdog;

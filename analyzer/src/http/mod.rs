//! The HTTP API.

pub mod view;

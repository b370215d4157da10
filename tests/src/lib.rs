//! Helpers of the end-to-end tests and the benchmarks.

pub mod acl;
pub mod broker;
pub mod fleet;
pub mod meter;
pub mod simultaneous;

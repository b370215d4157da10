//! What one pass over the GPUs found: plain data, made by the reader's thread and written to the board by the sampler's.

use crate::nvml::{Code, Identity, Value};
use std::sync::Arc;

#[derive(Debug)]
pub struct Reading {
    pub driver_version: Arc<str>,
    pub gpus: Vec<GpuReading>,
}

#[derive(Debug)]
pub struct GpuReading {
    pub index: u32,
    pub ts_ns: i64,
    pub identity: Arc<Identity>,
    /// How long reading its own counters took.
    pub took_us: f32,
    /// Set when the GPU no longer answers; then nothing below was read.
    pub lost: Option<Code>,
    pub answers: Vec<Answer>,
    pub links: Vec<LinkReading>,
    /// Xid errors since the reading before.
    pub xids: Vec<u64>,
}

#[derive(Debug)]
pub struct LinkReading {
    pub link: u32,
    /// Bus address of the far end; empty when NVML does not say it.
    pub far_end: Arc<str>,
    pub took_us: f32,
    pub answers: Vec<Answer>,
}

/// Of the counter at this place in [`counters`](super::counters::counters). Only what this pass asked for has an answer.
#[derive(Debug)]
pub struct Answer {
    pub counter: u16,
    pub value: Result<Value, Code>,
}

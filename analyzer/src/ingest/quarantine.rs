//! Frames of clocks that are wrong, or that are right while all others are wrong: kept until it is clear which side is right.
//!
//! A frame is quarantined when its flush time lies impossibly far from the watermark, or when its collector's clock was set
//! back. When as many collectors are in quarantine as are outside and they agree on one time, that time is the right one.

use std::collections::{HashMap, VecDeque};
use weft_wire::Frame;

/// Frames kept; beyond that the oldest are dropped. Each frame was counted when it came.
const MAX_FRAMES: usize = 4096;

#[derive(Debug, Default)]
pub struct Quarantine {
    frames: VecDeque<Box<Frame>>,
    /// Collector → the flush time of its last frame here.
    collectors: HashMap<u32, i64>,
}

impl Quarantine {
    pub fn is_first_of(&self, collector: u32) -> bool {
        !self.collectors.contains_key(&collector)
    }

    pub fn add(&mut self, collector: u32, frame: Box<Frame>) {
        self.collectors.insert(collector, frame.flush_ts_ns);
        self.frames.push_back(frame);
        if self.frames.len() > MAX_FRAMES {
            self.frames.pop_front();
        }
    }

    /// The collector's clock is right again: its frames in quarantine carry wrong times and are dropped.
    pub fn release(&mut self, collector: u32, name: &str) {
        if self.collectors.remove(&collector).is_some() {
            self.frames.retain(|frame| frame.collector != name);
        }
    }

    pub fn collectors(&self) -> usize {
        self.collectors.len()
    }

    /// Whether the last frames of all collectors in quarantine lie within `within_ns` of each other.
    pub fn agree(&self, within_ns: i64) -> bool {
        let times = || self.collectors.values();
        times().min().zip(times().max()).is_some_and(|(low, high)| high.abs_diff(*low) <= within_ns.unsigned_abs())
    }

    /// Empties the quarantine and returns the frames within `within_ns` of the last one. Others, of clocks that were wrong for a
    /// while, are dropped.
    pub fn take(&mut self, within_ns: i64) -> VecDeque<Box<Frame>> {
        let mut frames = std::mem::take(&mut self.frames);
        let now_ns = frames.back().map(|frame| frame.flush_ts_ns).unwrap_or_default();
        frames.retain(|frame| frame.flush_ts_ns.abs_diff(now_ns) <= within_ns.unsigned_abs());
        self.collectors.clear();
        frames
    }
}

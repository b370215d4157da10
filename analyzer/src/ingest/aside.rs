//! Frames whose clock stands impossibly far from the watermark, or was set back, until it is clear which side is right.

use std::collections::{HashMap, VecDeque};
use weft_wire::Frame;

/// The oldest go first; they are counted when they come.
const MAX_FRAMES: usize = 4096;

#[derive(Debug, Default)]
pub struct Aside {
    frames: VecDeque<Box<Frame>>,
    /// Collector → the flush time of its last frame here.
    collectors: HashMap<u32, i64>,
}

impl Aside {
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

    /// Its clock is right again: what it said meanwhile is of no use.
    pub fn leave(&mut self, collector: u32, name: &str) {
        if self.collectors.remove(&collector).is_some() {
            self.frames.retain(|frame| frame.collector != name);
        }
    }

    pub fn collectors(&self) -> usize {
        self.collectors.len()
    }

    /// Whether all of them tell of one time, by what each said last.
    pub fn agree(&self, within_ns: i64) -> bool {
        let times = || self.collectors.values();
        times().min().zip(times().max()).is_some_and(|(low, high)| high.abs_diff(*low) <= within_ns.unsigned_abs())
    }

    /// The frames of the time on which they agree; others, of clocks that were wrong for a while, are left out.
    pub fn take(&mut self, within_ns: i64) -> VecDeque<Box<Frame>> {
        let mut frames = std::mem::take(&mut self.frames);
        let now_ns = frames.back().map(|frame| frame.flush_ts_ns).unwrap_or_default();
        frames.retain(|frame| frame.flush_ts_ns.abs_diff(now_ns) <= within_ns.unsigned_abs());
        self.collectors.clear();
        frames
    }
}

//! Frames whose clock stands impossibly far from the watermark, until it is clear which side is right.

use std::collections::{HashSet, VecDeque};
use weft_wire::Frame;

/// The oldest go first; they are counted when they come.
const MAX_FRAMES: usize = 4096;

#[derive(Debug, Default)]
pub struct Aside {
    frames: VecDeque<Box<Frame>>,
    collectors: HashSet<u32>,
}

impl Aside {
    pub fn is_first_of(&self, collector: u32) -> bool {
        !self.collectors.contains(&collector)
    }

    pub fn add(&mut self, collector: u32, frame: Box<Frame>) {
        self.collectors.insert(collector);
        self.frames.push_back(frame);
        if self.frames.len() > MAX_FRAMES {
            self.frames.pop_front();
        }
    }

    pub fn collectors(&self) -> usize {
        self.collectors.len()
    }

    /// Whether all of them tell of one time.
    pub fn agree(&self, within_ns: i64) -> bool {
        let times = || self.frames.iter().map(|f| f.flush_ts_ns);
        times().min().zip(times().max()).is_some_and(|(low, high)| high.abs_diff(low) <= within_ns.unsigned_abs())
    }

    pub fn take(&mut self) -> VecDeque<Box<Frame>> {
        self.collectors.clear();
        std::mem::take(&mut self.frames)
    }
}

//! Frames whose inventory has not come yet. An inventory names the ports that a frame's rows speak of by number, and the schemas
//! of its rows, so that without one a frame cannot be read. The number of parked frames is bounded; beyond the bound the oldest
//! is given up.

use bytes::Bytes;
use std::collections::VecDeque;
use weft_wire::Frame;

#[derive(Debug)]
pub enum Parked {
    /// A schema of the frame is not known, so that it could not be decoded.
    Bytes(Bytes),
    /// The frame was decoded, and its ports are not known.
    Frame(Box<Frame>),
}

#[derive(Debug, Default)]
pub struct Park {
    waiting: VecDeque<Parked>,
}

impl Park {
    /// Returns the one that had to make room.
    pub fn add(&mut self, parked: Parked, limit: usize) -> Option<Parked> {
        self.waiting.push_back(parked);
        if self.waiting.len() > limit { self.waiting.pop_front() } else { None }
    }

    pub fn take(&mut self) -> VecDeque<Parked> {
        std::mem::take(&mut self.waiting)
    }

    pub fn len(&self) -> usize {
        self.waiting.len()
    }
}

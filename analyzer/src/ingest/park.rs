//! Frames that cannot be read yet: their inventory has not come. Bounded; the oldest go first.

use bytes::Bytes;
use std::collections::VecDeque;
use weft_wire::Frame;

#[derive(Debug)]
pub enum Parked {
    /// Its schema is not known.
    Bytes(Bytes),
    /// Its ports are not known.
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

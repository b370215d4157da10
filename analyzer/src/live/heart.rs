//! Whether the intake's thread gets on: it beats when it begins a message or a tick, and says when it has nothing to do.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

#[derive(Debug, Default)]
pub struct Heart {
    beats: AtomicU64,
    rests: AtomicBool,
}

impl Heart {
    /// Work begins, or goes on.
    pub fn beat(&self) {
        self.rests.store(false, Ordering::Relaxed);
        self.beats.fetch_add(1, Ordering::Relaxed);
    }

    /// There is nothing to do until the next beat.
    pub fn rest(&self) {
        self.rests.store(true, Ordering::Relaxed);
    }

    /// A number that is another one after every beat; `None` while there is nothing to do.
    pub fn pulse(&self) -> Option<u64> {
        (!self.rests.load(Ordering::Relaxed)).then(|| self.beats.load(Ordering::Relaxed))
    }
}

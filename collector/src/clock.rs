//! The node's clock, and how wrong the node itself thinks it is.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// When something was read: at some moment from `begin_ns` to `end_ns`, nanoseconds since the epoch.
///
/// Example: an ioctl that asks a NIC for its statistics is called at 12.000 000 s and returns at 12.000 300 s. The card was read at some
/// moment between the two; 12.000 150 s is wrong by at most 150 µs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    pub begin_ns: i64,
    pub end_ns: i64,
}

impl Window {
    /// Ends now, and began when a reading that took so long began.
    pub fn lasting(took: Duration) -> Window {
        let end_ns = now_ns();
        Window { begin_ns: end_ns.saturating_sub(took.as_nanos() as i64), end_ns }
    }

    /// The moment that is wrong by half the window at most.
    pub fn middle_ns(self) -> i64 {
        self.begin_ns + (self.end_ns - self.begin_ns) / 2
    }

    /// Rounded up to whole microseconds. 0 where the clock was set back in the midst of the reading.
    pub fn width_us(self) -> u64 {
        u64::try_from(self.end_ns - self.begin_ns).map_or(0, |width_ns| width_ns.div_ceil(1000))
    }

    /// The window that holds both.
    pub fn and(self, other: Window) -> Window {
        Window { begin_ns: self.begin_ns.min(other.begin_ns), end_ns: self.end_ns.max(other.end_ns) }
    }
}

impl From<i64> for Window {
    fn from(ns: i64) -> Window {
        Window { begin_ns: ns, end_ns: ns }
    }
}

/// Nanoseconds since the epoch.
pub fn now_ns() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_nanos() as i64)
}

/// The kernel's estimate of the clock's error, µs; `None` while nothing disciplines it. Needs no capability.
pub fn error_us() -> Option<i64> {
    let (state, esterror_us) = adjtimex();
    (state >= 0 && state != libc::TIME_ERROR).then_some(esterror_us)
}

#[expect(unsafe_code, reason = "adjtimex(2) has no safe wrapper among our dependencies; modes = 0 only reads")]
fn adjtimex() -> (i32, i64) {
    // SAFETY: timex is plain old data, for which zeroes are valid; the kernel fills the struct that we own.
    unsafe {
        let mut timex: libc::timex = std::mem::zeroed();
        let state = libc::adjtimex(&mut timex);
        (state, timex.esterror as _)
    }
}

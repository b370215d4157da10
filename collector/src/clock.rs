//! The node's clock, and how wrong the node itself thinks it is.

use std::time::{SystemTime, UNIX_EPOCH};

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

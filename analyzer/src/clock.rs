//! The wall clock: of what operators announce and of deliveries, never of a fault, whose times are event times.

use jiff::Timestamp;

/// Wall time, ns since 1970.
pub fn now_ns() -> i64 {
    i64::try_from(Timestamp::now().as_nanosecond()).unwrap_or(i64::MAX)
}

//! The wall clock of deliveries.

use jiff::Timestamp;

/// Wall time, ns since 1970: of a delivery, never of a fault, whose times are event times.
pub fn now_ns() -> i64 {
    i64::try_from(Timestamp::now().as_nanosecond()).unwrap_or(i64::MAX)
}

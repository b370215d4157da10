//! No fault knows the date.

use super::back::Back;
use super::disturbance::Disturbance;

/// 200 days: a whole number of any interval of sampling, so that nothing but the date changes.
const BY_NS: i64 = 200 * 86_400 * 1_000_000_000;

pub const SHIFTED: Disturbance = Disturbance {
    name: "shifted",
    about: "every stamp 200 days later",
    apply: |tables, _, _| {
        tables.move_stamps(|_, ns| ns + BY_NS);
        tables.move_jobs(|ns| ns + BY_NS);
        Back::of_shift(BY_NS)
    },
};

//! A busy machine reads a little late, each time by another little.

use super::back::Back;
use super::dice::number_of;
use super::disturbance::Disturbance;

/// Readings of one device at one instant stay together: one collector reads them. 20 ms is a collector that waits for a
/// core; a tenth of the interval keeps readings in order.
const MOST_NS: i64 = 20_000_000;

pub const JITTERED: Disturbance = Disturbance {
    name: "jittered",
    about: "each stamp up to 20 ms (and a tenth of an interval) later, by chance",
    apply: |tables, _, dice| {
        let most_ns = MOST_NS.min(tables.manifest.tick_ns / 10) as f64;
        tables.move_readings(|device, ns| ns + (dice.share(&[number_of(device), ns as u64]) * most_ns) as i64);
        Back::default()
    },
};

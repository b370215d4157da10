//! Clocks of devices do not agree.

use super::back::Back;
use super::dice::number_of;
use super::disturbance::Disturbance;

const MOST_NS: i64 = 200_000_000;

pub const PHASED: Disturbance = Disturbance {
    name: "phased",
    about: "all stamps of a device moved by one phase of its own, up to 200 ms and half an interval of sampling",
    apply: |tables, _, dice| {
        let most_ns = MOST_NS.min(tables.manifest.tick_ns / 2) as f64;
        tables.move_stamps(|device, ns| ns + (dice.share(&[number_of(device)]) * most_ns) as i64);
        Back::default()
    },
};

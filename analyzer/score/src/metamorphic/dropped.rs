//! Some readings never arrive.

use super::back::Back;
use super::disturbance::Disturbance;

const SHARE: f64 = 0.03;

pub const DROPPED: Disturbance = Disturbance {
    name: "dropped",
    about: "3 % of the readings left out: all counters of a port at an instant",
    apply: |tables, _, dice| {
        tables.readings.retain(|r| dice.share(&[u64::from(r.place), r.ts_ns as u64]) >= SHARE);
        Back::default()
    },
};

//! Mean + kσ of the peers, at each tick by itself: the z-score, as dashboards and alert rules have it (Shewhart 1931).

use super::baseline::Baseline;
use super::meters::METERS;
use super::seen::Seen;
use super::statistics::{above_others, strengths};
use super::strength::Strength;

pub static SIGMA: Baseline = Baseline {
    name: "mean + 2σ",
    about: "z-score among peers, each tick by itself; as alert rules on dashboards have it",
    published: 2.0,
    confirm_ns: 0,
    meters: &METERS,
    strengths: of,
};

fn of(seen: &Seen) -> Vec<Strength> {
    strengths(seen, seen.tick_ns, |values, least| {
        (0..values.len()).map(|own| above_others(values, own, least)).collect()
    })
}

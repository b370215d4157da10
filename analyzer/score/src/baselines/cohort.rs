//! Median − k·MAD of a cohort: the robust outlier rule (Iglewicz and Hoaglin 1993; the median hardly moves with the outliers).

use super::baseline::Baseline;
use super::meters::METERS;
use super::seen::Seen;
use super::statistics::{median, strengths};
use super::strength::Strength;

/// The MAD of normal noise, times this, is its standard deviation.
const NORMAL: f32 = 1.4826;
/// Longer than an iteration, so that bursts average out.
const WINDOW_NS: i64 = 10_000_000_000;

pub static COHORT: Baseline = Baseline {
    name: "median − k·MAD",
    about: "robust score in a cohort over 10 s; Iglewicz and Hoaglin give k = 3.5",
    published: 3.5,
    confirm_ns: 0,
    meters: &METERS,
    strengths: of,
};

fn of(seen: &Seen) -> Vec<Strength> {
    strengths(seen, WINDOW_NS, |values, least| {
        let middle = median(values);
        let apart: Vec<f32> = values.iter().map(|value| (value - middle).abs()).collect();
        let spread = (NORMAL * median(&apart)).max(least);
        values.iter().map(|value| (value - middle) / spread).collect()
    })
}

//! Whether readings fall into enough parts of an iteration to tell its bytes from those of something else.
//!
//! The search (`hunt.rs`) looks for bytes at whose multiples the hosts stand. Where the interval of reading is as long as that
//! period, or twice or three times as long, or nearly, every reading comes at the same part of it, and whatever flows evenly from
//! reading to reading "stands at levels":
//!
//! ```text
//! bursts 0.4 s apart, read each second     │▂▇▂▇▂│▇▂▇▂▇│▂▇▂▇▂│▇▂▇▂▇│    2, 3, 2, 3 bursts an interval
//! a "period" of 1 s with 2.5 bursts        0     1     2     3     4    every second reading stands at a level of it
//! ```
//! Bytes that rose evenly with time would show a period just as clearly as the moments of the readings show it. So these moments
//! are laid around the circle of one period, as the comb does it with bytes (`statistics/comb.rs`):
//!
//! ```text
//! readings each 1 s      period 1.6 s   parts 0 .63 .25 .88 .50 .13 …    all around: what is found in them is the period's
//!                        period 1.005 s parts 0 .995 .99 .985 .98 …      40 readings lie in a fifth: it may be anything's
//! ```
//! Only readings of one pace lie around one circle. So the readings are cut where the job pauses (a checkpoint), and a part that no
//! line fits is halved: a fault in the midst of a window changes the pace, and must not feign a spread.

use super::levels::WIDTH;
use crate::statistics::{Point, resultant, slope};
use std::f64::consts::PI;

/// What lies around one line at most: what is sent in bursts at one pace is anywhere within one iteration of its line, which is a
/// variance of 1/12. With twice as much the pace has changed.
const ONE_PACE: f64 = 1.0 / 6.0;
/// Readings of a part that is not halved any more: half of the shortest window, of which a change of pace leaves one part whole.
const LEAST_READINGS: usize = 20;
/// A stretch between two pauses counts from half of that on.
const LEAST_STRETCH: usize = LEAST_READINGS / 2;

/// Whether readings lie too close together in an iteration. `moments_s`: when each was read. `iterations`: how many were done by then
/// if the period that was found is one, with any first value. `least`: the part of an iteration over which they must be spread.
///
/// Clocks that are off by one amount turn the whole circle and change nothing. Moments that scatter by less than a quarter of the
/// shortest iteration, as those of one row do (`aligned.rs`), cannot feign a spread over half of it.
pub fn is_in_step(moments_s: &[f64], iterations: &[f64], least: f64) -> bool {
    let points: Vec<Point> =
        moments_s.iter().zip(iterations).map(|(&at, &value)| Point { at, value, weight: 1.0 }).collect();
    let stretches = stretches(&points).into_iter().filter(|stretch| stretch.len() >= LEAST_STRETCH);
    let add = |(sum, all): (f64, usize), part: &[Point]| (sum + together(part), all + part.len());
    let (sum, all) = stretches.fold((0.0, 0), add);
    // Of pauses alone nothing is known.
    all == 0 || sum / all as f64 > of_spread(least)
}

/// How close together the moments lie in an iteration, 0 to 1, times their number.
fn together(part: &[Point]) -> f64 {
    let (pace, _) = slope(part);
    let after = |from: &Point, to: &Point| to.value - from.value - pace * (to.at - from.at);
    let mean = part.iter().map(|point| after(&part[0], point)).sum::<f64>() / part.len() as f64;
    let variance = part.iter().map(|point| (after(&part[0], point) - mean).powi(2)).sum::<f64>() / part.len() as f64;
    if variance > ONE_PACE && part.len() >= 2 * LEAST_READINGS {
        let (early, late) = part.split_at(part.len() / 2);
        return together(early) + together(late);
    }
    let moments: Vec<f64> = part.iter().map(|point| point.at).collect();
    resultant(&moments, pace) * part.len() as f64
}

/// The length of the mean of unit vectors that are spread evenly over a part of the circle.
fn of_spread(part: f64) -> f64 {
    (PI * part).sin() / (PI * part)
}

/// The readings between pauses: where nothing stands still for longer than an iteration.
fn stretches(points: &[Point]) -> Vec<&[Point]> {
    let Some((first, last)) = points.first().zip(points.last()) else { return Vec::new() };
    let pace = (last.value - first.value) / (last.at - first.at);
    let (mut all, mut from, mut stood) = (Vec::new(), 0, 0);
    for at in 1..points.len() {
        if points[at].value - points[stood].value >= WIDTH {
            if (points[at - 1].at - points[stood].at) * pace > 1.0 {
                all.push(&points[from..=stood]);
                from = at - 1;
            }
            stood = at;
        }
    }
    all.push(&points[from..]);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAST: f64 = 2.0 / 3.0;

    /// So many readings, one a second but for a scatter of ±10 ms, of iterations of which the last 0.4 move their bytes. `trained`: for how
    /// long the job has been training by a moment, in s.
    fn is_in_step_at(readings: u32, period_s: f64, trained: impl Fn(f64) -> f64) -> bool {
        let scatter = |at: u32| 0.01 * (f64::from(at * 7 % 10) / 4.5 - 1.0);
        let moments: Vec<f64> = (0..readings).map(|at| f64::from(at) + scatter(at)).collect();
        let iteration = |at: f64| (trained(at) + 0.1) / period_s;
        let done = |at: f64| iteration(at).floor() + ((iteration(at).fract() - 0.6) / 0.4).max(0.0);
        let iterations: Vec<f64> = moments.iter().map(|&at| done(at)).collect();
        is_in_step(&moments, &iterations, LEAST)
    }

    #[test]
    fn a_period_near_the_interval_or_a_part_of_it_needs_many_readings() {
        for (readings, period_s, expected) in [
            (40, 5.0, false),
            (40, 2.0, false),
            (40, 1.6, false),
            (40, 0.75, false),
            (40, 1.0, true),
            (40, 0.5, true),
            (40, 1.005, true),
            (40, 0.995, true),
            (256, 1.005, false),
            (40, 1.04, false),
            (40, 0.96, false),
            (256, 1.001, true),
        ] {
            assert_eq!(is_in_step_at(readings, period_s, |at| at), expected, "{readings} {period_s}");
        }
    }

    #[test]
    fn neither_a_pause_nor_another_pace_spreads_readings() {
        for pause_s in [3.4, 8.7, 14.5] {
            let trained = |at: f64| if at < 20.0 { at } else { (at - pause_s).max(20.0) };
            assert!(is_in_step_at(60, 1.0, trained) && is_in_step_at(80, 1.004, trained), "{pause_s}");
            assert!(!is_in_step_at(60, 1.6, trained), "{pause_s}");
        }
        let slower = |at: f64| if at < 50.0 { at } else { 50.0 + (at - 50.0) * 0.8 };
        assert!(is_in_step_at(80, 1.0, slower) && !is_in_step_at(80, 1.6, slower));
    }

    #[test]
    fn vectors_over_a_part_of_the_circle_have_the_mean_of_their_integral() {
        let parts: Vec<f64> = (0..1_000).map(|at| f64::from(at) / 1_000.0 * LEAST).collect();
        assert!((resultant(&parts, 1.0) - of_spread(LEAST)).abs() < 1e-3);
    }
}

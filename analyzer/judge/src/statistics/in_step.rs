//! How much less readings say than readings at random, where they are in step with what repeats itself.
//!
//! The share of readings that find something (a queue, a host that has not begun) is the share of the time for which it is so, if
//! they fall into all parts of an iteration. Where the interval of reading is a multiple of the iteration, or of a half or a third
//! of it, or nearly, they come back to the same few places:
//!
//! ```text
//! iterations of 1.63 s  ▂▂▂▇▇▂▂▂▂▇▇▂▂▂▂▇▇▂▂▂▂▇▇▂     read each second       │  │  │   it is seen as often as it is so
//! iterations of 1.00 s  ▂▇▂▂▇▂▂▇▂▂▇▂▂▇▂▂▇▂▂▇▂▂▇▂     read each second       │  │  │   it is seen each time, or never
//! ```
//! Let it be so for the part d of each iteration, and let n readings be taken when x₁, x₂ … iterations are done. Wherever in an
//! iteration the first comes, the number of them that find it varies by as much as Parseval's theorem says:
//!
//! ```text
//! R(m)       =  | Σ exp(2πi m xₖ) | / n                        the mean of n unit vectors: 1 where all m xₖ differ by whole numbers
//! aₘ         =  2 · (sin(π m d) / π m)² / d (1 − d)            what the m-th harmonic has of the variance; all together 1
//! inflation  =  n · Σ aₘ R(m)²                                 variance ÷ that of n independent readings: 1 by chance, n in step
//! ```
//! The moments are those at which was read, for collectors read at uneven distances so that this does not happen.
//!
//! Example: 30 readings, one a second. Of iterations of 1.004 s, and of something that is so for a fifth of each, they say as much
//! as 1.3 independent ones; of iterations of 1.63 s as much as thirty.
//!
//! A job may do the same several times an iteration: an all-to-all of experts sends at dispatch and combine, forward and backward.
//! The iteration may then be a half or a quarter of what is taken for one, and the worst of these is what counts: of iterations of
//! 1.333 s, read each second, such a job shows the same each time.

use super::resultant;
use std::f64::consts::PI;

/// Harmonics: of what lasts for a twentieth of an iteration, 24 hold nine tenths of the variance.
const HARMONICS: usize = 24;
/// Times that a job may do the same in an iteration.
const TIMES: [f64; 3] = [1.0, 2.0, 4.0];
/// What lasts for a shorter or a longer part than this is taken to last for so much: steps of hosts jitter by some
/// hundredths, which blurs what is shorter.
const PARTS: (f64, f64) = (0.05, 0.5);

/// How much less so many readings say than independent ones of what is so for that part of the time. `done`: how many iterations are
/// done at each of the last readings, oldest first, from any beginning; where these are fewer than all, the others are taken to be
/// like them.
pub fn in_step(readings: f64, done: &[f64], part: f64) -> f64 {
    let known = done.len().min(readings.round().max(1.0) as usize);
    let last = &done[done.len() - known..];
    if last.is_empty() {
        return 1.0;
    }
    let of = |times: f64| inflation(last, times, (times * part).clamp(PARTS.0, PARTS.1));
    let most = TIMES.map(of).into_iter().fold(1.0, f64::max);
    (1.0 + (most - 1.0) * readings / known as f64).clamp(1.0, readings.max(1.0))
}

fn inflation(done: &[f64], times: f64, part: f64) -> f64 {
    let of_harmonic = |m: usize| {
        let m = m as f64;
        ((PI * m * part).sin() / (PI * m) * resultant(done, m * times)).powi(2)
    };
    done.len() as f64 * 2.0 * (1..=HARMONICS).map(of_harmonic).sum::<f64>() / (part * (1.0 - part))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Readings so many iterations apart.
    fn even(readings: usize, iterations: f64) -> Vec<f64> {
        (0..readings).map(|at| at as f64 * iterations).collect()
    }

    #[test]
    fn readings_at_uneven_distances_say_nearly_as_much_as_independent_ones_of_any_iteration() {
        // Of iterations as long as the interval the margins at either end of it are not read, by which 30 readings are in step by 0.25.
        for length_s in [0.5, 0.724, 1.0, 1.004, 1.63, 2.0, 2.617, 3.0] {
            let done = |second: i64| weft_wire::instants::reading_ns(1_796_000_000 + second, 1_000_000_000) as f64;
            let done: Vec<f64> = (0..30).map(|second| (done(second) - done(0)) / 1e9 / length_s).collect();
            let (dithered, undithered) = (in_step(30.0, &done, 0.3), in_step(30.0, &even(30, 1.0 / length_s), 0.3));
            assert!(dithered < 4.0, "{length_s} s: {dithered}, undithered {undithered}");
            assert!(undithered > 7.0 || ![0.5, 1.0, 2.0].contains(&length_s), "{length_s} s: {undithered}");
        }
    }

    #[test]
    fn readings_that_are_not_known_one_by_one_are_like_those_that_are() {
        assert!((in_step(200.0, &even(50, 1.0), 0.3) - 200.0).abs() < 15.0);
        assert!(in_step(200.0, &even(50, 0.618), 0.3) < 1.5);
        assert_eq!(in_step(200.0, &[], 0.3), 1.0);
    }

    #[test]
    fn readings_in_step_count_as_one() {
        for (readings, iterations, part, low, high) in [
            (30.0, 1.0, 0.3, 28.0, 30.0),
            (30.0, 3.0, 0.1, 26.0, 30.0),
            (30.0, 1.0 / 1.004, 0.2, 22.0, 23.0),
            (30.0, 0.5, 0.4, 4.0, 30.0),
            (30.0, 1.0 / 1.63, 0.2, 1.0, 1.5),
            (200.0, 1.0 / 1.63, 0.1, 1.0, 1.2),
            (80.0, 0.1 / 1.07, 0.3, 1.0, 8.0),
            (1.0, 1.0, 0.2, 1.0, 1.0),
        ] {
            let inflation = in_step(readings, &even(readings as usize, iterations), part);
            assert!((low..=high).contains(&inflation), "{readings} {iterations} {part}: {inflation}");
        }
    }

    #[test]
    fn it_is_the_variance_of_what_is_found_from_a_beginning_at_random() {
        for (n, iterations, part) in
            [(30, 1.003, 0.2), (20, 0.5, 0.1), (16, 0.26, 0.1), (25, 1.0 / 3.0, 0.2), (40, 0.618, 0.3)]
        {
            let begins = 4_000;
            let found = |begin: usize| {
                let at = |reading: usize| (begin as f64 / begins as f64 + reading as f64 * iterations).rem_euclid(1.0);
                (0..n).filter(|&reading| at(reading) < part).count() as f64
            };
            let counts: Vec<f64> = (0..begins).map(found).collect();
            let mean = counts.iter().sum::<f64>() / begins as f64;
            let variance = counts.iter().map(|count| (count - mean).powi(2)).sum::<f64>() / begins as f64;
            let expected = variance / (n as f64 * part * (1.0 - part));
            let got = inflation(&even(n, iterations), 1.0, part);
            assert!(
                (got - expected).abs() < 0.1 * expected + 0.05,
                "{n} {iterations} {part}: {got}, counted {expected}"
            );
        }
    }
}

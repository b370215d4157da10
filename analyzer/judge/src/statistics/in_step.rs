//! How much less readings at even intervals say than readings at random, where they are in step with what repeats itself.
//!
//! The share of readings that find something (a queue, a host that has not begun) is the share of the time for which it is so, if
//! they fall into all parts of an iteration. Where the interval of reading is a multiple of the iteration, or of a half or a third
//! of it, or nearly, they come back to the same few places:
//!
//! ```text
//! iterations of 1.63 s  ▂▂▂▇▇▂▂▂▂▇▇▂▂▂▂▇▇▂▂▂▂▇▇▂     read each second       │  │  │   it is seen as often as it is so
//! iterations of 1.00 s  ▂▇▂▂▇▂▂▇▂▂▇▂▂▇▂▂▇▂▂▇▂▂▇▂     read each second       │  │  │   it is seen each time, or never
//! ```
//! Let it be so for the part d of each iteration, and let n readings lie x iterations apart. Wherever they begin, the number of
//! them that find it varies by as much as Parseval's theorem says:
//!
//! ```text
//! R(y)       =  | sin(π n y) / (n sin(π y)) |                  the mean of n unit vectors y turns apart: 1 where y is whole
//! aₘ         =  2 · (sin(π m d) / π m)² / d (1 − d)            what the m-th harmonic has of the variance; all together 1
//! inflation  =  n · Σ aₘ R(m x)²                               variance ÷ that of n independent readings: 1 by chance, n in step
//! ```
//! Example: 30 readings, one a second. Of iterations of 1.004 s, and of something that is so for a fifth of each, they say as much
//! as 1.3 independent ones; of iterations of 1.63 s as much as thirty.
//!
//! A job may do the same several times an iteration: an all-to-all of experts sends at dispatch and combine, forward and backward.
//! The iteration may then be a half or a quarter of what is taken for one, and the worst of these is what counts: of iterations of
//! 1.333 s, read each second, such a job shows the same each time.

use std::f64::consts::PI;

/// Harmonics: of what lasts for a twentieth of an iteration, 24 hold nine tenths of the variance.
const HARMONICS: usize = 24;
/// Times that a job may do the same in an iteration.
const TIMES: [f64; 3] = [1.0, 2.0, 4.0];
/// What lasts for a shorter or a longer part than this is taken to last for so much: steps of hosts jitter by some
/// hundredths, which blurs what is shorter.
const PARTS: (f64, f64) = (0.05, 0.5);

/// How much less so many readings say than independent ones, with so many iterations between two of them, of what is so for
/// that part of the time.
pub fn in_step(readings: f64, iterations: f64, part: f64) -> f64 {
    let of = |times: f64| inflation(readings, times * iterations, (times * part).clamp(PARTS.0, PARTS.1));
    TIMES.map(of).into_iter().fold(1.0, f64::max).min(readings.max(1.0))
}

fn inflation(readings: f64, iterations: f64, part: f64) -> f64 {
    let resultant = |turns: f64| match (PI * turns).sin() {
        step if step.abs() < 1e-9 => 1.0,
        step => (PI * readings * turns).sin() / (readings * step),
    };
    let of_harmonic = |m: usize| {
        let m = m as f64;
        ((PI * m * part).sin() / (PI * m) * resultant(m * iterations)).powi(2)
    };
    readings * 2.0 * (1..=HARMONICS).map(of_harmonic).sum::<f64>() / (part * (1.0 - part))
}

#[cfg(test)]
mod tests {
    use super::*;

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
            let inflation = in_step(readings, iterations, part);
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
            let got = inflation(n as f64, iterations, part);
            assert!(
                (got - expected).abs() < 0.1 * expected + 0.05,
                "{n} {iterations} {part}: {got}, counted {expected}"
            );
        }
    }
}

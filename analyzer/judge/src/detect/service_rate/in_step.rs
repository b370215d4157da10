//! Readings in step with a job.
//!
//! That a queue stands no longer than its link is busy holds for readings at any moment of an iteration. Where the interval
//! of reading is a multiple of the iteration, or nearly, all readings fall into the same part of it:
//!
//! ```text
//! iterations of 1.6 s   ▂▂▂▇▇▂▂▂▂▇▇▂▂▂▂▇▇▂▂▂▂▇▇▂     read each second       │  │  │   a queue is seen as often as it stands
//! iterations of 1.0 s   ▂▇▂▂▇▂▂▇▂▂▇▂▂▇▂▂▇▂▂▇▂▂▇▂     read each second       │  │  │   a queue is seen each time, or never
//! ```
//! Readings at the same phase φ of an iteration say no more than one. n readings that are a part x of an iteration apart have
//! phases whose mean as unit vectors has the length
//!
//! ```text
//! R  =  | mean of exp(2πi φ) |  =  | sin(π n x) / (n sin(π x)) |        1 where x is a whole number
//! inflation  =  the greatest of  n · R(j x)² / j²   for j = 1, 2, 3     1 on the mean for phases by chance (Rayleigh 1919)
//! ```
//! j = 2 and 3 stand for readings at two or three phases in turn, which show less: the parts of a burst fall as 1 / j.
//! Example: 30 readings, one a second, of iterations of 1.004 s: x = 0.996, R = 0.98, and they count as one. Of iterations
//! of 1.6 s R is 0.03, and they count as thirty.

use std::f64::consts::PI;

const PHASES: [f64; 3] = [1.0, 2.0, 3.0];

/// How much less so many readings say than independent ones, with so many iterations between two of them.
pub fn inflation(readings: f64, iterations: f64) -> f64 {
    let resultant = |x: f64| match (PI * x).sin() {
        step if step.abs() < 1e-9 => 1.0,
        step => (PI * readings * x).sin() / (readings * step),
    };
    PHASES.map(|j| readings * (resultant(j * iterations) / j).powi(2)).into_iter().fold(1.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readings_in_step_count_as_one() {
        for (readings, iterations, low, high) in [
            (30.0, 1.0, 30.0, 30.0),
            (30.0, 3.0, 30.0, 30.0),
            (30.0, 1.0 / 1.004, 28.0, 30.0),
            (30.0, 0.5, 7.4, 7.6),
            (30.0, 1.0 / 1.63, 1.0, 1.5),
            (200.0, 1.0 / 1.63, 1.0, 1.2),
            (80.0, 0.1 / 1.07, 1.0, 1.5),
        ] {
            let inflation = inflation(readings, iterations);
            assert!((low..=high).contains(&inflation), "{readings} {iterations}: {inflation}");
        }
    }
}

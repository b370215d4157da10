//! The period of points on a line, some of which stand at multiples of it (Rayleigh's test, 1919, as in Mardia and Jupp,
//! Directional Statistics, 2000; the comb over frequencies is the Z²₁ statistic of Buccheri et al., Astronomy and Astrophysics
//! 128, 1983).
//!
//! Each point is turned into an angle by a trial frequency. Where the frequency is right, the points at multiples of the period
//! have one angle, and the mean of all angles as unit vectors is long:
//!
//! ```text
//! points        0.2  3.0  6.0  7.3  9.0  12.0      period 3, four of six points at multiples
//! Z(f)     =  | mean of exp(2πi · f · point) |     0.68 at f = 1/3;   1/√m ≈ 0.4 where nothing is there
//! ```
//! Of m points without a period m · Z² has an exponential distribution of mean 1. The largest of n frequencies then stays
//! below ln n about as often as not, so that what is above it is worth a look. It is no proof: whoever looks tries each.

use std::f64::consts::TAU;

/// A frequency at which the points stand together: a local maximum of the resultant that is above the noise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tooth {
    /// In periods per unit of the points.
    pub frequency: f64,
    /// The length of the mean vector, 0 to 1.
    pub resultant: f64,
}

/// The length of the mean of the points' angles at a frequency, 0 to 1.
pub fn resultant(points: &[f64], frequency: f64) -> f64 {
    let (re, im) = points.iter().fold((0.0, 0.0), |(re, im), point| {
        let (sin, cos) = (TAU * frequency * point).sin_cos();
        (re + cos, im + sin)
    });
    f64::hypot(re, im) / points.len() as f64
}

/// The frequencies among `count` ones from `from` on, `step` apart, at which the resultant has a maximum above the noise; the
/// lowest frequency, which is the longest period, first. Of each point the angle is turned on from one frequency to the next,
/// which costs a multiplication and no sine.
pub fn teeth(points: &[f64], from: f64, step: f64, count: usize) -> Vec<Tooth> {
    let mut sums = vec![(0.0, 0.0); count];
    for point in points {
        let (mut im, mut re) = (TAU * from * point).sin_cos();
        let (turn_im, turn_re) = (TAU * step * point).sin_cos();
        for sum in &mut sums {
            (sum.0, sum.1) = (sum.0 + re, sum.1 + im);
            (re, im) = (re * turn_re - im * turn_im, re * turn_im + im * turn_re);
        }
    }
    let resultants: Vec<f64> = sums.iter().map(|(re, im)| f64::hypot(*re, *im) / points.len() as f64).collect();
    let noise = (count as f64).ln();
    let is_tooth = |w: &[f64]| w[1] >= w[0] && w[1] > w[2] && points.len() as f64 * w[1] * w[1] > noise;
    let maxima = resultants.windows(3).enumerate().filter(|(_, w)| is_tooth(w));
    maxima.map(|(at, w)| Tooth { frequency: from + step * (at + 1) as f64, resultant: w[1] }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_at_multiples_stand_together() {
        let table: [(&[f64], f64, f64); 4] = [
            (&[0.0, 3.0, 6.0, 9.0], 1.0 / 3.0, 1.0),
            // Half a period apart: the two cancel.
            (&[0.0, 1.5], 1.0 / 3.0, 0.0),
            (&[0.0, 0.75], 1.0 / 3.0, std::f64::consts::FRAC_1_SQRT_2), // a quarter of a period apart
            (&[0.2, 3.0, 6.0, 7.3, 9.0, 12.0], 1.0 / 3.0, 0.680_3),
        ];
        for (points, frequency, expected) in table {
            let z = resultant(points, frequency);
            assert!((z - expected).abs() < 1e-3, "{points:?} {z}");
        }
    }

    #[test]
    fn the_period_is_among_the_teeth_and_noise_has_few() {
        // Every other reading stands at a multiple of 7; the others are anywhere between.
        let between = |i: u32| f64::from(i * i * 31 % 97) / 97.0 * 7.0;
        let points: Vec<f64> =
            (0..80).map(|i| f64::from(i) * 3.5 + if i % 2 == 0 { 0.0 } else { between(i) - 3.5 }).collect();
        let span = 280.0;
        let found = teeth(&points, 5.0 / span, 0.25 / span, 600);
        assert!(found.iter().any(|tooth| (1.0 / tooth.frequency - 7.0).abs() < 0.1), "{found:?}");
        for tooth in &found {
            assert!((resultant(&points, tooth.frequency) - tooth.resultant).abs() < 1e-9, "{tooth:?}");
        }
        let noise: Vec<f64> =
            (0..80_u64).map(|i| (xxhash_rust::xxh3::xxh3_64(&i.to_le_bytes()) % 100_000) as f64).collect();
        assert!(teeth(&noise, 5.0 / 1e5, 0.25 / 1e5, 600).len() < 4);
    }
}

//! Since when something has changed, and how surely: cumulative sums of log likelihood ratios (Page, Biometrika 41, 1954), and
//! how often chance alone brings a mixture of several to a bar (Shin, Ramdas and Rinaldo, "E-detectors", New England Journal of
//! Statistics in Data Science 2, 2024).
//!
//! Each reading gives ℓ, the logarithm of how much likelier it is if the change has happened than if it has not. The sum begins
//! anew wherever it is below 0, so that it holds the readings since the change, and none from before:
//!
//! ```text
//! m  ←  max(m, 0) + ℓ                         nats, a sum for each alternative: 3 % lost, 10 % lost, …
//! M  =  ln mean over the alternatives of e^m
//! readings until M reaches A by chance  ≥  e^A     on the mean, if a reading's e^ℓ is 1 or less on the mean
//! ```
//! The bound asks nothing of the alternatives, nor that readings be independent of each other: only that e^ℓ, given all readings
//! before, is no more than 1 on the mean while nothing has changed.
//!
//! Example: a fault that would be seen in 60 of 100 readings, where 10 are usual. A reading that sees it gives ln (0.6 / 0.1) =
//! 1.79 nats, one that does not ln (0.4 / 0.9) = −0.81. Twelve readings of which ten see it are 16.3 nats.

use super::ln_mean_exp;
use serde::{Deserialize, Serialize};

/// The sum of one alternative, nats.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Cusum(f32);

impl Cusum {
    /// Takes in a reading's ℓ. True where the sum begins anew with that reading.
    pub fn add(&mut self, nats: f32) -> bool {
        let begins = self.0 <= 0.0;
        self.0 = self.0.max(0.0) + nats;
        begins
    }

    pub fn nats(self) -> f32 {
        self.0
    }
}

/// M: the evidence in nats that something has changed, by whichever of the alternatives.
pub fn mixture_nats(cusums: &[Cusum]) -> f64 {
    ln_mean_exp(cusums.iter().map(|cusum| f64::from(cusum.0)))
}

/// A: the bar in nats for as many streams of readings, each read so many times a day, to reach it by chance no more often than
/// `false_a_day` in all. Ten streams at 1 Hz and one false alarm in 10,000 days: ln (10 · 86,400 / 0.0001) = 22.9 nats.
pub fn change_bar(streams: f64, readings_a_day: f64, false_a_day: f64) -> f64 {
    (streams * readings_a_day / false_a_day).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_holds_what_came_since_the_change() {
        let table: [(&[f32], f32, usize); 4] = [
            (&[], 0.0, 0),
            (&[-1.0, -1.0, -1.0, 1.0, 0.5], 1.5, 3),
            (&[2.0, -1.0, 2.0], 3.0, 0),
            (&[2.0, -3.0, 2.0], 2.0, 2),
        ];
        for (readings, expected, since) in table {
            let mut cusum = Cusum::default();
            let begins = readings.iter().map(|&nats| cusum.add(nats)).collect::<Vec<_>>();
            assert_eq!(
                (cusum.nats(), begins.iter().rposition(|&begins| begins).unwrap_or(0)),
                (expected, since),
                "{readings:?}"
            );
        }
    }

    #[test]
    fn alternatives_share_the_evidence() {
        let sums = |nats: &[f32]| mixture_nats(&nats.iter().map(|&nats| Cusum(nats)).collect::<Vec<_>>());
        // Of three alternatives one holds all of the evidence: ln 3 is the price.
        for (nats, expected) in [(vec![20.0], 20.0), (vec![20.0, 0.0, 0.0], 20.0 - 3.0_f64.ln()), (vec![5.0; 4], 5.0)] {
            assert!((sums(&nats) - expected).abs() < 1e-6, "{nats:?}");
        }
    }

    #[test]
    fn the_bar_is_that_of_the_false_alarms_allowed() {
        for (streams, tick_s, false_a_day, expected) in
            [(10.0, 1.0, 1e-4, 22.88), (10.0, 10.0, 1e-4, 20.58), (1.0, 0.1, 1e-2, 18.27)]
        {
            assert!(
                (change_bar(streams, 86_400.0 / tick_s, false_a_day) - expected).abs() < 0.01,
                "{streams} {tick_s}"
            );
        }
    }

    /// A coin falls on one side once in ten throws; the alternatives are that it does so three and six times. Many gamblers
    /// throw it until the evidence reaches the bar of e^5 = 148 throws.
    #[test]
    fn chance_needs_as_long_as_the_bound_says() {
        let ratios = [0.3_f32, 0.6].map(|p| [((1.0 - p) / 0.9).ln(), (p / 0.1).ln()]);
        let mut state = 7_u64;
        let mut falls = || {
            // Marsaglia's xorshift, 2003.
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.is_multiple_of(10)
        };
        let mut throws = 0_u32;
        for _ in 0..400 {
            let mut sums = [Cusum::default(); 2];
            while mixture_nats(&sums) < 5.0 {
                let side = usize::from(falls());
                sums.iter_mut().zip(&ratios).for_each(|(sum, ratio)| _ = sum.add(ratio[side]));
                throws += 1;
            }
        }
        let mean = f64::from(throws) / 400.0;
        assert!(mean >= 5.0_f64.exp(), "{mean}");
    }
}

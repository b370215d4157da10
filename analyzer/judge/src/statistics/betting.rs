//! Evidence by betting (Waudby-Smith and Ramdas, Journal of the Royal Statistical Society B 86, 2024; Kelly 1956 for the size
//! of a bet; Ville 1939 for the bound): whether the mean of values that nobody knows the distribution of is above p₀.
//!
//! A gambler begins with one coin and bets on each value z in turn that the mean is p₀ + δ. A bet multiplies what he has by
//! 1 + λ (z − p₀). Were the mean p₀ or less, he could not expect to win, whatever the distribution, and
//!
//! ```text
//! E  =  mean over the effects δ of  Π (1 + λ_δ (z − p₀)),   λ_δ = δ / (p₀ (1 − p₀))
//! P( E ever reaches 1/α )  ≤  α                              at any moment at which one looks
//! ```
//! Several effects are bet on at once, so that none has to be known. ln E is the evidence in nats: 6.9 nats are one chance
//! in a thousand. Example: p₀ = 0.05, δ = 0.1. A value of 0.4 multiplies by 1.74, a value of 0 by 0.89; after ten values of
//! 0.4 E is 252, which is 5.5 nats.

use super::ln_mean_exp;

/// By what one value multiplies what the gambler has at most. One value alone proves nothing: three of these do (20³ = 8,000).
const MOST_GAIN: f64 = 20.0;
/// The part of what he has that the gambler loses at most by one value, so that he can go on.
const MOST_STAKE: f64 = 1.0 - 1.0 / MOST_GAIN;

/// The evidence in nats that the mean of the values is above `null` (p₀, between 0 and 1). `effects`: the δ that are bet on,
/// all above 0. `most`: values are from 0 to this, and what is above it counts as this. 0 for no values.
pub fn betting_nats(values: impl Iterator<Item = f64> + Clone, null: f64, effects: &[f64], most: f64) -> f64 {
    let won = effects.iter().map(|effect| {
        let kelly = effect / (null * (1.0 - null));
        let stake = kelly.min((MOST_GAIN - 1.0) / most).min(MOST_STAKE / null);
        values.clone().map(|value| (stake * (value.clamp(0.0, most) - null)).ln_1p()).sum()
    });
    ln_mean_exp(won)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn bets_multiply_and_effects_are_averaged() {
        // By hand: 1 + 0.1 / (0.05 · 0.95) · 0.35 = 1.7368, and 1 − 2.1053 · 0.05 = 0.8947.
        let table: [(&[f64], &[f64], f64); 5] = [
            (&[], &[0.1], 0.0),
            (&[0.4], &[0.1], 1.736_842_f64.ln()),
            (&[0.0], &[0.1], 0.894_737_f64.ln()),
            (&[0.4, 0.0, 0.4], &[0.1], (1.736_842_f64 * 0.894_737 * 1.736_842).ln()),
            // Of an effect of 0.05 a value of 0.4 multiplies by 1.368421: the mean of the two is 1.552632.
            (&[0.4], &[0.1, 0.05], 1.552_632_f64.ln()),
        ];
        for (values, effects, expected) in table {
            let nats = betting_nats(values.iter().copied(), 0.05, effects, 1.0);
            assert!((nats - expected).abs() < 1e-5, "{values:?} {nats} {expected}");
        }
    }

    #[test]
    fn one_value_gains_no_more_than_twentyfold_and_never_takes_all() {
        let one = |value: f64, null: f64, most: f64| betting_nats([value].into_iter(), null, &[0.9], most);
        assert!(one(1.0, 0.001, 1.0) <= MOST_GAIN.ln() && one(9.0, 0.001, 0.2) <= MOST_GAIN.ln());
        assert!(one(0.0, 0.6, 1.0) >= (1.0 - MOST_STAKE).ln() - 1e-9);
    }

    /// The probability that k of n values are the larger one, when each is with probability q.
    fn chance(n: u32, k: u32, q: f64) -> f64 {
        let choose = (0..k).map(|i| f64::from(n - i) / f64::from(k - i)).product::<f64>();
        choose * q.powi(k as i32) * (1.0 - q).powi((n - k) as i32)
    }

    proptest! {
        /// Values are `most` with such a probability that their mean is the null, and 0 else. The exact tail of the evidence
        /// after n values, summed over all numbers of larger values, is no heavier than it says.
        #[test]
        fn where_nothing_is_there_the_evidence_is_as_rare_as_it_says(
            n in 1..80_u32,
            null in 0.005..0.3_f64,
            most in 0.35..1.0_f64,
            effect in 0.01..0.4_f64,
            alpha in 0.001..0.3_f64,
        ) {
            let effects = [effect / 2.0, effect, effect * 2.0];
            let nats = |k: u32| {
                let values = (0..n).map(|i| if i < k { most } else { 0.0 });
                betting_nats(values, null, &effects, most)
            };
            let q = null / most;
            let reaches: f64 = (0..=n).filter(|&k| nats(k) >= -alpha.ln()).map(|k| chance(n, k, q)).sum();
            prop_assert!(reaches <= alpha * (1.0 + 1e-6), "{reaches} {alpha}");
            let expected: f64 = (0..=n).map(|k| nats(k).exp() * chance(n, k, q)).sum();
            prop_assert!((expected - 1.0).abs() < 1e-6, "a fair game: {expected}");
        }
    }
}

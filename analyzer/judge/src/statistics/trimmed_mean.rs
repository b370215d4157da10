//! The trimmed mean (Tukey, 1948): the mean without the outermost values. Where values jump by whole steps, as onsets do on
//! a grid of bins, a median jumps with them, and a plain mean follows a single wild value.

/// The part of the values that is left out at either end, rounded up: one of 3 to 8, two of 9 to 16. As many wild values on
/// one side do no harm.
const CUT: usize = 8;

/// The mean without the highest and the lowest eighth, where there are more than two values: of 0, 2, 2, 3, 90 it is
/// (2 + 2 + 3) / 3 = 2.33. NaN of none. The values are sorted in place.
pub fn trimmed_mean(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    let cut = if values.len() > 2 { values.len().div_ceil(CUT) } else { 0 };
    let kept = &values[cut..values.len() - cut];
    kept.iter().sum::<f64>() / kept.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_outermost_are_left_out() {
        let table: [(&[f64], f64); 4] = [
            (&[1.0], 1.0),
            (&[1.0, 2.0], 1.5),
            (&[90.0, 2.0, 0.0, 3.0, 2.0], 7.0 / 3.0),
            (&[-9.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 2.0, 9.0], 1.0),
        ];
        for (values, expected) in table {
            assert!((trimmed_mean(&mut values.to_vec()) - expected).abs() < 1e-12, "{values:?}");
        }
        assert!(trimmed_mean(&mut []).is_nan());
    }

    proptest! {
        #[test]
        fn one_wild_value_of_three_or_more_does_not_move_it_out_of_the_others(
            others in prop::collection::vec(-1.0..1.0_f64, 2..30),
            wild in -1e12..1e12_f64,
        ) {
            let mut values: Vec<f64> = others.iter().copied().chain([wild]).collect();
            prop_assert!((-1.0..=1.0).contains(&trimmed_mean(&mut values)));
        }
    }
}

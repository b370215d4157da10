//! The median: half of the values may be arbitrarily wrong before it is (breakdown point 1/2; Huber, Robust Statistics,
//! 1981). Here the values are those of peers, and the sick ones are to be told from the others.

/// The middle value, or the mean of the two in the middle: of 1, 2, 10 it is 2, of 1, 2, 4, 10 it is 3. NaN of none.
/// The values are sorted in place.
pub fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => f64::NAN,
        n if n % 2 == 1 => values[n / 2],
        n => (values[n / 2 - 1] + values[n / 2]) / 2.0,
    }
}

/// The middle value, or the lower one of the two in the middle: of 1, 2, 4, 10 it is 2. Where two peers are compared, the
/// larger value may be the sick one, and their mean would hide half of it. NaN of none.
pub fn lower_median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len().saturating_sub(1) / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn it_is_in_the_middle() {
        let table: [(&[f64], f64, f64); 5] = [
            (&[7.0], 7.0, 7.0),
            (&[4.0, 1.0], 2.5, 1.0),
            (&[10.0, 1.0, 2.0], 2.0, 2.0),
            (&[10.0, 1.0, 4.0, 2.0], 3.0, 2.0),
            (&[-5.0, 5.0, f64::INFINITY], 5.0, 5.0),
        ];
        for (values, expected, lower) in table {
            assert_eq!((median(&mut values.to_vec()), lower_median(&mut values.to_vec())), (expected, lower));
        }
        assert!(median(&mut []).is_nan() && lower_median(&mut []).is_nan());
    }

    proptest! {
        #[test]
        fn as_many_values_lie_above_it_as_below(mut values in prop::collection::vec(-1e9..1e9_f64, 1..40)) {
            let middle = median(&mut values);
            let [below, above] = [values.iter().filter(|v| **v < middle).count(), values.iter().filter(|v| **v > middle).count()];
            prop_assert!(below <= values.len() / 2 && above <= values.len() / 2);
        }

        #[test]
        fn fewer_than_half_of_the_values_cannot_take_it_away(
            sound in prop::collection::vec(-1.0..1.0_f64, 1..20),
            sick in prop::collection::vec(1e6..1e9_f64, 0..19),
        ) {
            let mut values: Vec<f64> = sound.iter().chain(sick.iter().take(sound.len() - 1)).copied().collect();
            prop_assert!((-1.0..=1.0).contains(&median(&mut values)));
        }
    }
}

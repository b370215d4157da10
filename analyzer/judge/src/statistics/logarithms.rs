//! Numbers too large or too small to be written down, kept by their logarithms.

/// The logarithm of the mean of numbers that are given by their logarithms: of ln 1, ln 1 and ln 4 it is ln 2. None are
/// nought on the mean, whose logarithm is −∞.
pub fn ln_mean_exp(logarithms: impl ExactSizeIterator<Item = f64> + Clone) -> f64 {
    let most = logarithms.clone().fold(f64::NEG_INFINITY, f64::max);
    if most == f64::NEG_INFINITY {
        return most;
    }
    let count = logarithms.len() as f64;
    let sum: f64 = logarithms.map(|logarithm| (logarithm - most).exp()).sum();
    most + (sum / count).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_are_taken_of_the_numbers_and_not_of_their_logarithms() {
        let table: [(&[f64], f64); 5] = [
            (&[1.0, 1.0, 4.0], 2.0_f64.ln()),
            (&[3.0], 3.0_f64.ln()),
            (&[0.0, 2.0], 0.0),
            (&[0.0, 0.0], f64::NEG_INFINITY),
            (&[], f64::NEG_INFINITY),
        ];
        for (numbers, expected) in table {
            let mean = ln_mean_exp(numbers.iter().map(|number| number.ln()));
            assert!(mean == expected || (mean - expected).abs() < 1e-12, "{numbers:?} {mean}");
        }
        // e^900 cannot be written as a number.
        assert!((ln_mean_exp([900.0, 900.0].into_iter()) - 900.0).abs() < 1e-9);
    }
}

//! How well lost step time is told, in fractions of step time.

use super::delay::median;
use serde::Serialize;

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct LossError {
    /// Faults found whose loss is both known and said.
    pub faults: usize,
    pub median: Option<f64>,
    pub mean: Option<f64>,
    /// Mean of said less true: above 0 where too much is said.
    pub bias: Option<f64>,
}

impl LossError {
    /// Of each fault the true loss and the one said.
    pub fn of(pairs: impl IntoIterator<Item = (f64, f64)>) -> LossError {
        let errors: Vec<f64> = pairs.into_iter().map(|(truth, said)| said - truth).collect();
        let mut sizes: Vec<f64> = errors.iter().map(|e| e.abs()).collect();
        sizes.sort_by(f64::total_cmp);
        let mean = |values: &[f64]| (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64);
        LossError { faults: errors.len(), median: median(&sizes), mean: mean(&sizes), bias: mean(&errors) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_has_a_size_and_a_side() {
        let error = LossError::of([(0.5, 0.25), (0.25, 0.5), (0.5, 0.0)]);
        assert_eq!((error.faults, error.median, error.bias), (3, Some(0.25), Some(-0.5 / 3.0)));
        assert_eq!(LossError::of([]), LossError::default());
    }
}

//! Whether a confidence means what it says: of verdicts said at .9, nine in ten are right.

use super::ratio::Ratio;
use serde::Serialize;

const BINS: usize = 10;

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Calibration {
    /// Verdicts that said a confidence.
    pub verdicts: usize,
    /// Mean square of confidence less outcome (Brier 1950): 0 is perfect, 0.25 is what a constant .5 has.
    pub brier: Option<f64>,
    /// The bins that hold verdicts.
    pub reliability: Vec<Bin>,
}

/// Verdicts whose confidence lies in one tenth.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Bin {
    pub from: f64,
    pub to: f64,
    pub mean_confidence: f64,
    pub right: Ratio,
}

impl Calibration {
    /// Of each verdict its confidence, and whether it was right.
    pub fn of(verdicts: impl IntoIterator<Item = (f64, bool)>) -> Calibration {
        let verdicts: Vec<(f64, bool)> = verdicts.into_iter().map(|(c, right)| (c.clamp(0.0, 1.0), right)).collect();
        let outcome = |right: bool| f64::from(u8::from(right));
        let squares: f64 = verdicts.iter().map(|(c, right)| (c - outcome(*right)).powi(2)).sum();
        let brier = (!verdicts.is_empty()).then(|| squares / verdicts.len() as f64);
        let bin = |number: usize| {
            let inside: Vec<_> = verdicts.iter().filter(|(c, _)| place(*c) == number).collect();
            let mean_confidence = inside.iter().map(|(c, _)| c).sum::<f64>() / inside.len() as f64;
            let (from, to) = (number as f64 / BINS as f64, (number + 1) as f64 / BINS as f64);
            let right = Ratio::count(&inside, |(_, right)| *right);
            (!inside.is_empty()).then_some(Bin { from, to, mean_confidence, right })
        };
        Calibration { verdicts: verdicts.len(), brier, reliability: (0..BINS).filter_map(bin).collect() }
    }
}

/// The last bin holds 1 too.
fn place(confidence: f64) -> usize {
    ((confidence * BINS as f64) as usize).min(BINS - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_confidence_is_compared_with_what_came_of_it() {
        let verdicts = [(0.95, true), (0.95, true), (1.0, false), (0.2, false)];
        let found = Calibration::of(verdicts);
        assert!((found.brier.unwrap() - (0.0025 * 2.0 + 1.0 + 0.04) / 4.0).abs() < 1e-12);
        let bins: Vec<_> = found.reliability.iter().map(|b| (b.from, b.right)).collect();
        assert_eq!(bins, [(0.2, Ratio { hits: 0, of: 1 }), (0.9, Ratio { hits: 2, of: 3 })]);
        assert!((found.reliability[1].mean_confidence - 2.9 / 3.0).abs() < 1e-12);
        assert_eq!(Calibration::of([]), Calibration::default());
    }
}

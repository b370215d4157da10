//! A ratio of counts, and how far it can be trusted.

use serde::Serialize;

/// The normal quantile of a two-sided interval of 95 %.
const Z: f64 = 1.959_963_984_540_054;

/// `hits` of `of`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ratio {
    pub hits: usize,
    pub of: usize,
}

impl Ratio {
    pub fn count<T>(all: impl IntoIterator<Item = T>, is_hit: impl Fn(&T) -> bool) -> Ratio {
        all.into_iter()
            .fold(Ratio::default(), |r, one| Ratio { hits: r.hits + usize::from(is_hit(&one)), of: r.of + 1 })
    }

    /// `None` of nothing.
    pub fn value(self) -> Option<f64> {
        (self.of > 0).then(|| self.hits as f64 / self.of as f64)
    }

    /// Wilson's interval of 95 %: the true ratios under which this one is no surprise. Unlike the usual one it stays within
    /// 0 to 1 and is honest of few: of 10 hits in 10 it says .72 to 1.
    pub fn wilson(self) -> Option<(f64, f64)> {
        let (p, n) = (self.value()?, self.of as f64);
        let middle = (p + Z * Z / (2.0 * n)) / (1.0 + Z * Z / n);
        let half = Z / (1.0 + Z * Z / n) * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
        Some(((middle - half).max(0.0), (middle + half).min(1.0)))
    }
}

/// As `{hits, of, value, low, high}`.
impl Serialize for Ratio {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Shown {
            hits: usize,
            of: usize,
            value: Option<f64>,
            low: Option<f64>,
            high: Option<f64>,
        }
        let bounds = self.wilson();
        let (low, high) = (bounds.map(|b| b.0), bounds.map(|b| b.1));
        Shown { hits: self.hits, of: self.of, value: self.value(), low, high }.serialize(to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wilsons_interval_is_that_of_the_tables() {
        // Wilson 1927 by hand, as in Brown, Cai and DasGupta, Statistical Science 16, 2001.
        let check = |hits: usize, of: usize, low: f64, high: f64| {
            let (a, b) = Ratio { hits, of }.wilson().unwrap();
            assert!((a - low).abs() < 5e-4 && (b - high).abs() < 5e-4, "{hits}/{of}: {a} {b}");
        };
        check(0, 10, 0.0, 0.2775);
        check(10, 10, 0.7225, 1.0);
        check(1, 10, 0.0179, 0.4042);
        check(50, 100, 0.4038, 0.5962);
        assert_eq!(Ratio::default().wilson(), None);
    }
}

//! A line that may bend (Hinkley, Biometrika 56, 1969, for the place of the bend by least squares; Draper and Smith, Applied
//! Regression Analysis, 1998, for weighted least squares).
//!
//! ```text
//! iterations done      ╱ slope s until c        The bend is where the two lines together are nearest to the points:
//!                    ╱ ╲                        for each c the first line has its known slope and passes through the
//!         ─────────╱    slope b from c on       points before c, the second starts at its end.
//! ```

/// One point of the line. A point counts by its weight, which is one over the variance of `value`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    pub at: f64,
    pub value: f64,
    pub weight: f64,
}

/// The slope of the line through the points by weighted least squares, and the variance that their weights give it. NaN and
/// infinity where the points are fewer than two or all at one place.
pub fn slope(points: &[Point]) -> (f64, f64) {
    let weights: f64 = points.iter().map(|p| p.weight).sum();
    let mean = |of: fn(&Point) -> f64| points.iter().map(|p| p.weight * of(p)).sum::<f64>() / weights;
    let (at, value) = (mean(|p| p.at), mean(|p| p.value));
    let along: f64 = points.iter().map(|p| p.weight * (p.at - at) * (p.value - value)).sum();
    let spread: f64 = points.iter().map(|p| p.weight * (p.at - at).powi(2)).sum();
    (along / spread, 1.0 / spread)
}

/// The number of the first point after the bend, among the points from `from` on, of which `least` at either end are no
/// candidates. `before`: the slope of the first line. `None` when there is no candidate.
pub fn bend(points: &[Point], before: f64, from: usize, least: usize) -> Option<usize> {
    let candidates = from.max(least)..points.len().saturating_sub(least);
    let error = |&c: &usize| squares(points, before, c);
    candidates.min_by(|a, b| error(a).total_cmp(&error(b)))
}

/// The sum of squares, by weight, that two lines leave which meet at the last point before `bend`.
fn squares(points: &[Point], before: f64, bend: usize) -> f64 {
    let (early, late) = points.split_at(bend);
    let weight: f64 = early.iter().map(|p| p.weight).sum();
    let height = early.iter().map(|p| p.weight * (p.value - before * p.at)).sum::<f64>() / weight;
    let first: f64 = early.iter().map(|p| p.weight * (p.value - height - before * p.at).powi(2)).sum();
    let meet = early[bend - 1].at;
    let from_there = |p: &Point| (p.at - meet, p.value - (height + before * meet));
    let (along, spread) = late.iter().fold((0.0, 0.0), |(along, spread), p| {
        let (x, y) = from_there(p);
        (along + p.weight * x * y, spread + p.weight * x * x)
    });
    let after = along / spread;
    let residual = |p: &Point| {
        let (x, y) = from_there(p);
        p.weight * (y - after * x).powi(2)
    };
    first + late.iter().map(residual).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(values: &[(f64, f64)]) -> Vec<Point> {
        values.iter().map(|&(at, value)| Point { at, value, weight: 1.0 }).collect()
    }

    #[test]
    fn the_slope_is_that_of_the_nearest_line() {
        type Row<'a> = (&'a [(f64, f64)], f64, f64);
        let table: [Row<'_>; 3] = [
            (&[(0.0, 1.0), (1.0, 3.0)], 2.0, 2.0),
            (&[(0.0, 0.0), (1.0, 1.0), (2.0, 2.0)], 1.0, 0.5),
            (&[(0.0, 0.0), (1.0, 3.0), (2.0, 2.0)], 1.0, 0.5),
        ];
        for (values, expected, variance) in table {
            assert_eq!(slope(&points(values)), (expected, variance));
        }
        let mut heavy = points(&[(0.0, 0.0), (1.0, 1.0), (2.0, 0.0)]);
        heavy[2].weight = 0.0;
        assert_eq!(slope(&heavy), (1.0, 2.0), "what has no weight does not count");
        assert!(slope(&points(&[(1.0, 1.0)])).0.is_nan());
    }

    #[test]
    fn the_bend_is_found_where_it_is() {
        for at in [5, 12, 20] {
            let value = |i: usize| if i < at { i as f64 } else { at as f64 - 1.0 + (i - at + 1) as f64 * 0.6 };
            let jitter = |i: usize| if i.is_multiple_of(2) { 0.02 } else { -0.02 };
            let line: Vec<(f64, f64)> = (0..30).map(|i| (i as f64, value(i) + jitter(i))).collect();
            let found = bend(&points(&line), 1.0, 0, 3).expect("there is room");
            assert!(found.abs_diff(at) <= 1, "{found} {at}");
        }
        assert_eq!(bend(&points(&[(0.0, 0.0), (1.0, 1.0)]), 1.0, 0, 3), None);
    }
}

//! False incidents per 1,000 node-days, and what so many node-days can prove.

use serde::Serialize;

/// What is left to chance: 5 % of series of runs have a true rate above the bound.
const CHANCE: f64 = 0.05;
const PER: f64 = 1000.0;

#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct FalseRate {
    pub r#false: usize,
    /// On so many nodes times days; traces without nodes count in neither.
    pub node_days: f64,
    /// Per 1,000 node-days.
    pub rate: Option<f64>,
    /// With 95 % certainty the true rate is below it: for none in N node-days 3/N.
    pub bound: Option<f64>,
}

impl FalseRate {
    pub fn new(count: usize, node_days: f64) -> FalseRate {
        let per = |count: f64| (node_days > 0.0).then(|| count / node_days * PER);
        FalseRate { r#false: count, node_days, rate: per(count as f64), bound: per(most(count)) }
    }

    /// Of all that is said where there are `faults` per 1,000 node-days, the part that is right.
    pub fn precision_at(self, faults: f64, recall: f64) -> Option<f64> {
        precision(faults * recall, self.rate)
    }

    /// The same where false incidents are as frequent as the bound allows.
    pub fn least_precision_at(self, faults: f64, recall: f64) -> Option<f64> {
        precision(faults * recall, self.bound)
    }
}

fn precision(right: f64, wrong: Option<f64>) -> Option<f64> {
    wrong.map(|wrong| right / (right + wrong)).filter(|p| p.is_finite())
}

/// The largest mean under which so few events are no surprise (Garwood 1936): the mean μ at which a Poisson count is at most
/// `count` in 5 % of cases. 3.0 for none, 4.7 for one.
fn most(count: usize) -> f64 {
    let (mut low, mut high) = (count as f64, 2.0 * count as f64 + 20.0);
    while high - low > 1e-9 * high {
        let middle = (low + high) / 2.0;
        if at_most(count, middle) > CHANCE { low = middle } else { high = middle }
    }
    low
}

/// The chance of at least `count` events where `mean` are expected.
pub fn at_least(count: u64, mean: f64) -> f64 {
    count.checked_sub(1).map_or(1.0, |fewer| (1.0 - at_most(fewer as usize, mean)).max(0.0))
}

/// The chance of at most `count` events where `mean` are expected.
fn at_most(count: usize, mean: f64) -> f64 {
    // In logarithms: e^−mean alone is zero beyond 745.
    let mut term = -mean;
    let mut sum = term.exp();
    for n in 1..=count {
        term += (mean / n as f64).ln();
        sum += term.exp();
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_is_that_of_the_tables() {
        // Garwood, Biometrika 28, 1936: one-sided 95 %.
        for (count, expected) in [(0, 2.996), (1, 4.744), (2, 6.296), (5, 10.513), (10, 16.962), (100, 118.08)] {
            assert!((most(count) - expected).abs() < 6e-3, "{count}: {}", most(count));
        }
        assert!((most(2000) - 2075.0).abs() < 3.0, "{}", most(2000));
    }

    #[test]
    fn a_rate_needs_node_days() {
        let none = FalseRate::new(0, 30.0);
        assert_eq!(none.rate, Some(0.0));
        assert!((none.bound.unwrap() - 99.86).abs() < 0.01, "3/N: 3 in 30 node-days are 100 in 1,000");
        assert_eq!(FalseRate::new(3, 0.0).bound, None);
        assert_eq!(FalseRate::new(30, 30_000.0).precision_at(4.0, 0.75), Some(0.75));
        assert_eq!(none.precision_at(4.0, 0.0), None, "nothing is said");
        assert_eq!(none.precision_at(4.0, 0.5), Some(1.0));
        assert!((none.least_precision_at(4.0, 0.5).unwrap() - 2.0 / 101.86).abs() < 1e-4, "so few days prove little");
    }
}

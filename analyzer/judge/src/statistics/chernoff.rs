//! Chernoff's bound (1952): how small the chance is that something happens so often by chance.
//!
//! Of n independent readings, each of which sees an event with a probability of at most q, the part that sees it is p or
//! more with a probability of at most
//!
//! ```text
//! e^(−n · D(p ‖ q)),   D(p ‖ q) = p ln(p / q) + (1 − p) ln((1 − p) / (1 − q))
//! ```
//! The exponent n · D is the evidence in nats: 6.9 nats are one chance in a thousand, 18.4 one in a hundred million.
//! Example: a queue is seen in 16 of 20 readings of a link that is busy for 30 % of the time. D(0.8 ‖ 0.3) = 0.534, and the
//! evidence is 10.7 nats: one chance in 43,600.

/// A probability of nought would make any event proof; no link is idle for certain.
const LEAST: f64 = 1e-9;

/// The evidence in nats that an event which may be seen in the part `may` of the readings is seen in more of them, when
/// the part `seen` of `readings` saw it. 0 where it is seen no more often than it may be.
pub fn chernoff_nats(readings: f64, seen: f64, may: f64) -> f64 {
    if seen <= may {
        return 0.0;
    }
    let term = |p: f64, q: f64| if p > 0.0 { p * (p / q.max(LEAST)).ln() } else { 0.0 };
    readings * (term(seen, may) + term(1.0 - seen, 1.0 - may))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_evidence_grows_with_the_readings_and_with_the_difference() {
        let table = [
            (20.0, 0.8, 0.3, 10.68),
            (40.0, 0.8, 0.3, 21.36),
            (20.0, 0.4, 0.3, 0.45),
            (20.0, 0.3, 0.3, 0.0),
            (20.0, 0.1, 0.3, 0.0),
            (10.0, 1.0, 0.5, 6.93),
        ];
        for (readings, seen, may, expected) in table {
            assert!((chernoff_nats(readings, seen, may) - expected).abs() < 0.01, "{readings} {seen} {may}");
        }
    }

    /// The probability that `from` or more of n readings see what each sees with a probability of q.
    fn tail(n: u32, from: u32, q: f64) -> f64 {
        let choose = |k: u32| (0..k).map(|i| f64::from(n - i) / f64::from(k - i)).product::<f64>();
        (from..=n).map(|k| choose(k) * q.powi(k as i32) * (1.0 - q).powi((n - k) as i32)).sum()
    }

    proptest! {
        #[test]
        fn chance_is_never_greater_than_it_says(n in 1..40_u32, seen in 0.0..1.0_f64, may in 0.01..0.99_f64) {
            let count = (seen * f64::from(n)).round() as u32;
            let nats = chernoff_nats(f64::from(n), f64::from(count) / f64::from(n), may);
            prop_assert!(nats >= 0.0 && tail(n, count, may) <= (-nats).exp() * (1.0 + 1e-9));
        }
    }
}

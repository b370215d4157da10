//! When the simulated collectors are due to read: evenly, each tenth of a second, or as real ones do (`weft_wire::instants`).

use weft_wire::instants::{fuller_part, reading_ns};

/// The periods of the two tiers, ns.
const FAST_NS: i64 = 100_000_000;
const NORMAL_NS: i64 = 1_000_000_000;
const FAST_A_NORMAL: u64 = 10;
const FAST_S: f64 = 0.1;

/// A reading that is due.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Due {
    /// True time, seconds since the start.
    pub at_s: f64,
    /// It reads the normal tier too.
    pub normal: bool,
}

#[derive(Clone, Copy, Debug)]
pub enum Instants {
    /// At whole tenths of a second after the start.
    Even,
    /// One in each period of the wall clock, of so many ns; the simulation starts then, ns since the epoch.
    Dithered { period_ns: i64, start_ns: i64 },
}

impl Instants {
    /// `fast`: the fast tier is read too.
    pub fn new(start_ns: i64, fast: bool, dither: bool) -> Instants {
        let period_ns = if fast { FAST_NS } else { NORMAL_NS };
        if dither { Instants::Dithered { period_ns, start_ns } } else { Instants::Even }
    }

    /// The reading with this number, from 0 on.
    pub fn due(self, number: u64) -> Due {
        match self {
            Instants::Even => Due { at_s: number as f64 * FAST_S, normal: number.is_multiple_of(FAST_A_NORMAL) },
            Instants::Dithered { period_ns, start_ns } => {
                let period = start_ns.div_euclid(period_ns) + number as i64;
                let at_s = (reading_ns(period, period_ns) - start_ns) as f64 / NORMAL_NS as f64;
                let ticks = NORMAL_NS / period_ns;
                let normal = period.rem_euclid(ticks) == fuller_part(period.div_euclid(ticks), ticks);
                Due { at_s, normal }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_second_has_one_reading_of_the_normal_tier() {
        let start_ns = 1_767_225_600 * NORMAL_NS;
        for (fast, dither) in [(true, false), (true, true), (false, true)] {
            let instants = Instants::new(start_ns, fast, dither);
            let due = (0..10_000).map(|number| instants.due(number)).take_while(|due| due.at_s < 100.0);
            let normal: Vec<i64> = due.filter(|due| due.normal).map(|due| due.at_s as i64).collect();
            assert_eq!(normal, (0..100).collect::<Vec<_>>(), "{fast} {dither}");
        }
    }

    #[test]
    fn even_readings_come_at_tenths_of_a_second() {
        let even = |number| Instants::Even.due(number);
        assert_eq!(even(7), Due { at_s: 7.0 * 0.1, normal: false });
        assert_eq!(even(20), Due { at_s: 2.0, normal: true });
    }
}

//! Stamps are ns since 1970. What is plainly something else (seconds, ms, µs, or a clock that was never set) lands decades
//! away from every fabric, and would look like "no data" or "all well" if it were taken in.

use jiff::Timestamp;
use std::ops::Range;

/// 2000-01-01 to 2100-01-01. No fabric that weft knows is older, and no unit but ns lands between them.
pub const CREDIBLE_NS: Range<i64> = 946_684_800_000_000_000..4_102_444_800_000_000_000;

const UNITS: [(&str, i64); 4] =
    [("seconds", 1_000_000_000), ("milliseconds", 1_000_000), ("microseconds", 1000), ("units of 100 ns", 100)];

/// What a stamp that is no ns since 1970 seems to be, and how to mend it; `None`: it is credible.
pub fn wrong(ts: i64) -> Option<Wrong> {
    if CREDIBLE_NS.contains(&ts) {
        return None;
    }
    let seems = |(unit, factor): &(&'static str, i64)| {
        ts.checked_mul(*factor).is_some_and(|ns| CREDIBLE_NS.contains(&ns)).then_some((*unit, *factor))
    };
    Some(Wrong { ts, unit: UNITS.iter().find_map(seems) })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wrong {
    ts: i64,
    /// The unit under which it would be a time of our days, and how many ns it has.
    unit: Option<(&'static str, i64)>,
}

impl Wrong {
    /// What was read.
    pub fn what(&self) -> String {
        let date =
            Timestamp::from_nanosecond(i128::from(self.ts)).map_or_else(|_| "no date".to_owned(), |t| t.to_string());
        let seems = self.unit.map(|(unit, _)| format!("; it seems to be {unit}")).unwrap_or_default();
        format!("{}, which as ns since 1970 is {date}{seems}", self.ts)
    }

    pub fn mend(&self) -> String {
        match self.unit {
            Some((_, factor)) => format!("write integer ns since 1970: multiply by {factor}"),
            None => "write integer ns since 1970 (a time of today has 19 digits)".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_unit_is_recognised_and_ns_are_not() {
        // 2024-05-17T12:00:00Z
        let ns = 1_715_947_200_000_000_000;
        assert_eq!(wrong(ns), None);
        for (by, unit) in [(1_000_000_000, "seconds"), (1_000_000, "milliseconds"), (1000, "microseconds")] {
            let found = wrong(ns / by).unwrap();
            assert!(found.what().contains(&format!("it seems to be {unit}")), "{}", found.what());
            assert!(found.what().contains("which as ns since 1970 is 1970-01-"), "{}", found.what());
            assert_eq!(found.mend(), format!("write integer ns since 1970: multiply by {by}"));
        }
    }

    #[test]
    fn neither_zero_nor_the_far_future_is_a_time() {
        for ts in [i64::MIN, -1, 0, 1, 300_000_000_000, CREDIBLE_NS.start - 1, CREDIBLE_NS.end, i64::MAX] {
            let found = wrong(ts).unwrap();
            assert!(!found.what().contains("seems") && found.mend().contains("19 digits"), "{ts}: {}", found.what());
        }
        assert_eq!((wrong(CREDIBLE_NS.start), wrong(CREDIBLE_NS.end - 1)), (None, None));
    }
}

//! How a fault comes: at once, little by little, or now and then.
//!
//! ```text
//! sudden        ▁▁▁████████████▁▁▁    full strength from `at_s` to the end
//! creeping      ▁▁▁▁▂▃▄▅▆▇████▁▁▁    grows evenly over the first two thirds, in steps of a second
//! intermittent  ▁▁▁███▁▁▁███▁▁▁███    full strength for 4 of every 12 seconds
//! ```

use serde::Deserialize;

/// A creeping fault has its full strength after this part of its time.
const GROWS_FOR: f64 = 2.0 / 3.0;
/// An intermittent fault is there for so many seconds …
const ON_S: f64 = 4.0;
/// … of so many.
const EVERY_S: f64 = 12.0;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Course {
    #[default]
    Sudden,
    Creeping,
    Intermittent,
}

impl Course {
    /// The strength of a fault that began `since` seconds ago and lasts `lasts`; 0 while it is away.
    ///
    /// A creeping fault of strength 0.6 that lasts 90 s has 0.01 more each second: 0.3 after 30 s, 0.6 after 60 s.
    pub fn strength(self, full: f64, since: f64, lasts: f64) -> f64 {
        match self {
            Course::Sudden => full,
            Course::Creeping => full * ((since.floor() + 1.0) / (GROWS_FOR * lasts)).min(1.0),
            Course::Intermittent if since % EVERY_S < ON_S => full,
            Course::Intermittent => 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_creeping_fault_grows_evenly_to_its_full_strength() {
        let at = |since| Course::Creeping.strength(0.6, since, 90.0);
        for (since, expected) in [(0.0, 0.01), (29.5, 0.3), (59.0, 0.6), (89.0, 0.6)] {
            assert!((at(since) - expected).abs() < 1e-9, "{since}: {}", at(since));
        }
    }

    #[test]
    fn an_intermittent_fault_is_there_a_third_of_the_time() {
        let there = (0..1200).filter(|tenth| Course::Intermittent.strength(0.5, f64::from(*tenth) / 10.0, 120.0) > 0.0);
        assert_eq!(there.count(), 400);
    }
}

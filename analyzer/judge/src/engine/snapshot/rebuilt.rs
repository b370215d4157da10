//! Ticks that come once more after a restart, and have been judged already.
//!
//! ```text
//! snapshot of tick 100      ticks given: 40 41 … 99 100 101 102      left: 40 to 100      judged: from 101 on
//! snapshot of tick 100      ticks given: 40 41 12 13                 left: 40, 41         judged: from 12 on
//! ```
//! The second row is a clock of the data that was set back during the restart: ticks that come again come in order, so
//! one that is not above the one before it is new.

#[derive(Clone, Copy, Debug, Default)]
pub struct Rebuilt {
    /// The tick of the snapshot; `None` when all that comes is new.
    through: Option<i64>,
    newest: Option<i64>,
}

impl Rebuilt {
    pub fn through(tick: i64) -> Rebuilt {
        Rebuilt { through: Some(tick), newest: None }
    }

    /// Whether this tick, the next one that is given, has been judged before the restart.
    pub fn holds(&mut self, tick: i64) -> bool {
        let is_set_back = self.newest.replace(tick).is_some_and(|newest| tick <= newest);
        self.through = self.through.filter(|&through| tick <= through && !is_set_back);
        self.through.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(rebuilt: Rebuilt, ticks: &[i64], expected: &[i64]) {
        let mut rebuilt = rebuilt;
        let left: Vec<i64> = ticks.iter().copied().filter(|&tick| rebuilt.holds(tick)).collect();
        assert_eq!(left, expected, "{ticks:?}");
    }

    #[test]
    fn ticks_up_to_the_snapshot_are_left_until_one_is_new() {
        check(Rebuilt::default(), &[1, 2, 1], &[]);
        check(Rebuilt::through(5), &[3, 5, 6, 7], &[3, 5]);
        check(Rebuilt::through(5), &[6, 4, 5], &[]);
        check(Rebuilt::through(5), &[3, 4, 1, 2, 5], &[3, 4]);
    }
}

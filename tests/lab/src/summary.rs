//! What a run came to: how many rounds were right, and the figures beside them.

use crate::judge;
use crate::verdict::Row;
use std::fmt;

/// The median from injection to the webhook that a run is to keep to in each pass, s: the goal of `make lab`.
const PROMPT_S: f64 = 5.0;
/// A fault that costs the job less than this fraction of its step time is too small to be judged by what is said of it.
const CHEAP: f64 = 0.05;

pub struct Summary {
    rounds: usize,
    right: usize,
    /// Rounds whose lost time was said within the judge's tolerance.
    near: usize,
    /// Rounds whose fault cost less than [`CHEAP`], or a cost that could not be measured.
    pub cheap: usize,
    /// Median seconds to the webhook, by pass; `None` when no round of the pass was named.
    medians_s: Vec<Option<f64>>,
}

impl Summary {
    pub fn of(rows: &[Row], passes: &[&str]) -> Summary {
        let count = |holds: fn(&Row) -> bool| rows.iter().filter(|row| holds(row)).count();
        let seconds = |pass: &str| rows.iter().filter(|r| r.pass == pass).filter_map(|r| r.seconds).collect();
        Summary {
            rounds: rows.len(),
            right: count(|r| r.ok),
            near: count(|r| judge::agrees(r.lost_said, r.lost_measured)),
            cheap: count(|r| r.lost_measured.is_none_or(|lost| lost < CHEAP)),
            medians_s: passes.iter().map(|pass| judge::median(seconds(pass))).collect(),
        }
    }

    /// Every part and class named, nothing else accused.
    pub fn all_right(&self) -> bool {
        self.rounds > 0 && self.right == self.rounds
    }

    pub fn lost_time_is_near(&self) -> bool {
        self.near == self.rounds
    }

    pub fn is_prompt(&self) -> bool {
        self.medians_s.iter().all(|median| median.is_some_and(|s| s <= PROMPT_S))
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Summary { rounds, right, near, cheap, medians_s } = self;
        let medians: Vec<String> =
            medians_s.iter().map(|m| m.map_or_else(|| "—".into(), |s| format!("{s:.1}"))).collect();
        write!(f, "{right} of {rounds} right, median {} s to the webhook, ", medians.join(" and "))?;
        write!(f, "lost time near in {near}, {cheap} cost less than 5 %")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Expected;

    fn row(ok: bool, seconds: f64, said: f64, measured: f64) -> Row {
        Row {
            pass: "bytes".into(),
            fault: "link_down".into(),
            expected: Expected { class: "link_down".into(), device: "h1".into(), port: "eth1".into() },
            named: None,
            seconds: Some(seconds),
            lost_said: Some(said),
            lost_measured: Some(measured),
            false_alerts: Vec::new(),
            ok,
        }
    }

    #[test]
    fn figures_stand_apart_from_what_is_right() {
        // All named right, but under load: one lost time is far off, and the median is late.
        let loaded = [row(true, 9.0, 0.3, 0.1), row(true, 8.0, 0.5, 0.5), row(true, 2.0, 0.1, 0.1)];
        let summary = Summary::of(&loaded, &["bytes"]);
        assert!(summary.all_right() && !summary.lost_time_is_near() && !summary.is_prompt());
        let text = "3 of 3 right, median 8.0 s to the webhook, lost time near in 2, 0 cost less than 5 %";
        assert_eq!(summary.to_string(), text);
        assert!(!Summary::of(&[row(false, 2.0, 0.1, 0.1)], &["bytes"]).all_right());
    }

    #[test]
    fn a_run_without_a_round_or_a_name_is_neither_right_nor_prompt() {
        let none = Summary::of(&[], &["bytes"]);
        assert!(!none.all_right() && !none.is_prompt());
    }
}

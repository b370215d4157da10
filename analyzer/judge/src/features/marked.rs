//! Whether a job stands still, by the marks of its loop: none has come for two steps, its ports tell that they send nothing, and some
//! ranks have computed less than the others.
//!
//! ```text
//! last mark of computing   rank 0   step 120, ended at 17.2 s
//!                          rank 1   step 120, ended at 17.3 s
//!                          rank 2   step 119, ended at 15.6 s     has not begun step 120, and no mark has come for 8 s
//! ```
//! A rank marks what it has done. One that computes the same step as the others but ended by a tenth of a step earlier has done a
//! part of the step less: such loops compute and communicate several times a step.
//!
//! The longest stand that ended by itself is kept with the job, for it was no hang. Example: every 1,000 steps rank 0 evaluates for
//! 30 s while the others wait for it in the next collective; after the first time a stand of 30 s is not told any more.

use super::{JobState, RankMarks};
use crate::features::pace::WIDTH;
use crate::statistics::median;
use serde::{Deserialize, Serialize};

/// Ranks that make a majority that can be told from one of them.
const LEAST_RANKS: usize = 3;
/// Of a step, by how much earlier a rank's computing ended that has done a part less: computing itself differs by a few hundredths.
const EARLIER: f64 = 0.1;
/// Steps without a mark until the job stands still: the marks of a step come in one after the other within one, and then those of the next.
const MOVES: f64 = 2.0;
/// Of the bytes that the job usually sends a second, what it sends at most while it stands still.
const STILL: f64 = WIDTH;
/// Readings of the rate that is looked at: as many as make one (`features/job.rs`).
const RATE_READINGS: i64 = 3;

/// The stand of a job by its marks.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Marked {
    /// For how long the job has stood still, ns; 0 while it moves.
    stood_ns: i64,
    /// The longest stand that it has come out of, ns.
    longest_ns: i64,
    /// Bytes a second that it sent before its marks stopped. Kept, for the ticks from before leave the memory in a long stand.
    usual: Option<f64>,
}

/// A rank that has marked computing of late.
pub struct Ran<'a> {
    pub rank: &'a RankMarks,
    /// It has computed less than the others.
    pub is_behind: bool,
}

impl JobState {
    /// The age of the newest mark, where the loop has sent marks and none for two steps.
    pub fn unmarked_ns(&self, now_ns: i64) -> Option<i64> {
        let (step_ns, age_ns) = (self.step_ns()?, now_ns - self.marked_ns);
        (age_ns as f64 > MOVES * step_ns).then_some(age_ns)
    }

    /// Whether the job sends more than connections do that are merely kept alive. `None` where its ports have not told their bytes of
    /// late: nobody knows then whether it goes on. `interval_ns`: at which they are read.
    pub fn sends(&self, now_ns: i64, interval_ns: i64) -> Option<bool> {
        let now = self.rate_between(now_ns - RATE_READINGS * interval_ns, now_ns)?;
        match self.marked.usual {
            Some(usual) => Some(now > STILL * usual),
            None => (now == 0.0).then_some(false),
        }
    }

    /// Ranks enough mark their computing for one to be told from most.
    pub fn has_majority(&self) -> bool {
        self.ranks.len() >= LEAST_RANKS
    }

    /// The ranks that have marked computing of late: one that was left behind for longer marks nothing any more. `None` where they are
    /// too few for a majority.
    pub fn ran(&self) -> Option<Vec<Ran<'_>>> {
        let step_ns = self.step_ns().filter(|_| self.has_majority())?;
        let last = || self.ranks.values().filter_map(|rank| Some((rank, *rank.compute.back()?)));
        let newest = last().map(|(_, last)| last.0).max()?;
        let mut ends: Vec<f64> = last().filter(|(_, last)| last.0 == newest).map(|(_, last)| last.2 as f64).collect();
        let usual_ns = median(&mut ends);
        let is_behind = |last: (i64, i64, i64)| last.0 < newest || (last.2 as f64) < usual_ns - EARLIER * step_ns;
        let running = last().filter(|(_, last)| last.0 >= newest - 1);
        Some(running.map(|(rank, last)| Ran { rank, is_behind: is_behind(last) }).collect())
    }

    /// By its marks the job stands still in the midst of a step.
    pub fn is_left_standing(&self) -> bool {
        self.marked.stood_ns > 0
    }

    /// The longest stand by marks that the job has come out of, s.
    pub fn longest_marked_s(&self) -> f64 {
        self.marked.longest_ns as f64 / 1e9
    }

    /// Ticks since the newest mark in which the job's ports told their bytes.
    pub fn told_since_mark(&self) -> usize {
        self.progress.iter().rev().take_while(|progress| progress.start_ns >= self.marked_ns).count()
    }

    pub(super) fn update_marked(&mut self, now_ns: i64, interval_ns: i64) {
        let Some(age_ns) = self.unmarked_ns(now_ns) else {
            let Marked { stood_ns, longest_ns, .. } = self.marked;
            self.marked = Marked { longest_ns: longest_ns.max(stood_ns), ..Marked::default() };
            return;
        };
        if self.marked.usual.is_none() {
            self.marked.usual = self.baseline(self.marked_ns, &Default::default());
        }
        let is_behind = || self.ran().is_some_and(|ran| ran.iter().any(|ran| ran.is_behind));
        if self.sends(now_ns, interval_ns) == Some(false) && is_behind() {
            self.marked.stood_ns = age_ns;
        }
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::fabric::StepMark;
    use crate::features::Progress;

    const SECOND: i64 = 1_000_000_000;

    /// Four hosts `h0` to `h3` of one rank each that mark steps of a second, tick by tick. `moves`: whether they do in this second; in the
    /// first in which they do not, `h3` has not computed. `bytes`: what the job sends in this second; `None` where nobody tells.
    pub fn job(seconds: i64, moves: impl Fn(i64) -> bool, bytes: impl Fn(i64) -> Option<f64>) -> JobState {
        let (mut job, mut step) = (JobState::default(), 0);
        for second in 0..seconds {
            let is_first = second > 0 && moves(second - 1) && !moves(second);
            let ranks = if moves(second) { 4 } else { 3 * i32::from(is_first) };
            for rank in 0..ranks {
                let (start_ns, device) = (second * SECOND, format!("h{rank}"));
                let (job_name, phase) = ("train".to_owned(), "compute".to_owned());
                job.add_mark(&StepMark {
                    job: job_name,
                    rank,
                    device,
                    step,
                    phase,
                    start_ns,
                    end_ns: start_ns + SECOND / 2,
                });
            }
            step += i64::from(moves(second));
            if let Some(bytes) = bytes(second) {
                job.add_progress(Progress { start_ns: second * SECOND, length_ns: SECOND, bytes, coverage: 1.0 });
            }
            job.update_marked((second + 1) * SECOND, SECOND);
        }
        job
    }

    #[test]
    fn the_longest_stand_by_marks_that_ended_is_kept() {
        let moves = |second: i64| !(30..42).contains(&second);
        let sent = |second: i64| Some(if moves(second) { 1e9 } else { 0.0 });
        let stands = job(42, moves, sent);
        assert_eq!((stands.is_left_standing(), stands.longest_marked_s()), (true, 0.0), "it lasts");
        let over = job(50, moves, sent);
        assert!(
            !over.is_left_standing() && (over.longest_marked_s() - 11.5).abs() < 1e-9,
            "{}",
            over.longest_marked_s()
        );
        let goes_on = job(50, moves, |_| Some(1e9));
        assert_eq!(goes_on.longest_marked_s(), 0.0, "only the marks were missing");
    }

    #[test]
    fn who_tells_no_bytes_does_not_stand_and_what_was_usual_is_known_for_long() {
        let moves = |second: i64| second < 30;
        let silent = job(50, moves, |second| moves(second).then_some(1e9));
        assert_eq!((silent.sends(50 * SECOND, SECOND), silent.is_left_standing()), (None, false));
        let kept_alive = job(400, moves, |second| Some(if moves(second) { 1e9 } else { 1e6 }));
        assert_eq!((kept_alive.sends(400 * SECOND, SECOND), kept_alive.is_left_standing()), (Some(false), true));
    }
}

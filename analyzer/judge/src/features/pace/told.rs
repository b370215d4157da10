//! What is known of the pace of each job at a moment, for those who ask and do not judge: SQL, the page, a metric.

use super::{JobPace, Line, NotFound};
use crate::features::{Features, JobState};
use serde::{Deserialize, Serialize};

/// The pace of one job after a tick.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobStep {
    pub job: String,
    /// The end of the tick, event time.
    pub ts_ns: i64,
    /// By what the iterations are counted: the loop's own `marks`, the `levels` of its bytes; empty where they are not known.
    pub known_by: String,
    /// Why no length of an iteration is told; empty where it is.
    pub reason: String,
    /// The length of an iteration now, and the shortest that was held for 16 iterations, s. None now while the job stands still.
    pub step_time_s: Option<f64>,
    pub usual_step_time_s: Option<f64>,
    /// The part of the step time that is lost against the usual one, 0 to 1, and its standard error. All of it, 1, while the job stands still in
    /// the midst of an iteration; not told while it stands between two, as in a checkpoint.
    pub lost_step_time: Option<f64>,
    pub lost_error: Option<f64>,
    /// Since when the job is slower than usual by 3 % or more, event time.
    pub slow_since_ns: Option<i64>,
    /// By marks the number of the last step; by levels the iterations since the bytes of one are known.
    pub steps: Option<f64>,
}

impl Features {
    /// Of each job that runs, in order of the plan.
    pub fn job_steps(&self) -> Vec<JobStep> {
        let jobs = self.topology.jobs.iter().zip(&self.jobs);
        let running = jobs.filter(|(plan, _)| plan.runs_at(self.now_ns));
        let interval_ns = self.tick_ns.max(self.bin_ns);
        running
            .map(|(plan, state)| state.pace.told(&plan.name, self.now_ns, state.halt(self.now_ns, interval_ns)))
            .collect()
    }
}

/// Why no step goes on now.
struct Halt {
    reason: String,
    /// In the midst of an iteration, so that all of the time is lost.
    is_in_midst: bool,
}

impl JobState {
    /// By the marks where the loop sends any, else by the levels: `None` while the job goes on.
    fn halt(&self, now_ns: i64, interval_ns: i64) -> Option<Halt> {
        if self.pace.by_marks.is_none() {
            return self.pace.halt();
        }
        let age_s = self.unmarked_ns(now_ns)? as f64 / 1e9;
        if self.sends(now_ns, interval_ns) != Some(false) {
            let reason = format!("no step mark has come for {age_s:.0} s");
            return Some(Halt { reason, is_in_midst: false });
        }
        let is_in_midst = self.is_left_standing() || self.pace.halt().is_some_and(|halt| halt.is_in_midst);
        Some(Halt::stands(age_s, is_in_midst))
    }
}

impl Halt {
    fn stands(stood_s: f64, is_in_midst: bool) -> Halt {
        let place = if is_in_midst { "in the midst of an iteration" } else { "between two iterations" };
        Halt { reason: format!("it has stood still {place} for {stood_s:.0} s"), is_in_midst }
    }
}

impl JobPace {
    /// By levels: a stand that is longer than an iteration.
    fn halt(&self) -> Option<Halt> {
        let (still, _) = self.still().filter(|(still, _)| still.iterations() > 1.0)?;
        Some(Halt::stands(still.last_s - still.since_s, still.is_in_midst()))
    }

    fn told(&self, job: &str, now_ns: i64, halt: Option<Halt>) -> JobStep {
        let line = Some(self.line()).filter(|line| line.pace().is_some());
        let known_by = match (line.is_some(), self.by_marks.is_some()) {
            (false, _) => "",
            (true, true) => "marks",
            (true, false) => "levels",
        };
        let usual_step_time_s = line.and_then(Line::usual_pace).map(|pace| 1.0 / pace);
        let step_time_s = line.and_then(Line::pace).map(|pace| 1.0 / pace);
        let slow = self.slow();
        let halt = halt.filter(|_| line.is_some());
        let lost = step_time_s.zip(usual_step_time_s).map(|(now, usual)| (1.0 - usual / now).max(0.0));
        let error = slow.and_then(|(since_ns, _)| self.line().lost(self.seconds(since_ns), self.seconds(now_ns)));
        let reason = if line.is_some() { String::new() } else { self.unknown().to_owned() };
        let (reason, step_time_s, lost_step_time, error) = match halt {
            Some(halt) => (halt.reason, None, halt.is_in_midst.then_some(1.0), None),
            None => (reason, step_time_s, lost, error),
        };
        JobStep {
            job: job.to_owned(),
            ts_ns: now_ns,
            known_by: known_by.to_owned(),
            reason,
            step_time_s,
            usual_step_time_s,
            lost_step_time,
            lost_error: error.map(|(_, error)| error),
            slow_since_ns: slow.map(|(since_ns, _)| since_ns),
            steps: line.and_then(Line::level),
        }
    }

    /// Why iterations are not counted.
    fn unknown(&self) -> &'static str {
        match self.not_found() {
            None => "iterations have been counted for too short a time",
            Some(NotFound::InStep) => "its iterations come in step with the readings",
            Some(NotFound::NoLevels) => "its bytes show no levels so far, and it sends no step marks",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{FROM_S, Story, simulated};
    use super::*;

    /// What is told after so many seconds of a story.
    fn told(story: Story, seconds: f64) -> JobStep {
        let (pace, now_ns) = (simulated(story, seconds as u32), (seconds * 1e9) as i64);
        let state = JobState { pace, ..JobState::default() };
        state.pace.told("train", now_ns, state.halt(now_ns, 1_000_000_000))
    }

    #[test]
    fn a_slower_job_is_told_with_its_loss_and_since_when() {
        let slower = told(Story::LateHost(0.12), FROM_S + 120.0);
        let close =
            |value: Option<f64>, expected: f64, by: f64| value.is_some_and(|value| (value - expected).abs() < by);
        assert_eq!((&*slower.known_by, &*slower.reason), ("levels", ""));
        assert!(
            close(slower.usual_step_time_s, 1.6, 0.03) && close(slower.step_time_s, 1.6 / 0.88, 0.05),
            "{slower:?}"
        );
        assert!(close(slower.lost_step_time, 0.12, 0.02) && slower.lost_error.is_some_and(|e| e < 0.02), "{slower:?}");
        assert!(close(slower.slow_since_ns.map(|ns| ns as f64 / 1e9), FROM_S, 12.0), "{slower:?}");
        let sound = told(Story::Healthy, 150.0);
        assert!(close(sound.lost_step_time, 0.0, 0.03) && sound.slow_since_ns.is_none(), "{sound:?}");
        assert!(sound.steps.is_some_and(|steps| steps > 60.0), "{sound:?}");
    }

    #[test]
    fn a_job_that_stands_still_has_no_step_time_and_loses_all_of_it_in_the_midst_of_an_iteration() {
        let hangs = told(Story::Hang(60.0), FROM_S + 30.0);
        assert_eq!((hangs.step_time_s, hangs.lost_step_time, &*hangs.known_by), (None, Some(1.0), "levels"));
        assert!(hangs.usual_step_time_s.is_some_and(|usual| (usual - 1.6).abs() < 0.03), "{hangs:?}");
        assert!(hangs.reason.starts_with("it has stood still in the midst of an iteration for 2"), "{hangs:?}");
        let pauses = told(Story::Pause(60.0), FROM_S + 30.0);
        assert_eq!((pauses.step_time_s, pauses.lost_step_time), (None, None));
        assert!(pauses.reason.starts_with("it has stood still between two iterations for"), "{pauses:?}");
    }

    #[test]
    fn by_marks_too() {
        let told = |moves: fn(i64) -> bool, bytes: fn(i64) -> Option<f64>| {
            let mut state = crate::features::job_by_marks(60, moves, bytes);
            let JobState { pace, steps, .. } = &mut state;
            pace.update_marks(steps);
            let told = state.pace.told("train", 60_000_000_000, state.halt(60_000_000_000, 1_000_000_000));
            (told.known_by, told.reason, told.step_time_s, told.lost_step_time)
        };
        let goes_on = told(|_| true, |_| Some(1e9));
        assert_eq!((&*goes_on.1, goes_on.3), ("", Some(0.0)), "{goes_on:?}");
        let reason = "it has stood still in the midst of an iteration for 10 s";
        let hangs = told(|second| second < 50, |second| Some(if second < 50 { 1e9 } else { 0.0 }));
        assert_eq!((&*hangs.1, hangs.2, hangs.3), (reason, None, Some(1.0)));
        let unmarked = told(|second| second < 50, |_| Some(1e9));
        assert_eq!((&*unmarked.1, unmarked.2, unmarked.3), ("no step mark has come for 10 s", None, None));
    }

    #[test]
    fn what_is_not_known_says_why() {
        let early = told(Story::Healthy, 20.0);
        assert_eq!((early.step_time_s, early.lost_step_time, early.steps), (None, None, None));
        assert_eq!(early.reason, "its bytes show no levels so far, and it sends no step marks");
    }
}

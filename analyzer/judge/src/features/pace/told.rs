//! What is known of the pace of each job at a moment, for those who ask and do not judge: SQL, the page, a metric.

use super::{JobPace, Line, NotFound};
use crate::features::Features;
use serde::{Deserialize, Serialize};

/// The pace of one job after a tick.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobStep {
    pub job: String,
    /// The end of the tick, event time.
    pub ts_ns: i64,
    /// By what the iterations are counted: the loop's own `marks`, the `levels` of its bytes; empty where they are not known.
    pub known_by: String,
    /// Why they are not known; empty where they are.
    pub reason: String,
    /// The length of an iteration now, and the shortest that was held for 16 iterations, s.
    pub step_time_s: Option<f64>,
    pub usual_step_time_s: Option<f64>,
    /// The part of the step time that is lost against the usual one, 0 to 1, and its standard error.
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
        running.map(|(plan, state)| state.pace.told(&plan.name, self.now_ns)).collect()
    }
}

impl JobPace {
    fn told(&self, job: &str, now_ns: i64) -> JobStep {
        let line = Some(self.line()).filter(|line| line.pace().is_some());
        let known_by = match (line.is_some(), self.by_marks.is_some()) {
            (false, _) => "",
            (true, true) => "marks",
            (true, false) => "levels",
        };
        let usual_step_time_s = line.and_then(Line::usual_pace).map(|pace| 1.0 / pace);
        let step_time_s = line.and_then(Line::pace).map(|pace| 1.0 / pace);
        let slow = self.slow();
        let lost = step_time_s.zip(usual_step_time_s).map(|(now, usual)| (1.0 - usual / now).max(0.0));
        let error = slow.and_then(|(since_ns, _)| self.line().lost(self.seconds(since_ns), self.seconds(now_ns)));
        JobStep {
            job: job.to_owned(),
            ts_ns: now_ns,
            known_by: known_by.to_owned(),
            reason: if line.is_some() { String::new() } else { self.unknown().to_owned() },
            step_time_s,
            usual_step_time_s,
            lost_step_time: lost,
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
        simulated(story, seconds as u32).told("train", (seconds * 1e9) as i64)
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
    fn what_is_not_known_says_why() {
        let early = told(Story::Healthy, 20.0);
        assert_eq!((early.step_time_s, early.lost_step_time, early.steps), (None, None, None));
        assert_eq!(early.reason, "its bytes show no levels so far, and it sends no step marks");
    }
}

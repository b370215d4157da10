//! A job that is slower than it was, and no part that is known to be in trouble explains that.
//!
//! The fact is about the job, and so is the incident: it accuses no part. What explains the loss later takes its place
//! (`diagnose/unexplained.rs`).

use super::words::seconds;
use super::{Class, Evidence, KindOfFact, Query, Shown};
use crate::fabric::PortRef;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobSlow {
    /// The part of the step time that the job loses against its usual pace, 0 to 1.
    pub lost: f64,
    /// The usual length of an iteration, s.
    pub usual_s: f64,
}

impl JobSlow {
    /// The length of an iteration now, s.
    fn now_s(&self) -> f64 {
        self.usual_s / (1.0 - self.lost).max(0.01)
    }
}

impl KindOfFact for JobSlow {
    const CLASS: Class = Class::JOB;

    fn evidence(&self) -> Evidence {
        Evidence::new("iteration_s", (self.now_s(), "s an iteration"), (self.usual_s, "usual"))
    }

    fn claim(&self, is_over: bool) -> String {
        let [now, usual] = [self.now_s(), self.usual_s].map(seconds);
        let takes = if is_over { "took" } else { "takes" };
        format!("an iteration {takes} {now}, usually {usual}")
    }

    fn verdict(&self, _: Option<&PortRef>, is_over: bool) -> String {
        format!("{}; no part that is known to be in trouble explains that", self.claim(is_over))
    }

    fn query(&self, shown: &Shown<'_>) -> Query {
        Query::of_job(shown)
    }

    fn amount(&self) -> f64 {
        self.lost
    }

    fn lost(&self) -> Option<f64> {
        Some(self.lost)
    }

    fn at_most(&self) -> f64 {
        self.lost
    }

    #[cfg(test)]
    fn sample() -> JobSlow {
        JobSlow { lost: 0.2, usual_s: 1.6 }
    }
}

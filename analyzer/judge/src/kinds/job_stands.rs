//! A job that stands still in the midst of a collective, though its processes live, where nothing that weft sees tells surely who
//! holds it up: it hangs, or is cut off. The fact is about the job and accuses no part.

use super::words::seconds;
use super::{Class, Evidence, Family, KindOfFact, Query, Shown};
use crate::fabric::PortRef;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobStands {
    /// For how long it has stood still, s.
    pub stood_s: f64,
    /// The usual length of an iteration, s.
    pub iteration_s: f64,
    /// Its hosts, and how many of them have begun the collective.
    pub hosts: u32,
    pub begun: u32,
    /// Those of the others that are few enough to be the ones that hang.
    pub probable: Vec<String>,
}

impl KindOfFact for JobStands {
    const CLASS: Class = Class {
        name: "job_hang",
        family: Family::Straggler,
        subject: "job_stands",
        action: "look at the stacks of its ranks (py-spy, NCCL's flight recorder)",
        ..Class::JOB
    };

    fn evidence(&self) -> Evidence {
        Evidence::new("stood_s", (self.stood_s, "s without a byte"), (self.iteration_s, "an iteration"))
    }

    fn claim(&self, is_over: bool) -> String {
        let (stood, usual) = (seconds(self.stood_s), seconds(self.iteration_s));
        let stands = if is_over { "stood" } else { "stands" };
        format!("{stands} still in the midst of a collective for {stood}, where an iteration takes {usual}")
    }

    fn verdict(&self, _: Option<&PortRef>, is_over: bool) -> String {
        let (has, have) = if is_over { ("had", "had") } else { ("has", "have") };
        let who = match &self.probable[..] {
            [] => format!("{} of its {} hosts {have} begun it", self.begun, self.hosts),
            [one] => format!("{one} {has} probably not begun it"),
            more => format!("{} {have} probably not begun it", more.join(" and ")),
        };
        format!("it {}; {who}", self.claim(is_over))
    }

    fn query(&self, shown: &Shown<'_>) -> Query {
        Query::of_job(shown)
    }

    fn amount(&self) -> f64 {
        self.stood_s
    }

    fn lost(&self) -> Option<f64> {
        Some(1.0)
    }

    #[cfg(test)]
    fn sample() -> JobStands {
        let probable = vec!["h3".to_owned()];
        JobStands { stood_s: 8.0, iteration_s: 1.6, hosts: 8, begun: 7, probable }
    }
}

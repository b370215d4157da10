//! A job that is slow is an incident of its own only for what no part in trouble explains.
//!
//! ```text
//! 14:02:00  job moe-b begins to lose 13 % of its step time
//! 14:02:28  it still does, and nothing explains that     opened: who owns the job should know
//! 14:03:10  host n17 is late by 12 % of the step         resolved: told from now on as the incident of n17
//! ```
//! A trouble explains a job's slowness when the trouble cost that job time since the job became slow: an incident of a part
//! that the job is listed in, open now or ended since, and that is not known to take less than half of what the job loses. One
//! that ended before the job became slow explains nothing.

use super::case::Case;
use super::cases::{Cases, Key};
use crate::incident::{Kind, State};
use crate::kinds::{Class, Fact};
use std::collections::BTreeMap;

/// Of what a job loses, what a trouble must cost the job to explain the slowness. The loss and the cost are two measurements
/// of one thing, each good to some tenths while few iterations have passed.
const EXPLAINED: f64 = 0.5;

/// Leaves out jobs whose slowness is explained. The cases of jobs that were open already and are explained now, each with the
/// reason why the slowness is told elsewhere from now on.
pub fn leave_out_explained(cases: &Cases, ended: &[Case], facts: &mut Vec<Fact>) -> BTreeMap<Key, String> {
    let mut explained = BTreeMap::new();
    facts.retain(|fact| {
        if fact.kind().class().kind != Kind::Job {
            return true;
        }
        let Some(by) = explanation(cases, ended, fact) else { return true };
        if cases.of(fact).is_some() {
            explained.insert(Key::of(fact), by);
        }
        false
    });
    explained
}

/// What explains that a job is slow, in words.
fn explanation(cases: &Cases, ended: &[Case], fact: &Fact) -> Option<String> {
    let (job, lost) = (fact.job.as_deref()?, fact.payload.lost()?);
    let is_part = |class: &Class| class.kind == Kind::Hardware;
    let live = cases.iter().filter(|case| is_part(case.class()) && case.state == State::Open);
    let mut live = live.filter_map(|case| Some((case, case.jobs.get(job)?)));
    let takes_it = |cost: Option<f64>| cost.is_none_or(|cost| cost >= lost * EXPLAINED);
    let by = live.find(|(_, cost)| takes_it(cost.lost)).map(|(case, _)| (case.class().name, &case.part));
    let since = |past: &&Case| past.over_ns() > fact.since_ns && past.jobs.contains_key(job);
    let past = || ended.iter().rev().filter(|past| is_part(past.kind.class())).find(since);
    let (class, part) = by.or_else(|| past().map(|past| (past.kind.class().name, &past.part)))?;
    Some(format!("explained by {class} at {part}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::Cost;
    use crate::fabric::Part;
    use crate::kinds::{JobSlow, LinkDown, Payload};

    fn fact(part: Part, since_ns: i64, payload: impl Into<Payload>) -> Fact {
        Fact {
            ts_ns: 100,
            part,
            shown_at: None,
            since_ns,
            until_ns: None,
            one_sided: false,
            strength: 0.5,
            job: Some("train".into()),
            payload: payload.into(),
        }
    }

    /// The job is slow since 50 and loses a fifth.
    fn slow() -> Fact {
        fact(Part::Job("train".into()), 50, JobSlow { lost: 0.2, usual_s: 1.0 })
    }

    /// An open incident of a host that costs this job so much.
    fn open(job: &str, lost: Option<f64>) -> Case {
        let mut case = Case::new(&fact(Part::Device("h1".into()), 40, LinkDown { was_up: true }));
        case.state = State::Open;
        case.jobs.insert(job.into(), Cost { lost, explained: None });
        case
    }

    fn past(job: &str, over_ns: i64) -> Case {
        Case { clear_since_ns: Some(over_ns), ..open(job, None) }
    }

    #[test]
    fn only_what_no_trouble_of_a_part_explains_is_left() {
        let table: [(&str, Vec<Case>, Vec<Case>, bool); 8] = [
            ("nothing is known", vec![], vec![], true),
            ("a trouble that takes all of it", vec![open("train", Some(0.19))], vec![], false),
            ("a trouble whose cost is not known", vec![open("train", None)], vec![], false),
            ("a trouble that takes little of it", vec![open("train", Some(0.05))], vec![], true),
            ("a trouble of another job", vec![open("other", Some(0.2))], vec![], true),
            ("a trouble that ended since", vec![], vec![past("train", 60)], false),
            ("a trouble that ended before", vec![], vec![past("train", 50)], true),
            ("a trouble of another job that ended since", vec![], vec![past("other", 60)], true),
        ];
        for (story, cases, ended, expected) in table {
            let mut facts = vec![slow()];
            leave_out_explained(&cases.into(), &ended, &mut facts);
            assert_eq!(!facts.is_empty(), expected, "{story}");
        }
    }

    #[test]
    fn an_incident_of_the_job_ends_with_the_reason_once_a_part_explains_it() {
        let mut cases: Vec<Case> = vec![Case::new(&slow())];
        assert!(leave_out_explained(&cases.clone().into(), &[], &mut vec![slow()]).is_empty());
        cases.push(open("train", Some(0.19)));
        let explained = leave_out_explained(&cases.into(), &[], &mut vec![slow()]);
        assert_eq!(explained.values().collect::<Vec<_>>(), ["explained by link_down at h1"]);
    }
}

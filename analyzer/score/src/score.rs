//! The score of a set of traces: figures in all, by group, and what was taken for what.

use crate::baselines::Beside;
use crate::compare::{Compared, Fate};
use crate::elsewhere::Elsewhere;
use crate::figures::{Figures, Ratio};
use crate::groups::{Group, groups, of_hardware};
use crate::metamorphic::Metamorphic;
use serde::Serialize;
use std::collections::BTreeMap;

/// What is asked of a system in all.
const LEAST_RECALL: f64 = 0.95;
const LEAST_CULPRIT: f64 = 0.95;
const LEAST_PRECISION: f64 = 0.97;

#[derive(Clone, Debug, Serialize)]
pub struct Score {
    pub traces: Vec<Compared>,
    /// Of all but data faults.
    pub overall: Figures,
    pub groups: Vec<Group>,
    pub confusion: Vec<Confusion>,
    /// What became of the verdicts in disturbed traces, where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metamorphic: Option<Metamorphic>,
    /// What was scored beside the baselines, where these were asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub beside: Vec<Beside>,
    /// Each detector on the sources that its constants were not chosen on, where there are several sources.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub elsewhere: Vec<Elsewhere>,
}

/// How often a class was said where another, or the same, was true.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Confusion {
    /// `None`: nothing was wrong there.
    pub truth: Option<String>,
    /// `None`: nothing was said of the part.
    pub said: Option<String>,
    pub count: usize,
}

impl Score {
    pub fn of(traces: Vec<Compared>) -> Score {
        let (overall, groups, confusion) = (Figures::of(&of_hardware(&traces)), groups(&traces), confusion(&traces));
        Score { traces, overall, groups, confusion, metamorphic: None, beside: Vec::new(), elsewhere: Vec::new() }
    }

    pub fn with(self, metamorphic: Option<Metamorphic>) -> Score {
        Score { metamorphic, ..self }
    }

    pub fn with_beside(self, beside: Vec<Beside>) -> Score {
        Score { beside, ..self }
    }

    pub fn with_elsewhere(self, elsewhere: Vec<Elsewhere>) -> Score {
        Score { elsewhere, ..self }
    }

    /// Whether recall, culprit and precision are what is asked; where there is no fault, whether nobody was accused. And
    /// whether every verdict followed, where traces were disturbed.
    pub fn is_good(&self) -> bool {
        self.figures_are_good() && self.metamorphic.as_ref().is_none_or(Metamorphic::follows)
    }

    fn figures_are_good(&self) -> bool {
        let reaches = |ratio: Ratio, least: f64| ratio.value().is_some_and(|value| value >= least);
        let Figures { faults, recall, culprit, precision, .. } = self.overall;
        match faults {
            0 => self.overall.r#false == 0,
            _ => {
                reaches(recall, LEAST_RECALL) && reaches(culprit, LEAST_CULPRIT) && reaches(precision, LEAST_PRECISION)
            }
        }
    }
}

fn confusion(traces: &[Compared]) -> Vec<Confusion> {
    let mut counts: BTreeMap<(Option<String>, Option<String>), usize> = BTreeMap::new();
    for trace in traces {
        let expected = trace.faults.iter().filter(|f| f.found || !f.optional);
        let faults = expected.map(|f| (Some(f.class.clone()), f.said_class.clone()));
        let wrong = trace.verdicts.iter().filter(|v| v.fate == Fate::False);
        let pairs = faults.chain(wrong.map(|v| (None, Some(v.class.clone()))));
        pairs.for_each(|pair| *counts.entry(pair).or_default() += 1);
    }
    counts.into_iter().map(|((truth, said), count)| Confusion { truth, said, count }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::compare;
    use crate::incident::Incident;
    use crate::testkit::{incident, subject, truth};
    use weft_trace::Truth;

    fn scored(traces: Vec<(Vec<Truth>, Vec<Incident>)>) -> Score {
        Score::of(traces.into_iter().map(|(truth, said)| compare(&subject(truth), &said)).collect())
    }

    fn weak(mut truth: Truth) -> Truth {
        truth.step_loss = Some(0.02);
        truth
    }

    fn optional(mut truth: Truth) -> Truth {
        truth.note = "optional: harms nobody".into();
        truth
    }

    #[test]
    fn figures_are_those_of_all_traces_together() {
        let slow = || truth("slow_link", "n0", "eth0", 100, 200);
        let late = || truth("host_straggler", "n1", "", 300, 400);
        let score = scored(vec![
            // Found, and once more; the second fault is missed.
            (
                vec![slow(), late()],
                vec![incident("slow_link", "n0", "eth0", 110), incident("slow_link", "n0", "eth0", 130)],
            ),
            // Nothing wrong, and an accusation.
            (vec![], vec![incident("link_down", "n1", "eth0", 50)]),
            // What may be missed, and data faults, do not weigh; a weak one does in precision alone.
            (vec![optional(late()), truth("counter_reset", "n0", "", 1, 2)], vec![]),
            (vec![weak(late())], vec![incident("host_straggler", "n1", "", 310)]),
        ]);
        let found = &score.overall;
        assert_eq!((found.faults, found.weak, found.r#false, found.duplicates), (2, 1, 1, 1));
        assert_eq!((found.recall, found.precision), (Ratio { hits: 1, of: 2 }, Ratio { hits: 2, of: 4 }));
        assert_eq!((found.seconds.median_of_found, found.seconds.half), (Some(10.0), Some(10.0)));
        assert_eq!(found.false_rate.r#false, 1);
        assert!((found.false_rate.node_days - 4.0 * 2.0 * 1000.0 / 86_400.0).abs() < 1e-9);
        assert!(!score.is_good());
        // Three accusations were right or repeated, one was false, all said at .9.
        assert_eq!(found.calibration.reliability[0].right, Ratio { hits: 3, of: 4 });
    }

    #[test]
    fn what_was_taken_for_what_is_counted() {
        let slow = || truth("slow_link", "n0", "eth0", 100, 200);
        let score = scored(vec![
            (vec![slow()], vec![incident("lossy_link", "n0", "eth0", 110)]),
            (vec![slow()], vec![]),
            (vec![slow()], vec![incident("host_straggler", "n1", "", 110)]),
        ]);
        let pairs: Vec<_> = score.confusion.iter().map(|c| (c.truth.as_deref(), c.said.as_deref(), c.count)).collect();
        let expected = [
            (None, Some("host_straggler"), 1),
            (Some("slow_link"), None, 2),
            (Some("slow_link"), Some("lossy_link"), 1),
        ];
        assert_eq!(pairs, expected);
    }

    #[test]
    fn a_group_has_its_own_faults_and_its_own_false_incidents() {
        let slow = || truth("slow_link", "n0", "eth0", 100, 200);
        let score = scored(vec![
            (vec![slow()], vec![incident("slow_link", "n0", "eth0", 110), incident("host_straggler", "n1", "", 110)]),
            (vec![], vec![]),
        ]);
        let check = |by: &str, name: &str, faults: usize, wrong: usize, traces: f64| {
            let group = score.groups.iter().find(|g| (g.by, g.name.as_str()) == (by, name)).expect(name);
            assert_eq!((group.figures.faults, group.figures.r#false), (faults, wrong), "{name}");
            let node_days = traces * 2.0 * 1000.0 / 86_400.0;
            assert!((group.figures.false_rate.node_days - node_days).abs() < 1e-9, "{name}");
        };
        check("family", "link", 1, 0, 2.0);
        check("family", "straggler", 0, 1, 2.0);
        check("class", "slow_link", 1, 0, 2.0);
        check("class", "host_straggler", 0, 1, 2.0);
        check("tier", "B", 1, 1, 2.0);
        assert!(!score.groups.iter().any(|g| g.by == "size" || g.by == "source"), "one size, one source");
        let elsewhere = Compared { source: "other".into(), nodes: 500, ..score.traces[1].clone() };
        let score = Score::of(vec![score.traces[0].clone(), elsewhere]);
        let of = |by: &str| score.groups.iter().filter(|g| g.by == by).map(|g| g.name.clone()).collect::<Vec<_>>();
        assert_eq!(
            (of("source"), of("size")),
            (vec!["other".into(), "s".into()], vec!["129 to 1,024 nodes".into(), "up to 16 nodes".into()])
        );
        let group = score.groups.iter().find(|g| g.name == "s").unwrap();
        assert!((group.figures.false_rate.node_days - 2000.0 / 86_400.0).abs() < 1e-9, "its own days alone");
    }

    #[test]
    fn a_fault_free_set_is_good_when_nobody_is_accused() {
        assert!(scored(vec![(vec![], vec![incident("job_slow", "", "", 9)])]).is_good());
        assert!(!scored(vec![(vec![], vec![incident("link_down", "n0", "eth0", 9)])]).is_good());
        let slow = truth("slow_link", "n0", "eth0", 100, 200);
        assert!(scored(vec![(vec![slow], vec![incident("slow_link", "n0", "eth0", 110)])]).is_good());
    }
}

//! Why a host straggles. A GPU that throttles is a finding as long as it holds up nobody, and the reason of a host that straggles
//! since then: the two are one case, which goes by the reason (`gpu_throttle`, and not `host_straggler`).
//!
//! ```text
//! 12:00:00  gpu3 of h1 throttles                 case of h1: finding gpu_throttle, severity info, costs no job
//! 12:00:20  h1 is late since 12:00:02            the same case: evidence is added, and it takes what the job loses
//!
//! 12:00:00  gpu3 of h1 throttles                 finding
//! 13:30:20  h1 is late since 13:30:02            something else began: the finding ends, h1 is a host_straggler
//! ```
//! A reason began together with the lateness, or was there when the job began.

use super::cases::{Cases, Key};
use crate::fabric::Topology;
use crate::features::SHORTLY_NS;
use crate::kinds::Fact;
use std::collections::BTreeMap;

const GIVES_WAY: &str = "its host is late since another time, and is told of by that from now on";

/// Leaves out reasons that explain nothing. The cases of findings that give way to another trouble of their host, each with why.
pub fn settle(topology: &Topology, cases: &Cases, facts: &mut Vec<Fact>) -> BTreeMap<Key, String> {
    let late = late(topology, cases, facts);
    let mut over = BTreeMap::new();
    for (key, since) in &late {
        let finding = cases.get(key).filter(|case| case.is_finding());
        if finding.is_some_and(|case| !since.is_explained_by(case.onset_ns)) {
            over.insert(key.clone(), GIVES_WAY.to_owned());
        }
    }
    facts.retain(|fact| {
        let key = Key::of(fact);
        let explains = late.get(&key).is_none_or(|since| since.is_explained_by(fact.since_ns));
        !over.contains_key(&key) && (explains || !fact.kind().class().is_reason)
    });
    over
}

/// Since when a host is late, and its job runs.
struct Since {
    late_ns: i64,
    job_ns: Option<i64>,
}

impl Since {
    fn is_explained_by(&self, began_ns: i64) -> bool {
        let together = (began_ns - self.late_ns).abs() <= SHORTLY_NS;
        let from_birth = self.job_ns.is_some_and(|job_ns| began_ns <= job_ns && self.late_ns - job_ns <= SHORTLY_NS);
        together || from_birth
    }
}

/// Hosts that evidence other than reasons accuses, in this tick or in a case.
fn late(topology: &Topology, cases: &Cases, facts: &[Fact]) -> BTreeMap<Key, Since> {
    let told: Vec<Key> = facts.iter().filter(|fact| fact.kind().class().is_reason).map(Key::of).collect();
    let of_case = cases.iter().filter(|case| told.contains(&case.key())).flat_map(|case| case.facts.values());
    let mut late: BTreeMap<Key, Since> = BTreeMap::new();
    for fact in of_case.chain(facts).filter(|fact| !fact.kind().class().is_reason && is_asked(cases, &told, fact)) {
        let job = fact.job.as_deref().and_then(|job| topology.find_job(job)).map(|job| &topology.jobs[job]);
        let job_ns = job.map(|job| job.start_ns).filter(|start_ns| *start_ns > i64::MIN);
        let since = late.entry(Key::of(fact)).or_insert(Since { late_ns: fact.since_ns, job_ns });
        since.late_ns = since.late_ns.min(fact.since_ns);
    }
    late
}

/// A reason is told of it, or is the case that it would join.
fn is_asked(cases: &Cases, told: &[Key], fact: &Fact) -> bool {
    let key = Key::of(fact);
    told.contains(&key) || cases.get(&key).is_some_and(|case| case.is_finding())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::case::Case;
    use crate::fabric::Part;
    use crate::kinds::{ExcessHold, GpuThrottle, HeldClock, Payload};
    use crate::testkit::{SECOND, star};

    fn fact(since_s: i64, payload: impl Into<Payload>) -> Fact {
        Fact {
            ts_ns: 5_000 * SECOND,
            part: Part::Device("h1".into()),
            shown_at: None,
            since_ns: since_s * SECOND,
            until_ns: None,
            one_sided: true,
            strength: 0.5,
            job: Some("train".into()),
            payload: payload.into(),
        }
    }

    fn throttle(since_s: i64) -> Fact {
        let clock = HeldClock { gpus: 1, mhz: 900.0, of_mhz: 1_980.0, by_peers: false, reasons: 0x40 };
        Fact { job: None, ..fact(since_s, GpuThrottle(clock)) }
    }

    fn late(since_s: i64) -> Fact {
        let hold = ExcessHold { excess: 0.2, job_lost: 0.2, iterations: 9, nats: 9.0, iteration_s: 1.0 };
        fact(since_s, hold)
    }

    /// A case that has had these facts.
    fn case(facts: &[Fact]) -> Case {
        let mut case = Case::new(&facts[0]);
        case.facts.extend(facts.iter().map(|fact| (fact.kind(), fact.clone())));
        case
    }

    /// Story, cases, facts, the facts that are left, cases that are over.
    type Row = (&'static str, Vec<Case>, Vec<Fact>, Vec<&'static str>, usize);

    #[test]
    fn a_reason_explains_what_began_with_it() {
        let mut plan = star(3);
        plan.jobs.iter_mut().for_each(|job| job.start_ns = Some(3_000 * SECOND));
        let topology = Topology::new(&plan);
        let table: [Row; 7] = [
            ("a finding", vec![], vec![throttle(4_000)], vec!["gpu_throttle"], 0),
            ("both began now", vec![], vec![throttle(4_000), late(4_002)], vec!["gpu_throttle", "excess_hold"], 0),
            (
                "the finding is open",
                vec![case(&[throttle(4_000)])],
                vec![throttle(4_000), late(4_002)],
                vec!["gpu_throttle", "excess_hold"],
                0,
            ),
            ("the finding is older", vec![case(&[throttle(3_500)])], vec![throttle(3_500), late(4_002)], vec![], 1),
            ("the host is late for longer", vec![case(&[late(3_600)])], vec![throttle(4_000)], vec![], 0),
            (
                "from the job's birth",
                vec![],
                vec![throttle(2_000), late(3_010)],
                vec!["gpu_throttle", "excess_hold"],
                0,
            ),
            ("the reason is not told any more", vec![case(&[throttle(3_500)])], vec![late(4_002)], vec![], 1),
        ];
        for (story, cases, mut facts, expected, over) in table {
            let ended = settle(&topology, &cases.into(), &mut facts);
            let kinds: Vec<&str> = facts.iter().map(|fact| fact.kind().name()).collect();
            assert_eq!((kinds, ended.len()), (expected, over), "{story}");
        }
    }
}

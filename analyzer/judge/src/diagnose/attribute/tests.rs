//! Which host is accused beside a link that fails: by where the link lies, since when it fails, and what the job has lost.

use super::super::case::{Case, Update};
use super::*;
use crate::fabric::Part;
use crate::features::Progress;
use crate::kinds::{
    ConservationLoss, LateOnset, LowServiceRate, NoisyNeighbour, NvlinkDown, PauseSurge, PauseUnit, Payload,
};
use weft_wire::plan::{Plan, PlanCable, PlanDevice, PlanJob, PlanPort};

const S: i64 = 1_000_000_000;
const NOW: i64 = 200;

/// Two leaves below one spine. Job `wide` has a host at each leaf, `narrow` and its two hosts lie at leaf1 alone.
fn plan() -> Plan {
    let mut plan = Plan::default();
    let devices = [("leaf0", "switch"), ("leaf1", "switch"), ("spine", "switch")];
    let hosts =
        [("h0", "leaf0", "wide"), ("h1", "leaf1", "wide"), ("h2", "leaf1", "narrow"), ("h3", "leaf1", "narrow")];
    let device =
        |name: &str, kind: &str| PlanDevice { device: name.into(), kind: kind.into(), ..PlanDevice::default() };
    plan.devices = devices.iter().map(|(name, kind)| device(name, kind)).collect();
    plan.devices.extend(hosts.iter().map(|(host, ..)| device(host, "node")));
    plan.jobs = hosts
        .iter()
        .map(|(host, _, job)| PlanJob { job: (*job).into(), device: (*host).into(), ..PlanJob::default() })
        .collect();
    let cables = hosts.iter().map(|(host, leaf, _)| (*host, *leaf)).chain([("leaf0", "spine"), ("leaf1", "spine")]);
    for (a, b) in cables {
        let (a_port, b_port) = (format!("to-{b}"), format!("to-{a}"));
        for (device, port) in [(a, &a_port), (b, &b_port)] {
            let table = if device.starts_with('h') { "nic" } else { "switch_port" };
            let (device, port, table) = (device.into(), port.clone(), table.into());
            plan.ports.push(PlanPort { device, port, table, ..PlanPort::default() });
        }
        plan.cables.push(PlanCable { a_device: a.into(), a_port, b_device: b.into(), b_port });
    }
    plan
}

/// Features in which every job did its full work up to `since`, and this much less from there to now.
fn features(since: i64, slower: f64) -> Features {
    let mut features = Features::new(&plan(), S);
    (features.now_ns, features.tick) = (NOW * S, NOW);
    for job in &mut features.jobs {
        for second in 100..NOW {
            let bytes = if second < since { 1e9 } else { 1e9 * (1.0 - slower) };
            job.add_progress(Progress { start_ns: second * S, length_ns: S, bytes, coverage: 1.0 });
        }
    }
    features
}

fn cable(a: &str, b: &str) -> Part {
    let end = |from: &str, to: &str| crate::fabric::PortRef::new(from, format!("to-{to}"));
    Part::cable(end(a, b), end(b, a))
}

fn fact(part: Part, since: i64, job: Option<&str>, payload: impl Into<Payload>) -> Fact {
    Fact {
        ts_ns: NOW * S,
        part,
        shown_at: None,
        since_ns: since * S,
        until_ns: None,
        one_sided: true,
        strength: 0.8,
        job: job.map(str::to_owned),
        payload: payload.into(),
    }
}

/// A host of this job that begins to be late at 160 s, by four tenths of its iteration.
fn late(host: &str, job: &str) -> Fact {
    let payload = LateOnset { lateness_s: 0.8, iteration_s: 2.0, resolution_s: 0.1 };
    fact(Part::Device(host.into()), 160, Some(job), payload)
}

/// Whether the host is accused beside a case of this trouble, when its job became slower by so much at 160 s.
fn is_accused(trouble: Fact, host: Fact, slower: f64) -> bool {
    let mut case = Case::new(&trouble);
    let since_ns = trouble.since_ns;
    case.step(Update { facts: vec![trouble.clone()], ..Update::default() }, since_ns + S);
    let cases = Cases::from(vec![case]);
    let mut facts = vec![trouble, host];
    leave_out_victims(&features(160, slower), &Open::default(), &cases, &[], &[], &mut facts);
    facts.len() == 2
}

fn drop_at(part: Part, since: i64) -> Fact {
    fact(part, since, None, ConservationLoss { ratio: 0.02 })
}

#[test]
fn a_link_that_carries_no_byte_of_a_job_explains_none_of_its_stragglers() {
    let between = || cable("leaf0", "spine");
    // Both began together, and nothing tells whether the job became slower: what may be a victim is not accused.
    assert!(!is_accused(drop_at(between(), 160), late("h1", "wide"), 0.0));
    assert!(is_accused(drop_at(between(), 160), late("h3", "narrow"), 0.0));
    assert!(!is_accused(drop_at(cable("h2", "leaf1"), 160), late("h3", "narrow"), 0.0));
}

#[test]
fn a_link_that_failed_long_before_explains_no_new_loss() {
    let check = |since: i64, slower: f64, expected: bool| {
        let accused = is_accused(drop_at(cable("leaf0", "spine"), since), late("h1", "wide"), slower);
        assert_eq!(accused, expected, "drop since {since} s, job slower by {slower}");
    };
    // Well before: the job became slower when the host did, or it did not.
    check(101, 0.3, true);
    check(101, 0.0, false);
    // At the time: a drop may cost all of that.
    check(150, 0.3, false);
}

#[test]
fn a_link_explains_no_more_than_it_can_cost() {
    let slow = |share: f64| {
        let payload = LowServiceRate { bps: share * 1e11, planned_bps: 1e11 };
        fact(cable("h0", "leaf0"), 158, None, payload)
    };
    // A link at nine tenths of its rate costs a tenth at most; four tenths are gone, as the host's lateness says.
    assert!(is_accused(slow(0.9), late("h1", "wide"), 0.4));
    assert!(!is_accused(slow(0.5), late("h1", "wide"), 0.4));
}

/// A queue that job `wide` waits in since 160 s, and that another host fills, wherever that is.
fn filled_by(host: &str) -> Fact {
    let iteration_ns = 2 * S;
    let payload = NoisyNeighbour { job: String::new(), more_bps: 5e10, bps: 9e10, job_lost: 0.3, iteration_ns };
    fact(Part::Device(host.into()), 160, Some("wide"), payload)
}

#[test]
fn a_queue_explains_the_hosts_of_the_job_that_waits_in_it_and_no_others() {
    assert!(!is_accused(filled_by("h3"), late("h1", "wide"), 0.3), "h3 lies on no path of the job, and fills one");
    assert!(is_accused(filled_by("h3"), late("h3", "narrow"), 0.3));
}

#[test]
fn a_failing_link_explains_the_queue_that_began_with_it() {
    let beside = |trouble: Fact| is_accused(trouble, filled_by("h3"), 0.3);
    assert!(!beside(drop_at(cable("leaf0", "spine"), 155)));
    assert!(beside(drop_at(cable("leaf0", "spine"), 110)), "it failed long before");
    assert!(beside(drop_at(cable("h2", "leaf1"), 155)), "the job sends nothing there");
    assert!(is_accused(filled_by("h3"), filled_by("h2"), 0.3), "one queue does not explain another");
}

#[test]
fn a_host_that_receives_slowly_explains_itself_and_who_waits_for_it_in_its_job() {
    let slow = || {
        let counter = "tx_pause_us".into();
        let payload = PauseSurge { counter, in_unit: PauseUnit::OfTheTime, rate: 0.3, usual: 0.0, nats: 24.0 };
        fact(Part::Port(crate::fabric::PortRef::new("h0", "to-leaf0")), 158, None, payload)
    };
    for (host, job, expected) in [("h0", "wide", false), ("h1", "wide", false), ("h3", "narrow", true)] {
        assert_eq!(is_accused(slow(), late(host, job), 0.3), expected, "{host}");
    }
}

#[test]
fn what_shows_outright_needs_no_job_to_explain_it() {
    let mut facts = vec![drop_at(cable("h0", "leaf0"), 160), drop_at(cable("h1", "leaf1"), 160)];
    leave_out_victims(&features(160, 0.3), &Open::default(), &Cases::default(), &[], &[], &mut facts);
    assert_eq!(facts.len(), 2);
}

#[test]
fn what_is_wrong_inside_a_node_explains_that_node_alone() {
    let link = || crate::fabric::PortRef::new("h0", "gpu3/link7");
    let is_accused = |part: Part, host: &str| {
        let mut features = features(160, 0.3);
        features.topology.take_in(&link());
        let mut facts = vec![fact(part, 158, None, NvlinkDown { links: 1, with_it: Vec::new() }), late(host, "wide")];
        leave_out_victims(&features, &Open::default(), &Cases::default(), &[], &[], &mut facts);
        facts.len() == 2
    };
    for part in [Part::Port(link()), Part::Device("h0".into())] {
        assert_eq!([is_accused(part.clone(), "h0"), is_accused(part.clone(), "h1")], [false, true], "{part}");
    }
}

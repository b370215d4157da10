//! Each rule of the comparison by a line of a table.

use super::*;
use crate::incident::Culprit;
use crate::testkit::{S, T0, incident, subject, truth};

/// The fault that the incidents are compared with: n0's cable is slow from second 100 to 200.
fn slow() -> Truth {
    truth("slow_link", "n0", "eth0", 100, 200)
}

fn resolved(mut incident: Incident, at: i64) -> Incident {
    incident.resolved_ns = Some(T0 + at * S);
    incident
}

fn also(mut incident: Incident, device: &str, port: &str) -> Incident {
    let candidate = Culprit { device: device.into(), port: Some(port.into()) };
    incident.culprits.as_mut().unwrap().push(candidate);
    incident
}

fn info(mut incident: Incident) -> Incident {
    incident.severity = "info".into();
    incident
}

#[test]
fn an_incident_is_right_by_time_part_and_family() {
    // Found, exact class, culprit, among three; what becomes of the incident.
    let check = |incident: Incident, expected: (bool, bool, bool, bool), fate: Fate| {
        let compared = compare(&subject(vec![slow()]), std::slice::from_ref(&incident));
        let fault = &compared.faults[0];
        assert_eq!((fault.found, fault.exact, fault.culprit, fault.among_three), expected, "{incident:?}");
        assert_eq!(compared.verdicts[0].fate, fate, "{incident:?}");
        assert_eq!(compared.r#false.len(), usize::from(fate == Fate::False), "{incident:?}");
    };
    let (all, none) = ((true, true, true, true), (false, false, false, false));
    check(incident("slow_link", "n0", "eth0", 120), all, Fate::Right);
    check(incident("slow_link", "l0", "swp0", 120), all, Fate::Right);
    check(incident("lossy_link", "n0", "eth0", 120), (true, false, true, true), Fate::Right);
    check(incident("host_straggler", "n0", "eth0", 120), (false, false, true, true), Fate::PartOnly);
    check(incident("slow_link", "n1", "eth0", 120), none, Fate::False);
    check(incident("slow_link", "n0", "", 120), none, Fate::False);
    // Time: from 5 s before the start to 2 minutes after the end.
    check(incident("slow_link", "n0", "eth0", 95), all, Fate::Right);
    check(incident("slow_link", "n0", "eth0", 94), none, Fate::False);
    check(incident("slow_link", "n0", "eth0", 320), all, Fate::Right);
    check(incident("slow_link", "n0", "eth0", 321), none, Fate::False);
    check(resolved(incident("slow_link", "n0", "eth0", 96), 99), none, Fate::False);
    check(resolved(incident("slow_link", "n0", "eth0", 96), 100), all, Fate::Right);
    // The second and third candidates count as such, the fourth does not.
    let second = also(incident("slow_link", "n1", "eth0", 120), "n0", "eth0");
    check(second, (false, false, false, true), Fate::False);
    let third = also(also(incident("slow_link", "n1", "eth0", 120), "n1", ""), "l0", "swp0");
    check(third, (false, false, false, true), Fate::False);
    let fourth = also(also(also(incident("slow_link", "n1", "eth0", 120), "n1", ""), "n1", "a"), "n0", "eth0");
    check(fourth, none, Fate::False);
    // What accuses nobody is never false, and right where it is about the fault.
    check(incident("job_slow", "", "", 120), none, Fate::AccusesNobody);
    check(incident("checkpoint", "n1", "", 120), none, Fate::AccusesNobody);
    check(info(incident("slow_link", "n1", "eth0", 120)), none, Fate::AccusesNobody);
    check(info(incident("slow_link", "n0", "eth0", 120)), all, Fate::Right);
    check(incident("counter_reset", "n1", "eth0", 120), none, Fate::False);
    check(incident("rule:mine", "n1", "eth0", 120), none, Fate::False);
}

#[test]
fn what_is_only_suspected_is_not_said() {
    let never = Incident { opened_ns: None, ..incident("slow_link", "n1", "eth0", 0) };
    let zero = Incident { opened_ns: Some(0), ..never.clone() };
    let compared = compare(&subject(vec![slow()]), &[never, zero]);
    assert_eq!((compared.opened, compared.faults[0].found), (0, false));
}

#[test]
fn data_faults_are_told_apart_from_hardware() {
    let check = |class: &str, said: &str, found: bool, fate: Fate| {
        let truths = vec![truth(class, "n0", "eth0", 100, 200)];
        let compared = compare(&subject(truths), &[incident(said, "n0", "eth0", 120)]);
        assert_eq!((compared.faults[0].found, compared.verdicts[0].fate), (found, fate), "{class}, said {said}");
    };
    check("counter_reset", "counter_reset", true, Fate::Right);
    check("counter_reset", "sensor_dropout", true, Fate::Right);
    // Hardware accused where the data is at fault is false; data told beside another data fault is not.
    check("counter_reset", "slow_link", false, Fate::False);
    check("slow_link", "counter_reset", false, Fate::PartOnly);
    let truths = vec![truth("clock_skew", "n1", "", 100, 200)];
    let compared = compare(&subject(truths), &[incident("counter_reset", "n0", "eth0", 400)]);
    assert_eq!(compared.verdicts[0].fate, Fate::AccusesNobody);
}

#[test]
fn a_fault_is_told_by_its_first_right_incident() {
    let wrong_family = incident("host_straggler", "n0", "eth0", 105);
    let late = incident("slow_link", "n0", "eth0", 150);
    let early = Incident { jobs: None, ..incident("lossy_link", "l0", "swp0", 130) };
    let compared = compare(&subject(vec![slow()]), &[wrong_family, late, early]);
    let fault = &compared.faults[0];
    assert_eq!((fault.opened_after_ns, fault.ticks, fault.said), (Some(30 * S), Some(30.0), None));
    assert_eq!((fault.duplicates, fault.said_class.as_deref()), (1, Some("slow_link")), "an exact class goes before");
    assert_eq!(compared.r#false, ["host_straggler n0/eth0"], "with a right one beside it, a wrong family is false");
    let missed = compare(&subject(vec![slow()]), &[]);
    assert_eq!((missed.faults[0].watched_ns, missed.faults[0].said_class.clone()), (220 * S, None));
}

#[test]
fn benign_rows_are_no_faults() {
    let burst = truth("storage_burst", "n1", "eth0", 100, 110);
    let compared = compare(&subject(vec![burst]), &[incident("slow_link", "n1", "eth0", 105)]);
    assert_eq!((compared.faults.len(), compared.r#false.len()), (0, 1));
}

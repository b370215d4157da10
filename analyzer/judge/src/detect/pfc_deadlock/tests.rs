//! Ports that stand still in a fabric of two leaves and two spines, and who is accused.

use super::*;
use crate::detect::{Open, Said, Watch};
use crate::features::Sample;
use crate::kinds::Payload;
use weft_wire::plan::{Plan, PlanCable, PlanDevice, PlanPort};

const TICK_NS: i64 = 1_000_000_000;
const TICK: i64 = 100;
const NOW_NS: i64 = (TICK + 1) * TICK_NS;

/// Hosts h0 and h1 at leaves l0 and l1, below spines s0 and s1; a cable from a to b has the ports `to-b` and `to-a`.
fn plan() -> Plan {
    let mut plan = Plan::default();
    for (a, b) in [("h0", "l0"), ("h1", "l1"), ("l0", "s0"), ("l0", "s1"), ("l1", "s0"), ("l1", "s1")] {
        let (a_port, b_port) = (format!("to-{b}"), format!("to-{a}"));
        for (device, port) in [(a, &a_port), (b, &b_port)] {
            let kind = if device.starts_with('h') { "node" } else { "switch" };
            let table = if kind == "node" { "nic" } else { "switch_port" };
            plan.devices.push(PlanDevice { device: device.into(), kind: kind.into(), ..PlanDevice::default() });
            plan.ports.push(PlanPort {
                device: device.into(),
                port: port.clone(),
                table: table.into(),
                speed_bps: Some(100_000_000_000),
                ..PlanPort::default()
            });
        }
        plan.cables.push(PlanCable { a_device: a.into(), a_port, b_device: b.into(), b_port });
    }
    plan
}

/// All ports were read in this tick. These stand still, each from its device to another, for so many seconds.
fn features(still: &[(&str, &str, f64)]) -> Features {
    let mut features = Features::new(&plan(), TICK_NS);
    (features.tick, features.now_ns) = (TICK, NOW_NS);
    for port in &mut features.ports {
        let at = |ts_ns: i64| Some(Sample { ts_ns, queue_bytes: Some(1e6), ..Sample::default() });
        port.last = at(NOW_NS - 1 - TICK_NS);
        port.begin_readings(TICK);
        port.last = at(NOW_NS - 1);
    }
    for (device, to, seconds) in still {
        let port = features.topology.find_port(device, &format!("to-{to}")).expect("planned");
        features.stuck.insert(port, NOW_NS - 1 - (seconds * 1e9) as i64);
    }
    features
}

fn said(features: &Features, open: &Open) -> Said {
    let watch = Watch::new(open, features);
    let mut out = Sink::new(features, &watch);
    detect(features, &mut out);
    out.into_said()
}

/// The ports of each circle that is said, and the cable accused by its first end.
fn check(still: &[(&str, &str, f64)], expected: &[(&str, &str)]) {
    let facts = said(&features(still), &Open::default()).facts;
    let told = facts.iter().map(|fact| {
        let Payload::PfcDeadlock(payload) = &fact.payload else { panic!("{fact:?}") };
        let circle: Vec<String> = payload.circle.iter().map(|at| format!("{}>{}", at.device, &at.port[3..])).collect();
        (circle.join(" "), fact.part.devices().collect::<Vec<_>>().join("-"))
    });
    let told: Vec<(String, String)> = told.collect();
    let told: Vec<(&str, &str)> = told.iter().map(|(circle, cable)| (&**circle, &**cable)).collect();
    assert_eq!(told, expected, "{still:?}");
}

#[test]
fn a_cable_whose_ends_hold_each_other_is_accused_and_what_waits_behind_is_not() {
    check(&[("s0", "l0", 5.0), ("l0", "s0", 4.0), ("l1", "s0", 4.0), ("h1", "l1", 3.0)], &[("s0>l0 l0>s0", "l0-s0")]);
    let facts = said(&features(&[("s0", "l0", 5.0), ("l0", "s0", 4.0), ("l1", "s0", 9.0)]), &Open::default()).facts;
    let [fact] = &facts[..] else { panic!("{facts:?}") };
    let Payload::PfcDeadlock(payload) = &fact.payload else { panic!("{fact:?}") };
    assert_eq!((payload.all_behind, payload.waiting_bytes), (1, Some(2e6)));
    assert!((payload.stood_s - 4.0).abs() < 1e-6 && payload.suspects.is_empty(), "{payload:?}");
    assert_eq!(fact.since_ns, NOW_NS - 1 - 4 * TICK_NS, "it closed with the last of them");
}

#[test]
fn of_a_longer_circle_the_first_to_stand_still_is_accused_and_the_others_with_it() {
    let ring = [("l0", "s0", 4.0), ("s0", "l1", 6.0), ("l1", "s1", 5.0), ("s1", "l0", 4.5)];
    check(&ring, &[("s0>l1 l1>s1 s1>l0 l0>s0", "l1-s0")]);
    let facts = said(&features(&ring), &Open::default()).facts;
    assert_eq!(facts[0].payload.suspects().len(), 3);
    assert!(facts[0].payload.suspects().iter().all(|suspect| (suspect.share - 0.25).abs() < 1e-9));
}

#[test]
fn nothing_is_said_before_buffers_have_emptied_or_where_a_host_is_at_the_root() {
    // Two whole intervals.
    check(&[("s0", "l0", 5.0), ("l0", "s0", 1.0)], &[]);
    check(&[("s0", "l0", 5.0), ("l0", "h0", 5.0), ("h0", "l0", 5.0)], &[]);
    check(&[("s0", "l0", 5.0), ("l0", "s0", 5.0), ("l0", "h0", 5.0)], &[]);
    // One of the two is not heard any more.
    let mut features = features(&[("s0", "l0", 5.0), ("l0", "s0", 5.0)]);
    let port = features.topology.find_port("l0", "to-s0").unwrap();
    features.ports[port].begin_readings(TICK - 50);
    assert_eq!(said(&features, &Open::default()).facts, []);
}

#[test]
fn it_is_over_when_both_ends_move_and_not_when_they_are_not_read() {
    let still = features(&[("s0", "l0", 5.0), ("l0", "s0", 5.0)]);
    let fact = said(&still, &Open::default()).facts.remove(0);
    let claim = crate::detect::Claim { amount: 5.0, since_ns: NOW_NS, shown_ns: NOW_NS, onset_ns: NOW_NS };
    let mut open = Open::default();
    open.claims.entry(FactKind::PfcDeadlock).or_default().insert(fact.part, claim);
    assert_eq!(said(&still, &open).absences.len(), 0);
    assert_eq!(said(&features(&[("s0", "l0", 5.0)]), &open).absences.len(), 0, "one end still stands still");
    assert_eq!(said(&features(&[]), &open).absences.len(), 1);
    let mut silent = features(&[]);
    silent.ports.iter_mut().for_each(|port| port.begin_readings(TICK - 1));
    assert_eq!(said(&silent, &open).absences.len(), 0);
}

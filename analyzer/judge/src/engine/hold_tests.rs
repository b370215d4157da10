//! A job in a ring, one host of which computes longer from second 100 to 200: who is named, by which evidence, and until when.

use crate::incident::{Kind, State};
use crate::testkit::{Extra, Interval, SAMPLE, Scene, star};

const SLOW_S: std::ops::Range<f64> = 100.0..200.0;
const STEP_S: f64 = 1.6;
const TRANSFER_S: f64 = 0.64;
/// Longer by a ninth of the slow step.
const LATE_S: f64 = 0.2;
const BYTES: f64 = 5e6;
/// What a host sends before it needs anything of the others.
const FIRST: f64 = 0.08;

/// Iterations that a host has sent by a moment, s since the story began. `late_s`: by how much it alone begins later.
fn sent(at_s: f64, is_late: bool, slower_by_s: f64) -> f64 {
    let stretch = |from_s: f64, to_s: f64, step_s: f64| ((to_s - from_s) / step_s).max(0.0);
    let slow_s = STEP_S + slower_by_s;
    let (start, step_s, from_s) = match at_s {
        at_s if at_s < SLOW_S.start => (0.0, STEP_S, 0.0),
        at_s if at_s < SLOW_S.end => (stretch(0.0, SLOW_S.start, STEP_S).ceil(), slow_s, SLOW_S.start),
        _ => {
            let slow = stretch(SLOW_S.start, SLOW_S.end, slow_s).ceil();
            (stretch(0.0, SLOW_S.start, STEP_S).ceil() + slow, STEP_S, SLOW_S.end)
        }
    };
    let steps = (at_s - from_s) / step_s;
    let within_s = steps.fract() * step_s;
    let all_begin_s = step_s - TRANSFER_S;
    let begins_s = if is_late { all_begin_s } else { STEP_S - TRANSFER_S };
    let moving = ((within_s - all_begin_s) / TRANSFER_S).max(0.0);
    start + steps.floor() + if within_s < begins_s { 0.0 } else { FIRST + (1.0 - FIRST) * moving }
}

fn story(slower_by_s: f64, late: Option<&str>) -> Scene {
    let mut scene = Scene::new(star(8));
    let began_ns = scene.now_ns();
    for _ in 0..260 {
        scene.second(
            |host, at_ns| {
                let seconds = |ns: i64| (ns - began_ns) as f64 / 1e9;
                let bytes = |is_late: bool| {
                    let by = |ns: i64| sent(seconds(ns), is_late, slower_by_s);
                    (by(at_ns + SAMPLE) - by(at_ns)).max(0.0) * BYTES
                };
                let before = format!("h{}", (host[1..].parse::<usize>().expect("h0 to h7") + 7) % 8);
                Interval {
                    sent: bytes(late == Some(host)),
                    back: Some(bytes(late == Some(&*before))),
                    ..Interval::default()
                }
            },
            Extra::default(),
        );
    }
    scene
}

#[test]
fn a_host_that_keeps_its_peers_waiting_is_one_incident_with_the_loss_and_ends() {
    let scene = story(LATE_S, Some("h3"));
    let incidents: Vec<_> = scene.incidents.values().filter(|incident| incident.opened_ns.is_some()).collect();
    let [incident] = incidents[..] else { panic!("{incidents:?}") };
    assert_eq!((&*incident.class, &*incident.culprits[0].device), ("host_straggler", "h3"));
    assert!(incident.evidence.iter().any(|item| item.fact == "excess_hold"), "{:?}", incident.evidence);
    let lost = incident.jobs[0].lost_step_time.expect("measured");
    assert!((lost - LATE_S / (STEP_S + LATE_S)).abs() < 0.03, "{lost}");
    assert_eq!(incident.state, State::Resolved);
}

#[test]
fn a_job_that_is_slow_for_no_known_cause_is_one_incident_that_accuses_no_part() {
    let scene = story(LATE_S, None);
    let incidents: Vec<_> = scene.incidents.values().filter(|incident| incident.opened_ns.is_some()).collect();
    let [incident] = incidents[..] else { panic!("{incidents:?}") };
    assert_eq!((&*incident.class, incident.kind, incident.culprits.len()), ("job_slow", Kind::Job, 0));
    let lost = incident.jobs[0].lost_step_time.expect("measured");
    assert!((lost - LATE_S / (STEP_S + LATE_S)).abs() < 0.03, "{lost}");
    let (said, what) = incident.sentence.split_once(": ").expect("a loss and what is seen");
    assert!(said.starts_with("job train loses ") && what.starts_with("an iteration took 1."), "{said}: {what}");
    let queried = &incident.evidence[0];
    assert_eq!((&*queried.fact, &*queried.device), ("job_slow", ""));
    assert_eq!(incident.state, State::Resolved);
}

#[test]
fn nobody_is_named_where_all_compute_longer_and_where_nothing_happens() {
    let healthy = story(0.0, None);
    assert_eq!(healthy.opened(), []);
    let mut scene = Scene::new(star(8));
    let began_ns = scene.now_ns();
    let longer = |at_ns: i64| if at_ns - began_ns < 100_000_000_000 { 1_600_000_000 } else { 2_000_000_000 };
    for _ in 0..200 {
        scene.second(|_, at_ns| crate::testkit::iteration(at_ns, longer(at_ns), 0), Extra::default());
    }
    assert_eq!(scene.opened(), []);
}

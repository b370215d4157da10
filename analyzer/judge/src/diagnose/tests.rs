//! What evidence claims, by which series, and how urgent an incident is.

use crate::incident::{Chart, Form, Incident, SeriesMode, Severity};
use crate::testkit::{Extra, Interval, SECOND, Scene, event, iteration, star};
use weft_wire::plan::PlanJob;

const PERIOD: i64 = 1_070_000_000;

fn run(scene: &mut Scene, seconds: usize, traffic: impl Fn(&str, i64) -> Interval) {
    (0..seconds).for_each(|_| _ = scene.second(&traffic, Extra::default()));
}

fn healthy(scene: &mut Scene, seconds: usize) {
    run(scene, seconds, |_, at| iteration(at, PERIOD, 0));
}

fn tell(scene: &mut Scene, device: &str, port: &str, kind: &str) {
    let events = vec![event(scene.now_ns(), device, port, kind)];
    scene.second(|_, at| iteration(at, PERIOD, 0), Extra { events, ..Extra::default() });
}

fn only(scene: &Scene) -> &Incident {
    assert_eq!(scene.incidents.len(), 1, "{:#?}", scene.opened());
    scene.incidents.values().next().expect("one incident")
}

fn chart(incident: &Incident) -> &Chart {
    incident.evidence[0].chart.as_ref().expect("a counter holds it")
}

/// A link of `h1` that was up and goes down, beside a job on these hosts.
fn down(job_on: &[&str]) -> Scene {
    let mut plan = star(4);
    plan.jobs =
        job_on.iter().map(|d| PlanJob { job: "train".into(), device: (*d).into(), ..PlanJob::default() }).collect();
    let mut scene = Scene::new(plan);
    tell(&mut scene, "h1", "eth1", "link_up");
    healthy(&mut scene, 3);
    tell(&mut scene, "h1", "eth1", "link_down");
    scene
}

#[test]
fn a_link_that_went_down_is_said_in_words_and_drawn_as_a_state() {
    let scene = down(&["h1", "h2"]);
    let incident = only(&scene);
    assert_eq!(incident.evidence[0].says, "was up, down");
    let chart = chart(incident);
    assert_eq!((chart.unit.as_str(), chart.form, chart.level), ("state", Form::States, None));
    let value = &chart.value;
    assert_eq!((value.device.as_str(), value.port.as_str(), value.counter.as_str()), ("h1", "eth1", "link_up"));
}

#[test]
fn a_preview_says_the_same_as_its_tick() {
    let mut scene = Scene::new(star(3));
    tell(&mut scene, "h1", "eth1", "link_up");
    let event = event(scene.now_ns() + 5, "h1", "eth1", "link_down");
    let preview = scene.engine.preview(&event).pop().expect("a preview");
    scene.second(|_, at| iteration(at, PERIOD, 0), Extra { events: vec![event], ..Extra::default() });
    let told = only(&scene);
    assert_eq!((&preview.evidence, preview.severity), (&told.evidence, told.severity));
}

#[test]
fn loss_is_drawn_as_what_one_end_sent_and_the_other_did_not_receive() {
    let mut scene = Scene::new(star(4));
    healthy(&mut scene, 30);
    run(&mut scene, 12, |host, at| Interval {
        lost: if host == "h2" { 0.02 } else { 0.0 },
        ..iteration(at, PERIOD, 0)
    });
    let incident = only(&scene);
    assert!(incident.evidence[0].says.starts_with("2 % of the packets sent"), "{}", incident.evidence[0].says);
    let chart = chart(incident);
    assert_eq!((chart.unit.as_str(), chart.form), ("fraction", Form::Missing));
    assert!(chart.level.is_some_and(|level| (level - 0.02).abs() < 0.005), "{chart:?}");
    let reference = chart.reference.as_ref().expect("the far end");
    let series = [&chart.value, reference].map(|c| (c.device.as_str(), c.port.as_str(), c.counter.as_str(), c.mode));
    let raw = SeriesMode::Raw;
    assert_eq!(series, [("h2", "eth1", "tx_packets", raw), ("leaf", "swp2", "rx_packets", raw)]);
}

#[test]
fn a_slow_link_is_said_and_drawn_in_bits_a_second() {
    let mut scene = Scene::new(star(4));
    healthy(&mut scene, 20);
    let slow = |host: &str, at: i64| match host {
        "h3" => Interval { sent: 625_000.0, queue_bytes: 1e6, ..Interval::default() },
        _ => iteration(at, PERIOD, 0),
    };
    run(&mut scene, 12, slow);
    let item = &only(&scene).evidence[0];
    assert_eq!(item.says, "sends 50 Mbit/s while a queue stands, of 100 Mbit/s planned");
    let chart = item.chart.as_ref().expect("a counter holds it");
    assert_eq!((chart.unit.as_str(), chart.level, chart.value.times), ("bit/s", Some(1e8), 8.0));
    assert_eq!((chart.value.counter.as_str(), chart.value.mode), ("tx_bytes", SeriesMode::Rate));
}

#[test]
fn a_link_is_critical_where_a_job_runs_over_it_and_where_no_job_is_known() {
    assert_eq!(only(&down(&["h1", "h2"])).severity, Severity::Critical);
    assert_eq!(only(&down(&["h2", "h3"])).severity, Severity::Warning);
    assert_eq!(only(&down(&[])).severity, Severity::Critical, "nothing tells what is lost");
}

/// Every host of the job starts its iterations later, or sends less, by what one of them loses.
fn lossy(part_left: f64) -> Scene {
    let mut scene = Scene::new(star(4));
    healthy(&mut scene, 60);
    let slowed = |host: &str, at: i64| {
        let iteration = iteration(at, PERIOD, 0);
        Interval { sent: iteration.sent * part_left, lost: if host == "h2" { 0.02 } else { 0.0 }, ..iteration }
    };
    run(&mut scene, 20, slowed);
    scene
}

#[test]
fn severity_follows_what_is_lost_and_never_falls() {
    let scene = lossy(0.97);
    assert_eq!(only(&scene).severity, Severity::Warning, "{:?}", only(&scene).jobs);
    let mut scene = lossy(0.7);
    assert_eq!(only(&scene).severity, Severity::Critical, "{:?}", only(&scene).jobs);
    // Nearly as fast as before, and the loss goes on: the page is not taken back.
    let fast =
        |host: &str, at: i64| Interval { lost: if host == "h2" { 0.02 } else { 0.0 }, ..iteration(at, PERIOD, 0) };
    run(&mut scene, 100, fast);
    let incident = only(&scene);
    let lost = incident.jobs[0].lost_step_time;
    assert!(lost.is_some_and(|lost| lost < 0.1), "{lost:?}");
    assert_eq!(incident.severity, Severity::Critical);
}

#[test]
fn faults_of_the_telemetry_stay_information() {
    let mut scene = Scene::new(star(4));
    healthy(&mut scene, 5);
    scene.restart_counters("h1");
    healthy(&mut scene, 1);
    let incident = only(&scene);
    assert_eq!((incident.class.as_str(), incident.severity), ("counter_reset", Severity::Info));
    assert_eq!(incident.evidence[0].says, "the counters of 1 of its ports begin anew");
    assert_eq!(incident.onset_ns, scene.now_ns() - SECOND);
}

#[test]
fn a_cable_of_which_neither_end_is_accused_goes_by_the_first_end_of_its_plan() {
    for swapped in [false, true] {
        let mut plan = star(4);
        if swapped {
            for cable in &mut plan.cables {
                std::mem::swap(&mut cable.a_device, &mut cable.b_device);
                std::mem::swap(&mut cable.a_port, &mut cable.b_port);
            }
        }
        let mut scene = Scene::new(plan);
        tell(&mut scene, "h1", "eth1", "link_up");
        tell(&mut scene, "h1", "eth1", "link_down");
        let culprit = &only(&scene).culprits[0];
        let expected = if swapped { ["leaf", "h1"] } else { ["h1", "leaf"] };
        assert_eq!([culprit.device.as_str(), culprit.peer_device.as_str()], expected);
    }
}

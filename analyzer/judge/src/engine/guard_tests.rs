//! What fails in a tick is dropped, with its own state, and everything else is said.

use crate::detect::{DETECTORS, Detector, Sink, Spot, Watch};
use crate::engine::{Engine, EngineConfig, Outcome};
use crate::fabric::Place;
use crate::features::Features;
use crate::guard::Reason;
use crate::incident::State;
use crate::kinds::FactKind;
use crate::testkit::{Extra, Interval, SECOND, Scene, event, iteration, star};
use weft_wire::plan::{Plan, PlanJob};

const PERIOD: i64 = 1_070_000_000;

/// Looks on for ever.
fn spins(_: &Features, out: &mut Sink<'_>) {
    loop {
        out.look_at(Spot::Place(Place::Cable(0)), 1);
    }
}

/// Fails once it has said something of a cable it should not have.
fn fails(features: &Features, out: &mut Sink<'_>) {
    out.absent(FactKind::LinkDown, Place::Cable(1));
    out.look_at(Spot::Place(Place::Cable(1)), 1);
    assert!(features.ports.is_empty(), "of its own");
}

fn forget_cable(features: &mut Features, spot: Option<Spot>) {
    let conservation = DETECTORS.iter().find(|detector| detector.name == "conservation").expect("a row");
    (conservation.forget)(features, spot);
}

const LINK_STATE: Detector =
    Detector { name: "link_state", detect: DETECT_LINKS, forget: forget_cable, reads: &[], armed: &[] };
const DETECT_LINKS: fn(&Features, &mut Sink<'_>) = |features, out| (DETECTORS[0].detect)(features, out);
static WITH_FAULTS: [Detector; 3] = [
    Detector { name: "spins", detect: spins, forget: |_, _| {}, reads: &[], armed: &[] },
    Detector { name: "fails", detect: fails, forget: forget_cable, reads: &[], armed: &[] },
    LINK_STATE,
];

fn scene(detectors: &'static [Detector]) -> Scene {
    let mut scene = Scene::new(star(4));
    scene.engine = Engine::with_detectors(star(4), EngineConfig::of_tick(SECOND), detectors);
    scene
}

fn second(scene: &mut Scene, kind: Option<&str>) -> Outcome {
    let events = kind.map(|kind| event(scene.now_ns(), "leaf", "swp2", kind)).into_iter().collect();
    scene.second(|_, at| iteration(at, PERIOD, 0), Extra { events, ..Extra::default() })
}

#[test]
fn a_detector_that_spins_or_fails_takes_no_other_with_it() {
    let mut scene = scene(&WITH_FAULTS);
    second(&mut scene, Some("link_up"));
    let outcome = second(&mut scene, Some("link_down"));
    let dropped: Vec<_> = outcome.dropped.iter().map(|d| (d.detector, d.reason)).collect();
    assert_eq!(dropped, [("spins", Reason::Budget), ("fails", Reason::Panic)]);
    assert!(outcome.dropped[1].text.contains("of its own"));
    assert_eq!(scene.opened(), [("link_down".into(), "h2".into(), "eth1".into())]);
}

#[test]
fn what_failed_forgets_the_place_it_was_looking_at_and_no_other() {
    let mut scene = scene(&WITH_FAULTS);
    for _ in 0..5 {
        second(&mut scene, None);
    }
    let kept: Vec<usize> = scene.engine.features().cables.iter().map(|ways| ways[0].ring.len()).collect();
    assert!(kept[1] == 0 && kept[0] >= 3 && kept[2] >= 3, "{kept:?}");
}

#[test]
fn no_detector_comes_near_its_budget() {
    let mut scene = Scene::new(star(24));
    for second in 0..60 {
        let lost = if second > 30 { 0.02 } else { 0.0 };
        let traffic = |host: &str, at: i64| Interval {
            lost,
            ..iteration(at, PERIOD, if host == "h5" { 150_000_000 } else { 0 })
        };
        let outcome = scene.second(traffic, Extra::default());
        assert_eq!(outcome.dropped, []);
    }
    let (features, watched) = (scene.engine.features(), Watch::default());
    for detector in DETECTORS {
        let mut sink = Sink::within(features, &watched, features.budget() / 4);
        (detector.detect)(features, &mut sink);
    }
}

#[test]
fn hosts_of_jobs_that_no_collector_reads_cost_no_detector_its_budget() {
    let hosts = |job: usize| (0..512).map(move |host| format!("n{}", job * 512 + host));
    let row = |job: usize, device: String| PlanJob { job: format!("train{job}"), device, ..PlanJob::default() };
    let jobs = (0..6).flat_map(|job| hosts(job).map(move |device| row(job, device)));
    let mut scene = Scene::new(Plan { jobs: jobs.collect(), ..star(2) });
    for _ in 0..3 {
        assert_eq!(scene.second(|_, at| iteration(at, PERIOD, 0), Extra::default()).dropped, []);
    }
}

#[test]
fn a_clock_set_back_ends_what_was_open_and_judging_begins_anew() {
    let mut scene = Scene::new(star(4));
    second(&mut scene, Some("link_up"));
    second(&mut scene, Some("link_down"));
    scene.tick -= 600;
    let outcome = second(&mut scene, Some("link_up"));
    let [over] = outcome.incidents.as_slice() else { panic!("{:?}", outcome.incidents) };
    assert_eq!(over.state, State::Resolved);
    assert!(over.transitions.last().unwrap().reason.contains("set back"));
    second(&mut scene, Some("link_down"));
    let open: Vec<_> = scene.open().iter().map(|i| i.class.clone()).collect();
    assert_eq!(open, ["link_down"]);
}

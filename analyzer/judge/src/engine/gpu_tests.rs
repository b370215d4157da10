//! GPUs through the whole judge: a GPU that throttles and holds up its job, and a restart amid troubles of GPUs.

use crate::engine::{Engine, EngineConfig};
use crate::fabric::StepMark;
use crate::incident::Severity;
use crate::testkit::{Extra, PortCounters, SECOND, Scene, iteration, star};

type Told = &'static [(&'static str, f64)];
const WELL: Told = &[("sm_clock_mhz", 1_980.0), ("max_sm_clock_mhz", 1_980.0), ("throttle_reasons", 0.0)];
const HOT: Told = &[("sm_clock_mhz", 1_400.0), ("max_sm_clock_mhz", 1_980.0), ("throttle_reasons", 64.0)];
const PERIOD: i64 = 1_070_000_000;

/// A second of a job of four; h2 computes longer by so much, and its GPU tells this.
fn second(scene: &mut Scene, longer_ns: i64, gpu: Told) {
    let start_ns = scene.now_ns();
    let mark = |rank: i32| StepMark {
        job: "train".into(),
        rank,
        device: format!("h{rank}"),
        step: scene.tick,
        phase: "compute".into(),
        start_ns,
        end_ns: start_ns + 400_000_000 + i64::from(rank) * 1_000_000 + if rank == 2 { longer_ns } else { 0 },
    };
    let steps = (0..4).map(mark).collect();
    let told: Vec<PortCounters> = vec![("h2", "gpu3", gpu)];
    scene.second(|_, at| iteration(at, PERIOD, 0), Extra { steps, told, ..Extra::default() });
}

fn opened(scene: &Scene) -> Vec<(String, String)> {
    let mut opened: Vec<_> =
        scene.opened().into_iter().map(|(class, device, port)| (class, format!("{device} {port}"))).collect();
    opened.sort();
    opened
}

#[test]
fn a_host_that_straggles_since_its_gpu_throttles_goes_by_that() {
    let mut scene = Scene::new(star(4));
    (0..16).for_each(|_| second(&mut scene, 0, WELL));
    (0..3).for_each(|_| second(&mut scene, 120_000_000, HOT));
    assert_eq!(opened(&scene), [("gpu_throttle".to_owned(), "h2 gpu3".to_owned())]);
    (0..14).for_each(|_| second(&mut scene, 120_000_000, HOT));
    assert_eq!(opened(&scene), [("gpu_throttle".to_owned(), "h2 gpu3".to_owned())], "one cause, one incident");
    let incident = scene.open()[0];
    assert!(incident.severity > Severity::Info, "it holds up its job: {}", incident.sentence);
    let facts: Vec<&str> = incident.evidence.iter().map(|item| item.fact.as_str()).collect();
    assert_eq!(facts, ["long_compute", "gpu_throttle"]);
    assert_eq!(incident.jobs[0].job, "train");
}

#[test]
fn a_host_that_straggles_long_after_is_late_for_another_reason() {
    let mut scene = Scene::new(star(4));
    (0..16).for_each(|_| second(&mut scene, 0, WELL));
    (0..60).for_each(|_| second(&mut scene, 0, HOT));
    let finding = ("gpu_throttle".to_owned(), "h2 gpu3".to_owned());
    assert_eq!(opened(&scene), std::slice::from_ref(&finding));
    assert_eq!(scene.open()[0].severity, Severity::Info);
    (0..16).for_each(|_| second(&mut scene, 120_000_000, HOT));
    assert_eq!(opened(&scene), [finding, ("host_straggler".to_owned(), "h2 ".to_owned())]);
    let open = scene.open();
    assert_eq!((open.len(), open[0].class.as_str()), (1, "host_straggler"), "the finding gave way");
}

#[test]
fn a_restart_forgets_no_trouble_of_a_gpu() {
    const UP: Told = &[("link_up", 1.0)];
    const DOWN: Told = &[("link_up", 0.0)];
    const FULL: Told = &[("pcie_width", 16.0), ("pcie_max_width", 16.0)];
    const HALF: Told = &[("pcie_width", 8.0), ("pcie_max_width", 16.0)];
    let told = |is_well: bool| -> Vec<PortCounters> {
        let (gpu, link, card) = if is_well { (WELL, UP, FULL) } else { (HOT, DOWN, HALF) };
        vec![("h1", "gpu3", gpu), ("h1", "gpu3/link7", link), ("h1", "eth1", card)]
    };
    let run = |scene: &mut Scene, seconds: usize, is_well: bool| {
        for _ in 0..seconds {
            scene.second(|_, at| iteration(at, PERIOD, 0), Extra { told: told(is_well), ..Extra::default() });
        }
    };
    let mut scene = Scene::new(star(3));
    run(&mut scene, 3, true);
    run(&mut scene, 3, false);
    let expected = [("gpu_throttle", "h1 gpu3"), ("nvlink_down", "h1 gpu3/link7"), ("pcie_degraded", "h1 eth1")];
    assert_eq!(opened(&scene), expected.map(|(class, at)| (class.to_owned(), at.to_owned())));
    let saved = scene.engine.snapshot(&scene.entities);
    scene.engine = Engine::restore(&star(3), &EngineConfig::of_tick(SECOND), &saved).expect("its own snapshot");
    scene.entities = Default::default();
    run(&mut scene, 3, false);
    assert_eq!((opened(&scene).len(), scene.open().len()), (3, 3), "the same three");
    run(&mut scene, 35, true);
    assert!(scene.open().is_empty(), "{:?}", scene.incidents);
}

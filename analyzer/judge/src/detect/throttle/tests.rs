use crate::incident::Severity;
use crate::testkit::{Extra, PortCounters, Scene, iteration, star};

type Told = &'static [(&'static str, f64)];
const WELL: Told = &[("sm_clock_mhz", 1_755.0), ("max_sm_clock_mhz", 1_980.0), ("throttle_reasons", 4.0)];
const HOT: Told = &[("sm_clock_mhz", 1_200.0), ("max_sm_clock_mhz", 1_980.0), ("throttle_reasons", 64.0)];
const CAPPED: Told = &[("sm_clock_mhz", 1_200.0), ("max_sm_clock_mhz", 1_980.0), ("throttle_reasons", 4.0)];
const IDLE: Told = &[("sm_clock_mhz", 210.0), ("max_sm_clock_mhz", 1_980.0), ("throttle_reasons", 1.0)];

/// A second in which gpu3 of h1 tells this, and all other GPUs are under full load, power-capped like each other.
fn second(scene: &mut Scene, own: Option<Told>) {
    const GPUS: [(&str, &str); 4] = [("h0", "gpu0"), ("h0", "gpu1"), ("h1", "gpu2"), ("h2", "gpu0")];
    let mut told: Vec<PortCounters> = GPUS.iter().map(|(host, gpu)| (*host, *gpu, WELL)).collect();
    told.extend(own.map(|own| ("h1", "gpu3", own)));
    scene.second(|_, at| iteration(at, 1_070_000_000, 0), Extra { told, ..Extra::default() });
}

#[test]
fn a_clock_that_is_held_down_is_a_finding_that_costs_nothing() {
    for (own, expected) in [(WELL, None), (HOT, Some("gpu_throttle")), (CAPPED, Some("power_cap")), (IDLE, None)] {
        let mut scene = Scene::new(star(3));
        (0..5).for_each(|_| second(&mut scene, Some(WELL)));
        (0..3).for_each(|_| second(&mut scene, Some(own)));
        let named: Vec<_> = scene.opened();
        let expected: Vec<_> =
            expected.iter().map(|class| ((*class).to_owned(), "h1".to_owned(), "gpu3".to_owned())).collect();
        assert_eq!(named, expected, "{own:?}");
        for incident in scene.open() {
            assert_eq!((incident.severity, incident.jobs.len()), (Severity::Info, 0), "{}", incident.sentence);
            assert!(incident.sentence.contains("1200 MHz") || incident.sentence.contains("below"), "{}", incident.sentence);
        }
        (0..30).for_each(|_| second(&mut scene, None));
        assert_eq!(scene.open().len(), expected.len(), "the others' clocks say nothing of this one");
    }
}

#[test]
fn it_is_over_when_the_clock_is_back() {
    let mut scene = Scene::new(star(3));
    (0..3).for_each(|_| second(&mut scene, Some(HOT)));
    assert_eq!(scene.open().len(), 1);
    (0..13).for_each(|_| second(&mut scene, Some(WELL)));
    assert!(scene.open().is_empty(), "{:?}", scene.incidents);
}

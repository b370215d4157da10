//! A cable that loses packets, is mended, and loses packets again.

use crate::fabric::Part;
use crate::incident::State;
use crate::kinds::FactKind;
use crate::testkit::{Extra, Interval, Scene, iteration, star};

const PERIOD: i64 = 1_070_000_000;

/// So many seconds in which `h2` loses this part of its packets on the way to the leaf.
fn run(scene: &mut Scene, seconds: usize, lost: f64) {
    let traffic =
        |host: &str, at: i64| Interval { lost: if host == "h2" { lost } else { 0.0 }, ..iteration(at, PERIOD, 0) };
    (0..seconds).for_each(|_| _ = scene.second(traffic, Extra::default()));
}

/// Since when the loss on the cable is over, as detectors are handed it.
fn over_since(scene: &Scene) -> Option<i64> {
    let over = scene.engine.diagnosis.open().over;
    let (part, &over_ns) = over.get(&FactKind::ConservationLoss)?.first_key_value()?;
    assert!(matches!(part, Part::Cable(..)), "{part:?}");
    Some(over_ns)
}

#[test]
fn a_loss_that_is_over_is_looked_for_only_in_readings_since_and_found_when_it_comes_back() {
    let mut scene = Scene::new(star(4));
    run(&mut scene, 30, 0.0);
    run(&mut scene, 12, 0.02);
    assert_eq!((scene.opened().len(), over_since(&scene)), (1, None));
    let mended_ns = scene.now_ns();
    run(&mut scene, 20, 0.0);
    let over_ns = over_since(&scene).expect("resolved");
    assert!((mended_ns..scene.now_ns()).contains(&over_ns), "{over_ns}");
    run(&mut scene, 12, 0.02);
    let states: Vec<State> = scene.incidents.values().map(|incident| incident.state).collect();
    assert_eq!(states.iter().filter(|state| **state == State::Open).count(), 1, "{states:?}");
    assert_eq!(states.iter().filter(|state| **state == State::Resolved).count(), 1, "{states:?}");
}

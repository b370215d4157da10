//! What arms a detector, and that what does not is named with its mend.

use super::*;
use crate::testkit::{Extra, SECOND, Scene, event, iteration, star};
use weft_wire::plan::Plan;

const PERIOD: i64 = 1_070_000_000;

fn told(mut plan: Plan, adjust: impl FnOnce(&mut Plan), seconds: usize) -> Scene {
    adjust(&mut plan);
    let mut scene = Scene::new(plan);
    (0..seconds).for_each(|_| _ = scene.second(|_, at| iteration(at, PERIOD, 0), Extra::default()));
    scene
}

fn row(scene: &Scene, detector: &str) -> Armed {
    let rows = armed(scene.engine.features(), false);
    rows.into_iter().find(|row| row.detector == detector).unwrap_or_else(|| panic!("no row {detector}"))
}

fn off(row: &Armed) -> Vec<(&str, usize)> {
    row.off.iter().map(|off| (off.reason.as_str(), off.count)).collect()
}

#[test]
fn every_kind_of_fact_has_one_row() {
    for &kind in FactKind::ALL {
        let rows = rows().filter(|row| row.facts.contains(&kind));
        assert_eq!(rows.count(), 1, "{}", kind.name());
    }
}

#[test]
fn a_whole_plan_arms_what_the_readings_carry() {
    let scene = told(star(4), |_| {}, 30);
    let slow = row(&scene, "slow_link");
    assert_eq!((slow.armed, slow.ports, off(&slow)), (true, 8, vec![]));
    let loss = row(&scene, "packet_loss");
    assert_eq!((loss.ports, off(&loss)), (8, vec![]));
    let late = row(&scene, "straggler by traffic");
    assert_eq!((late.armed, late.jobs, off(&late)), (true, 1, vec![]));
    let marks = row(&scene, "straggler by step marks");
    assert_eq!((marks.armed, off(&marks)), (false, vec![("no step marks", 1)]));
    // The scene's readings carry no link state; an event of one link arms that one.
    assert_eq!(off(&row(&scene, "link_down")), [("link state not told", 8)]);
}

#[test]
fn without_speeds_cables_or_jobs_it_is_said_what_would_arm() {
    let bare = |plan: &mut Plan| {
        plan.ports.iter_mut().for_each(|port| port.speed_bps = None);
        (plan.cables, plan.jobs) = (Vec::new(), Vec::new());
    };
    let scene = told(star(3), bare, 5);
    let slow = row(&scene, "slow_link");
    assert_eq!((slow.armed, off(&slow)), (false, vec![("speed unknown", 6)]));
    assert_eq!(slow.off[0].arm, "plan ports.csv speed_bps");
    assert_eq!(off(&row(&scene, "packet_loss")), [("no cable in the plan", 6)]);
    let late = row(&scene, "straggler by traffic");
    assert_eq!((late.armed, off(&late)), (false, vec![("no job in the plan", 0)]));
    assert!(row(&scene, "counter_reset").armed && row(&scene, "sensor_dropout").armed);
}

#[test]
fn an_empty_plan_and_no_data_arm_nothing() {
    let scene = told(Plan::default(), |_| {}, 0);
    assert!(
        armed(scene.engine.features(), false)
            .iter()
            .all(|row| !row.armed && !row.off.is_empty() || row.detector == "sensor_dropout")
    );
    assert_eq!(heard(scene.engine.features(), false), Heard::default());
}

#[test]
fn a_link_is_watched_once_it_has_been_up_or_where_the_plan_has_a_cable() {
    let watched = |plan: Plan| {
        let mut scene = Scene::new(plan);
        let events = ["link_up", "link_down"].into_iter().zip(["h0", "h1"]);
        let events = events.map(|(kind, host)| event(scene.now_ns(), host, "eth1", kind)).collect();
        scene.second(|_, at| iteration(at, PERIOD, 0), Extra { events, ..Extra::default() });
        let down = row(&scene, "link_down");
        assert_eq!(row(&scene, "link_flap").off, down.off);
        (down.ports, off(&down).into_iter().map(|(reason, count)| (reason.to_owned(), count)).collect::<Vec<_>>())
    };
    let off = |reasons: &[(&str, usize)]| reasons.iter().map(|(r, n)| ((*r).to_owned(), *n)).collect::<Vec<_>>();
    assert_eq!(watched(star(2)), (2, off(&[("link state not told", 2)])));
    let bare = Plan { cables: Vec::new(), ..star(2) };
    assert_eq!(watched(bare), (1, off(&[("link state not told", 2), ("never seen up", 1)])));
}

#[test]
fn what_is_not_heard_lately_is_not_watched() {
    let mut scene = told(star(3), |_| {}, 25);
    let mute = || Extra { mute: vec!["h1".into()], ..Extra::default() };
    (0..5).for_each(|_| _ = scene.second(|_, at| iteration(at, PERIOD, 0), mute()));
    assert_eq!(heard(scene.engine.features(), false), Heard { lately: 6, silent: 0, never: 0 });
    scene.second(|_, at| iteration(at, PERIOD, 0), mute());
    assert_eq!(heard(scene.engine.features(), false), Heard { lately: 5, silent: 1, never: 0 });
    assert_eq!(off(&row(&scene, "counter_reset")), [("not heard lately", 1)]);
    assert_eq!(off(&row(&scene, "packet_loss")), [("not heard lately", 1), ("the far end is not heard", 1)]);
    assert_eq!(scene.engine.features().tick_ns, SECOND);
    // No tick closes at all: what the features remembers is not what is seen.
    assert_eq!(heard(scene.engine.features(), true), Heard { lately: 0, silent: 6, never: 0 });
    assert!(
        armed(scene.engine.features(), true).iter().all(|row| !row.armed),
        "nothing is watched while nothing comes"
    );
}

#[test]
fn planned_ports_that_nobody_reads_are_said() {
    let mut scene = Scene::new(star(3));
    scene.second(|_, at| iteration(at, PERIOD, 0), Extra { mute: vec!["h0".into()], ..Extra::default() });
    assert_eq!(heard(scene.engine.features(), false).never, 1);
    assert!(off(&row(&scene, "counter_reset")).contains(&("read by no collector", 1)));
}

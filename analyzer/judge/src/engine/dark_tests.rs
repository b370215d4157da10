//! Links that are dark from the first word on, and links that go down again and again.

use super::{Engine, EngineConfig};
use crate::fabric::{EntityTable, Tick};
use crate::incident::{Incident, State};
use crate::testkit::{Extra, SECOND, Scene, event, iteration, star};
use std::collections::BTreeMap;

const PERIOD: i64 = 1_070_000_000;

/// A star of four hosts, the link of `h1` without a carrier from the first word on, for so many seconds.
fn dark_from_the_start(seconds: usize, mute: &[&str]) -> Scene {
    let mut scene = Scene::new(star(4));
    for second in 0..seconds {
        let events = if second == 0 { vec![event(scene.now_ns(), "h1", "eth1", "link_down")] } else { Vec::new() };
        let mute = mute.iter().map(|device| (*device).to_owned()).collect();
        scene.second(|_, at| iteration(at, PERIOD, 0), Extra { events, mute, ..Extra::default() });
    }
    scene
}

#[test]
fn a_planned_cable_that_is_dark_from_the_first_sample_is_named_once_its_optics_had_their_time() {
    assert_eq!(dark_from_the_start(29, &[]).opened(), []);
    let scene = dark_from_the_start(32, &[]);
    assert_eq!(scene.opened(), [("link_down".into(), "h1".into(), "eth1".into())]);
    let incident = scene.incidents.values().next().expect("one");
    assert_eq!(incident.evidence[0].says, "is cabled in the plan and was never seen up, down");
}

#[test]
fn a_planned_machine_that_was_never_switched_on_leaves_its_cable_dark_by_design() {
    assert_eq!(dark_from_the_start(60, &["leaf"]).opened(), []);
}

/// Every incident of a link that is down from and until these seconds, watched for so long.
fn flapping(downs: &[(i64, i64)], seconds: i64) -> BTreeMap<String, Incident> {
    let mut engine = Engine::new(star(4), EngineConfig::of_tick(SECOND));
    let (entities, mut incidents) = (EntityTable::default(), BTreeMap::new());
    for index in 0..seconds {
        let goes_down = downs.iter().any(|(from, _)| *from == index);
        let comes_up = index == 0 || downs.iter().any(|(_, until)| *until == index);
        let kind = if goes_down { Some("link_down") } else { comes_up.then_some("link_up") };
        let events = kind.map(|kind| event(index * SECOND, "h1", "eth1", kind)).into_iter().collect();
        let (start_ns, end_ns) = (index * SECOND, (index + 1) * SECOND);
        let tick = Tick { index, start_ns, end_ns, batches: vec![], events, steps: vec![], silent: vec![] };
        let outcome = engine.on_tick(&tick, &entities);
        incidents.extend(outcome.incidents.into_iter().map(|incident| (incident.id.clone(), incident)));
    }
    incidents
}

/// How many incidents opened, and the classes that are still open at the end.
fn check(downs: &[(i64, i64)], seconds: i64, opened: usize, open: &[&str]) -> BTreeMap<String, Incident> {
    let incidents = flapping(downs, seconds);
    let still: Vec<&str> = incidents.values().filter(|i| i.state == State::Open).map(|i| i.class.as_str()).collect();
    assert_eq!((incidents.len(), still.as_slice()), (opened, open), "{incidents:#?}");
    incidents
}

#[test]
fn a_link_that_goes_down_every_two_minutes_is_one_flap_and_not_one_a_down() {
    let downs: Vec<(i64, i64)> = (0..10).map(|n| 100 + n * 120).map(|from| (from, from + 3)).collect();
    // The first down is a link that went down; from the second on it flaps, until it has been up for three of its gaps.
    let incidents = check(&downs, 1_180 + 300, 2, &["link_flap"]);
    let flap = incidents.values().find(|incident| incident.class == "link_flap").expect("a flap");
    assert!(flap.sentence.contains("10 times"), "{}", flap.sentence);
    check(&downs, 1_180 + 3 + 370, 2, &[]);
}

/// When a cable between two real routers was down (../shared/traces/routers/ecmp-onset), in seconds.
const ROUTERS: [(i64, i64); 6] = [(65, 95), (235, 425), (445, 775), (845, 915), (925, 1_245), (1_726, 1_745)];

#[test]
fn a_cable_of_real_routers_that_flaps_for_half_an_hour_is_two_incidents_and_not_four() {
    check(&ROUTERS, 1_900, 2, &["link_flap"]);
}

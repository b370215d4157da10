//! A restart between two ticks changes nothing that the judge says afterwards.

use super::*;
use crate::engine::Outcome;
use crate::fabric::{Entity, EntityTable};
use crate::incident::{Incident, State};
use crate::testkit::{Counted, Extra, Interval, SECOND, Scene, event, iteration, star};
use proptest::prelude::*;
use weft_wire::plan::PlanJob;

const PERIOD: i64 = 1_070_000_000;
const SECONDS: i64 = 100;

fn config() -> EngineConfig {
    EngineConfig::of_tick(SECOND)
}

/// Eight hosts in one job. Their byte counters have 28 bits: at 6 MB a second all wrap after some 40 s.
pub(super) fn begin() -> Scene {
    let mut scene = Scene::new(star(8));
    scene.narrow = Some(28);
    scene
}

/// One second of a story with all that a snapshot must carry: from second 30 to 60 h1 loses packets, and h2 some that its
/// switch port counts as damaged, h4 pauses its switch for some seconds and has a queue that stands while it sends, h3's
/// counters begin anew in second 34, h5 is late from second 40 on, the link of h6 goes down in seconds 20 and 45, and a port
/// that no plan knows comes up.
pub(super) fn second(scene: &mut Scene, second: i64) -> Outcome {
    if second == 34 {
        scene.restart_counters("h3");
    }
    let link = |at: i64, port: &str, kind: &str| (second == at).then(|| event(scene.now_ns() + 1, "leaf", port, kind));
    let events = [
        link(0, "swp6", "link_up"),
        link(20, "swp6", "link_down"),
        link(24, "swp6", "link_up"),
        link(45, "swp6", "link_down"),
        link(51, "swp6", "link_up"),
    ];
    let traffic = |host: &str, at: i64| {
        let late = if host == "h5" && second >= 40 { 150_000_000 } else { 0 };
        let (lost, counted) = match host {
            "h1" if (30..60).contains(&second) => (0.02, Counted::Nobody),
            "h2" if (30..60).contains(&second) => (0.001, Counted::AsErrors),
            _ => (0.0, Counted::Nobody),
        };
        let sent = iteration(at, PERIOD, late);
        let queue_bytes = if host == "h4" && sent.sent > 0.0 { 20_000.0 } else { 0.0 };
        Interval { lost, counted, queue_bytes, ..sent }
    };
    let pressure = (0..8).map(|host| (format!("h{host}"), 0.01 * host as f64)).collect();
    let paused_us: &'static [(&str, f64)] = vec![("tx_pause_us", 1e5 * (second - 30).clamp(0, 5) as f64)].leak();
    let told = vec![("h4", "eth1", paused_us)];
    let events = events.into_iter().flatten().collect();
    scene.second(traffic, Extra { events, pressure, told, ..Extra::default() })
}

/// All that is written down of a tick.
fn said(outcome: &Outcome) -> String {
    assert_eq!(outcome.dropped, []);
    serde_json::to_string(&(&outcome.facts, &outcome.incidents)).unwrap()
}

/// Goes on with another engine, whose process hears of the entities in another order.
fn restart(scene: &mut Scene, plan: &Plan) {
    let snapshot = scene.engine.snapshot(&scene.entities);
    scene.engine = Engine::restore(plan, &config(), &snapshot).unwrap();
    let known: Vec<Entity> = scene.entities.iter().cloned().collect();
    scene.entities = EntityTable::default();
    known.into_iter().rev().for_each(|entity| _ = scene.entities.describe(entity));
}

#[test]
fn two_halves_with_a_restart_between_say_what_one_piece_says() {
    let mut whole = begin();
    let expected: Vec<String> = (0..SECONDS).map(|s| said(&second(&mut whole, s))).collect();
    let opened: Vec<_> = whole.opened().into_iter().map(|(class, device, _)| (class, device)).collect();
    for named in [
        ("silent_drop", "h1"),
        ("lossy_link", "h2"),
        ("host_straggler", "h5"),
        ("link_flap", "h6"),
        ("counter_reset", "h3"),
    ] {
        assert!(
            opened.iter().any(|(class, device)| (class.as_str(), device.as_str()) == named),
            "{named:?} {opened:?}"
        );
    }
    for cuts in [&[1][..], &[21], &[32, 33], &[34], &[35], &[43, 44, 45, 46], &[58], &[62], &[90]] {
        let mut halves = begin();
        for (s, expected) in (0..SECONDS).zip(&expected) {
            if cuts.contains(&s) {
                restart(&mut halves, &star(8));
            }
            assert_eq!(&said(&second(&mut halves, s)), expected, "second {s} after a restart at {cuts:?}");
        }
    }
}

#[test]
fn a_snapshot_of_what_was_restored_is_the_same_snapshot() {
    let mut scene = begin();
    (0..50).for_each(|s| _ = second(&mut scene, s));
    let before = scene.engine.snapshot(&scene.entities);
    let engine = Engine::restore(&star(8), &config(), &before).unwrap();
    assert_eq!(engine.judged(), Some(scene.tick - 1));
    assert!(engine.snapshot(&EntityTable::default()) == before, "no entity was heard of again, and none is forgotten");
}

#[test]
fn ticks_that_come_again_are_left_and_a_clock_set_back_begins_anew() {
    let mut scene = begin();
    (0..50).for_each(|s| _ = second(&mut scene, s));
    assert!(!scene.open().is_empty());
    restart(&mut scene, &star(8));
    scene.tick -= 20;
    for s in 30..50 {
        assert_eq!(said(&second(&mut scene, s)), "[[],[]]");
    }
    assert!(said(&second(&mut scene, 50)).contains("h5"), "the first new tick is judged");
    restart(&mut scene, &star(8));
    scene.tick -= 600;
    assert_eq!(said(&second(&mut scene, 0)), "[[],[]]", "it may be one that comes again");
    scene.tick -= 1;
    let outcome = second(&mut scene, 0);
    let over = |i: &Incident| i.state == State::Resolved && i.transitions.last().unwrap().reason.contains("set back");
    assert!(!outcome.incidents.is_empty() && outcome.incidents.iter().all(over), "{:?}", outcome.incidents);
}

#[test]
fn what_the_plan_no_longer_has_is_kept_or_dropped_and_what_is_new_begins() {
    let mut scene = begin();
    (0..50).for_each(|s| _ = second(&mut scene, s));
    let mut plan = star(8);
    // h2's cable is gone and its ends are turned at h1; h7 left the plan; a job began, and the old one lost h7.
    plan.cables.retain(|cable| cable.a_device != "h2");
    let turned = plan.cables.iter_mut().find(|cable| cable.a_device == "h1").unwrap();
    std::mem::swap(&mut turned.a_device, &mut turned.b_device);
    std::mem::swap(&mut turned.a_port, &mut turned.b_port);
    plan.ports.retain(|port| port.device != "h7");
    plan.devices.retain(|device| device.device != "h7");
    plan.cables.retain(|cable| cable.a_device != "h7");
    plan.jobs.retain(|job| job.device != "h7");
    plan.jobs.push(PlanJob { job: "other".into(), device: "h7".into(), ..PlanJob::default() });
    let before = scene.engine.features();
    let lost = |features: &crate::features::Features, device: &str| {
        let port = features.topology.find_port(device, "eth1").unwrap();
        features.topology.ports[port].cable.map(|cable| features.cables[cable].clone().map(|way| way.ring.len()))
    };
    let (h1, h7) = (lost(before, "h1").unwrap(), before.topology.find_port("h7", "eth1").unwrap());
    let last = before.ports[h7].last;
    restart(&mut scene, &plan);
    let after = scene.engine.features();
    let h7 = after.topology.find_port("h7", "eth1").expect("kept");
    assert_eq!((after.ports[h7].last, after.topology.ports[h7].planned), (last, false));
    assert_eq!((lost(after, "h1"), lost(after, "h2")), (Some([h1[1], h1[0]]), None));
    assert!(after.jobs.iter().all(|job| job.progress.is_empty()), "other devices make another job");
    (50..60).for_each(|s| _ = said(&second(&mut scene, s)));
}

fn of_half_a_minute() -> Vec<u8> {
    let mut scene = begin();
    (0..35).for_each(|s| _ = second(&mut scene, s));
    scene.engine.snapshot(&scene.entities)
}

fn error(snapshot: &[u8]) -> SnapshotError {
    Engine::restore(&star(8), &config(), snapshot).unwrap_err()
}

#[test]
fn what_is_no_snapshot_of_this_version_whole_and_sound_says_so() {
    let snapshot = of_half_a_minute();
    assert_eq!(
        (error(b""), error(b"[analyzer]\nstate = \"/var/lib/weft\"")),
        (SnapshotError::Foreign, SnapshotError::Foreign)
    );
    for version in [VERSION - 1, VERSION + 1] {
        let other = header::seal(snapshot.clone(), version);
        assert_eq!(error(&other), SnapshotError::Version { found: version, read: VERSION });
    }
    assert!(matches!(error(&snapshot[..snapshot.len() - 1]), SnapshotError::Torn { .. }));
    let mut damaged = snapshot.clone();
    damaged[snapshot.len() / 2] ^= 1;
    assert_eq!(error(&damaged), SnapshotError::Damaged);
    let other = Engine::restore(&star(8), &EngineConfig::of_tick(2 * SECOND), &snapshot).unwrap_err();
    assert_eq!(other, SnapshotError::Ticks { found: SECOND, here: 2 * SECOND });
}

/// Content that has the right checksum, whatever it says.
fn sealed(content: &[u8]) -> Vec<u8> {
    let mut snapshot = header::open();
    snapshot.extend_from_slice(content);
    header::seal(snapshot, VERSION)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn garbage_is_an_error_and_no_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(Engine::restore(&star(2), &config(), &bytes).is_err());
        prop_assert!(Engine::restore(&star(2), &config(), &sealed(&bytes)).is_err());
    }

    #[test]
    fn a_content_that_was_changed_is_read_or_refused_and_judging_goes_on(at in any::<prop::sample::Index>(), to in any::<u8>()) {
        let snapshot = SNAPSHOT.with(Clone::clone);
        let mut content = header::content(&snapshot, VERSION).unwrap().to_vec();
        *at.get_mut(&mut content) = to;
        if let Ok(engine) = Engine::restore(&star(8), &config(), &sealed(&content)) {
            let mut scene = begin();
            scene.engine = engine;
            scene.tick += 36;
            (36..39).for_each(|s| _ = second(&mut scene, s));
        }
    }
}

thread_local! {
    static SNAPSHOT: Vec<u8> = of_half_a_minute();
}

//! A leaf with six hosts, of which each sends 10,000 packets a second to the leaf and receives as many.

use crate::incident::{Incident, State};
use crate::testkit::{Extra, Interval, SECOND, Scene, star};

/// Bytes an interval of a tenth of a second, in packets of 1,000 bytes.
const BYTES: f64 = 1e6;
/// Seconds for which the leaf is sound at first.
const SOUND: i64 = 90;

/// A leaf that is sound, then loses packets for so many seconds, and is sound again for 30. The senders send again what is
/// lost: `again` is the part by which each host sends more.
fn lossy(seconds: i64, again: impl Fn(&str) -> f64) -> Scene {
    let mut scene = Scene::new(star(6));
    for second in 0..SOUND + seconds + 30 {
        let is_lossy = (SOUND..SOUND + seconds).contains(&second);
        let traffic = |host: &str, _| {
            let more = if is_lossy { again(host) } else { 0.0 };
            Interval { sent: BYTES * (1.0 + more), back: Some(BYTES), ..Interval::default() }
        };
        scene.second(traffic, Extra::default());
    }
    scene
}

fn silent_drops(scene: &Scene) -> Vec<&Incident> {
    scene.incidents.values().filter(|incident| incident.class == "silent_drop" && incident.opened_ns.is_some()).collect()
}

#[test]
fn the_cable_whose_bytes_are_sent_again_is_accused_and_the_case_ends_with_the_loss() {
    let scene = lossy(50, |host| if host == "h2" { 0.02 } else { 0.0 });
    let found = silent_drops(&scene);
    let [incident] = found[..] else { panic!("{found:?}") };
    let culprits: Vec<(&str, &str)> = incident.culprits.iter().map(|c| (c.device.as_str(), c.port.as_str())).collect();
    assert_eq!((culprits, incident.state), (vec![("leaf", "swp2")], State::Resolved));
    let begin_ns = (1_000 + SOUND) * SECOND;
    let after_s = (incident.opened_ns.unwrap() - begin_ns) / SECOND;
    assert!((8..=20).contains(&after_s), "{after_s} s");
    let evidence = &incident.evidence[0];
    let true_ratio = 0.02 / 6.02;
    assert!((evidence.evidence.value / true_ratio - 1.0).abs() < 0.05, "{evidence:?}");
    assert!(evidence.says.ends_with(" % of the packets that leaf takes in never leave it, and it counts none of them"));
}

#[test]
fn where_every_way_in_carries_more_the_switch_is_accused_and_its_cables_are_suspects() {
    let scene = lossy(70, |_| 0.02);
    let found = silent_drops(&scene);
    let [incident] = found[..] else { panic!("{found:?}") };
    let accused = &incident.culprits[0];
    assert_eq!((accused.device.as_str(), accused.port.as_str(), incident.culprits.len()), ("leaf", "", 4));
    assert!(accused.confidence > 0.9 && incident.culprits[1].confidence < 0.2, "{:?}", incident.culprits);
}

#[test]
fn a_leaf_that_takes_few_packets_for_itself_is_sound() {
    assert!(silent_drops(&lossy(70, |_| 5e-5)).is_empty());
}

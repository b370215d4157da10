//! A link that damages what it carries: who is named, by which evidence, and until when.

use crate::incident::{Incident, State};
use crate::testkit::{Counted, Extra, Interval, Scene, iteration, star};

const PERIOD: i64 = 1_070_000_000;

/// Seconds in which the card of h1 tells so many symbol errors more in each.
fn symbols(scene: &mut Scene, seconds: usize, counted: &mut f64, more: f64) {
    for _ in 0..seconds {
        *counted += more;
        let told = ("h1", "eth1", &*vec![("symbol_errors", *counted)].leak());
        scene.second(|_, at| iteration(at, PERIOD, 0), Extra { told: vec![told], ..Extra::default() });
    }
}

/// Seconds in which the switch receives a part of what this host sends damaged, and counts it.
fn damage(scene: &mut Scene, seconds: usize, host: &str, lost: f64) {
    for _ in 0..seconds {
        scene.second(
            |name, at| Interval {
                lost: if name == host { lost } else { 0.0 },
                counted: Counted::AsErrors,
                ..iteration(at, PERIOD, 0)
            },
            Extra::default(),
        );
    }
}

fn only(scene: &Scene) -> &Incident {
    assert_eq!(scene.opened().len(), 1, "{:?}", scene.opened());
    scene.incidents.values().next().expect("one incident")
}

fn facts(incident: &Incident) -> Vec<&str> {
    incident.evidence.iter().map(|item| item.fact.as_str()).collect()
}

#[test]
fn symbols_that_a_card_cannot_read_name_its_cable_by_its_end_and_are_over_when_they_stop() {
    let (mut scene, mut counted) = (Scene::new(star(4)), 3.0);
    symbols(&mut scene, 30, &mut counted, 0.0);
    symbols(&mut scene, 6, &mut counted, 40.0);
    assert_eq!(scene.opened(), [], "six ticks may be chance in a fabric of four nodes");
    symbols(&mut scene, 20, &mut counted, 40.0);
    let incident = only(&scene);
    let culprit = &incident.culprits[0];
    assert_eq!(
        (&*incident.class, &*culprit.device, &*culprit.port, &*culprit.peer_port),
        ("lossy_link", "h1", "eth1", "swp1")
    );
    assert_eq!(facts(incident), ["counted_errors"]);
    assert!(incident.evidence[0].says.contains("symbol_errors, 40 a second"), "{}", incident.evidence[0].says);
    symbols(&mut scene, 30, &mut counted, 0.0);
    assert_eq!(only(&scene).state, State::Resolved);
}

#[test]
fn damage_that_both_ends_tell_of_is_one_incident() {
    let mut scene = Scene::new(star(4));
    damage(&mut scene, 40, "h2", 0.0);
    damage(&mut scene, 30, "h2", 0.02);
    let incident = only(&scene);
    assert_eq!(&*incident.class, "lossy_link");
    assert_eq!(facts(incident), ["conservation_loss_counted", "counted_errors"]);
    damage(&mut scene, 60, "h2", 0.0);
    assert_eq!(only(&scene).state, State::Resolved);
}

#[test]
fn a_counter_that_moves_at_most_ports_accuses_none() {
    let mut scene = Scene::new(star(4));
    let mut counted = 0.0;
    for second in 0..60 {
        counted += if second < 20 { 0.0 } else { 5.0 };
        let told: &'static [(&str, f64)] = vec![("rx_crc_errors", counted)].leak();
        let hosts = ["h0", "h1", "h2"].map(|host| (host, "eth1", told)).to_vec();
        scene.second(|_, at| iteration(at, PERIOD, 0), Extra { told: hosts, ..Extra::default() });
    }
    assert_eq!(scene.opened(), []);
}

//! What is done to interfaces, told to the engine as a whole: events that accuse nobody, and faults that stay faults.

use crate::engine::{Engine, EngineConfig, Outcome};
use crate::fabric::LinkEvent;
use crate::incident::State;
use crate::testkit::{Extra, SAMPLE, SECOND, Scene, event, iteration, star};
use weft_wire::PortChange;
use weft_wire::plan::Plan;

/// (tenth of a second, device, port, what is told).
type Told<'a> = (i64, &'a str, &'a str, What);

#[derive(Clone, Copy)]
enum What {
    Up,
    Down,
    Did(PortChange),
}
use PortChange::{AdminDown, AdminUp, Moved, Removed, Renamed};
use What::{Did, Down, Up};

fn told(scene: &Scene, (tenth, device, port, what): Told<'_>) -> LinkEvent {
    let ts_ns = scene.now_ns() + tenth * SAMPLE;
    match what {
        Up => event(ts_ns, device, port, "link_up"),
        Down => event(ts_ns, device, port, "link_down"),
        Did(change) => LinkEvent { text: change.text(port), ..event(ts_ns, device, port, change.event()) },
    }
}

/// One second in which this is told, and the traffic goes on.
fn second(scene: &mut Scene, says: &[Told<'_>]) -> Outcome {
    let events = says.iter().map(|say| told(scene, *say)).collect();
    scene.second(|_, at| iteration(at, SECOND, 0), Extra { events, ..Extra::default() })
}

/// Four hosts whose cables are up at both ends, for two seconds.
fn fabric() -> Scene {
    let mut scene = Scene::new(star(4));
    begin(&mut scene);
    scene
}

/// The same ports without a plan: nothing is known of their cables.
fn unplanned() -> Scene {
    let mut scene = Scene::new(star(4));
    scene.engine = Engine::new(Plan::default(), EngineConfig::of_tick(SECOND));
    second(&mut scene, &[]);
    begin(&mut scene);
    scene
}

fn begin(scene: &mut Scene) {
    for host in ["h0", "h1", "h2", "h3"] {
        let swp = format!("swp{}", &host[1..]);
        second(scene, &[(0, host, "eth1", Up), (0, "leaf", &swp, Up)]);
    }
}

#[test]
fn what_somebody_does_to_an_interface_accuses_nobody_in_whatever_order_it_is_told() {
    type Story<'a> = (&'a str, &'a [&'a [Told<'a>]]);
    let planned: &[Story<'_>] = &[
        ("set down", &[&[(2, "h1", "eth1", Did(AdminDown))], &[]]),
        ("set down, and the far end notices", &[&[(2, "h1", "eth1", Did(AdminDown)), (3, "leaf", "swp1", Down)], &[]]),
        ("the far end is heard first", &[&[(2, "leaf", "swp1", Down), (3, "h1", "eth1", Did(AdminDown))], &[]]),
        ("the far end is heard a second later", &[&[(9, "h1", "eth1", Did(AdminDown))], &[(1, "leaf", "swp1", Down)]]),
        ("set down by the switch's administrator", &[&[(2, "h1", "eth1", Down), (2, "leaf", "swp1", Did(AdminDown))]]),
        (
            "down and up, twice in a minute",
            &[
                &[(2, "h1", "eth1", Did(AdminDown)), (3, "leaf", "swp1", Down)],
                &[(2, "h1", "eth1", Did(AdminUp)), (8, "h1", "eth1", Up), (8, "leaf", "swp1", Up)],
                &[(2, "h1", "eth1", Did(AdminDown)), (3, "leaf", "swp1", Down)],
                &[(2, "h1", "eth1", Did(AdminUp))],
                &[(2, "h1", "eth1", Up), (2, "leaf", "swp1", Up)],
            ],
        ),
        ("renamed", &[&[(2, "h1", "eth1", Did(Renamed))], &[]]),
        ("moved to a container", &[&[(2, "h1", "eth1", Did(AdminDown)), (2, "h1", "eth1", Did(Moved))], &[]]),
    ];
    let removal: &[Story<'_>] = &[
        ("removed", &[&[(2, "h1", "eth1", Did(Removed))], &[]]),
        ("its carrier goes first", &[&[(2, "h1", "eth1", Down), (4, "h1", "eth1", Did(Removed))], &[]]),
        ("set down, then removed", &[&[(2, "h1", "eth1", Did(AdminDown))], &[(2, "h1", "eth1", Did(Removed))], &[]]),
    ];
    let sets = [(fabric as fn() -> Scene, true, planned), (unplanned, false, planned), (unplanned, false, removal)];
    for (scene, is_planned, stories) in sets {
        for (story, seconds) in stories {
            // Without a plan nobody knows that the two ends are one cable.
            if !is_planned && seconds.iter().flat_map(|s| s.iter()).any(|t| t.1 == "leaf") {
                continue;
            }
            let mut scene = scene();
            seconds.iter().for_each(|says| _ = second(&mut scene, says));
            (0..40).for_each(|_| _ = second(&mut scene, &[]));
            assert_eq!(scene.opened(), [], "{story}");
        }
    }
}

#[test]
fn faults_stay_faults() {
    let down = ("link_down".to_owned(), "h1".to_owned(), "eth1".to_owned());
    // The carrier lost while the interface is up; a port of the plan that is gone; one that moved while its far end lost
    // its carrier, for who moves a port does not mean to break its cable.
    let stories: [&[Told<'_>]; 4] = [
        &[(2, "h1", "eth1", Down)],
        &[(2, "leaf", "swp1", Down)],
        &[(2, "h1", "eth1", Did(AdminDown)), (3, "h1", "eth1", Did(Removed))],
        &[(2, "h1", "eth1", Did(Moved)), (4, "leaf", "swp1", Down)],
    ];
    for says in stories {
        let mut scene = fabric();
        second(&mut scene, says);
        assert_eq!(scene.opened(), std::slice::from_ref(&down));
        second(&mut scene, &[(0, "h1", "eth1", Up), (0, "leaf", "swp1", Up)]);
        (0..31).for_each(|_| _ = second(&mut scene, &[]));
        assert!(scene.open().is_empty(), "both ends are there again");
    }
    let mut scene = fabric();
    second(&mut scene, &[(2, "h1", "eth1", Did(AdminDown)), (3, "leaf", "swp1", Down)]);
    second(&mut scene, &[(2, "h1", "eth1", Did(AdminUp))]);
    (0..20).for_each(|_| _ = second(&mut scene, &[]));
    assert_eq!(scene.opened(), [], "it may be training");
    (0..15).for_each(|_| _ = second(&mut scene, &[]));
    assert_eq!(scene.opened(), [down], "the far end sees no carrier, though nobody keeps the port down any more");
}

#[test]
fn what_is_open_on_a_port_ends_with_it_and_says_why() {
    for (plan, change, reason) in [
        (fabric as fn() -> Scene, AdminDown, "h1 eth1 was set down by its administrator"),
        (fabric, Renamed, "h1 eth1 was given another name"),
        (unplanned, Removed, "h1 eth1 was removed from its device"),
        (unplanned, Moved, "h1 eth1 was moved to another network namespace"),
    ] {
        let mut scene = plan();
        second(&mut scene, &[(2, "h1", "eth1", Down)]);
        (0..10).for_each(|_| _ = second(&mut scene, &[]));
        assert_eq!(scene.open().len(), 1);
        second(&mut scene, &[(2, "h1", "eth1", Did(change))]);
        let [incident] = &scene.incidents.values().collect::<Vec<_>>()[..] else { panic!("one incident") };
        let last = incident.transitions.last().expect("resolved");
        assert_eq!((incident.state, last.reason.as_str()), (State::Resolved, reason));
    }
}

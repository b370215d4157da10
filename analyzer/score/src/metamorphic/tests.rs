//! Each disturbance on a small trace by hand: what it changes, and that its way back leads to the first trace.

use super::*;
use crate::incident::{Culprit, Incident};
use std::collections::BTreeSet;
use weft_trace::testkit::{T0, tiny};
use weft_trace::{TraceTables, Truth};

const S: i64 = 1_000_000_000;

fn tables() -> TraceTables {
    let dir = tempfile::tempdir().unwrap();
    tiny(dir.path());
    TraceTables::load(dir.path()).unwrap()
}

/// The cable of n1 is pulled from second 20 to 40.
fn truth() -> Vec<Truth> {
    vec![crate::testkit::truth("link_down", "n1", "eth0", 20, 40)]
}

/// The tables disturbed, and what an incident of the pulled cable, opened at some second, is told as.
fn disturbed(disturbance: &Disturbance, seed: u64) -> (TraceTables, Back) {
    let mut changed = tables();
    let back = (disturbance.apply)(&mut changed, &truth(), Dice::new(seed));
    (changed, back)
}

fn told(back: &Back, device: &str, port: &str, second: i64) -> (String, String, i64) {
    let culprit = Culprit { device: device.into(), port: Some(port.into()) };
    let incident = Incident { opened_ns: Some(T0 + second * S), culprits: Some(vec![culprit]), ..Incident::default() };
    let told = back.incident(incident);
    let (device, port) = told.culprit();
    (device.to_owned(), port.to_owned(), (told.opened_ns.unwrap() - T0).div_euclid(S))
}

fn stamps(tables: &TraceTables, device: &str) -> BTreeSet<i64> {
    let of_device = |place: u32| tables.places[place as usize].device == device;
    tables.readings.iter().filter(|r| of_device(r.place)).map(|r| r.ts_ns - T0).collect()
}

#[test]
fn names_change_everywhere_and_come_back() {
    let (changed, back) = disturbed(&renamed::RENAMED, 3);
    let old: BTreeSet<String> = tables().places.iter().map(|p| p.device.clone()).collect();
    assert!(changed.places.iter().all(|p| !old.contains(&p.device)));
    let named = |device: &String| changed.plan.devices.iter().any(|d| d.device == *device);
    assert!(changed.places.iter().all(|p| named(&p.device)));
    assert!(changed.plan.jobs.iter().all(|j| named(&j.device)) && changed.events.iter().all(|e| named(&e.device)));
    let cable = &changed.plan.cables[1];
    assert_eq!(told(&back, &cable.a_device, &cable.a_port, 21), ("n1".into(), "eth0".into(), 21));
    assert_eq!(told(&back, &cable.b_device, "", 21), ("l0".into(), String::new(), 21));
    assert_ne!(disturbed(&renamed::RENAMED, 4).0.places, changed.places, "another seed, other names");
}

#[test]
fn rows_and_ends_change_places_and_nothing_else() {
    let (changed, _) = disturbed(&permuted::PERMUTED, 3);
    let sorted = |tables: &TraceTables| {
        let mut rows: Vec<String> = tables.readings.iter().map(|r| format!("{r:?}")).collect();
        rows.sort();
        rows
    };
    assert_eq!(sorted(&changed), sorted(&tables()));
    assert_ne!(changed.readings, tables().readings);
    let (changed, _) = disturbed(&mirrored::MIRRORED, 3);
    assert_eq!((changed.plan.cables[0].a_device.as_str(), changed.plan.cables[0].b_port.as_str()), ("l0", "eth0"));
    assert_eq!(changed.readings, tables().readings);
}

#[test]
fn stamps_move_and_come_back() {
    let (changed, back) = disturbed(&shifted::SHIFTED, 3);
    let days = 200 * 86_400;
    assert_eq!(stamps(&changed, "n1").first(), Some(&(days * S)));
    assert_eq!(changed.plan.jobs[0].start_ns, Some(T0 + days * S));
    assert_eq!(told(&back, "n1", "eth0", days + 21), ("n1".into(), "eth0".into(), 21));

    let (changed, _) = disturbed(&phased::PHASED, 3);
    let phases: Vec<i64> = ["n0", "n1", "l0"].map(|device| *stamps(&changed, device).first().unwrap()).into();
    assert!(phases.iter().all(|p| (0..200_000_000).contains(p)) && phases[0] != phases[1], "{phases:?}");
    assert!(stamps(&changed, "n1").iter().all(|ns| ns.rem_euclid(S) == phases[1]), "one phase a device");

    let (changed, _) = disturbed(&jittered::JITTERED, 3);
    let of = |device: &str| stamps(&changed, device);
    assert!(of("n1").iter().all(|ns| ns.rem_euclid(S) < 20_000_000) && of("n1") != of("n0"));
    assert_eq!(of("l0").len(), 60, "the ports of a device are read together");
}

#[test]
fn readings_are_left_out() {
    let (changed, _) = disturbed(&decimated::DECIMATED, 3);
    assert_eq!((changed.readings.len(), changed.manifest.tick_ns), (360, 2 * S));
    assert_eq!(stamps(&changed, "n1"), (0..30).map(|n| 2 * n * S).collect());
    let (changed, _) = disturbed(&dropped::DROPPED, 3);
    let left_out = 240 - changed.readings.len() / 3;
    assert!(changed.readings.len().is_multiple_of(3) && (1..=20).contains(&left_out), "{left_out} of 240 rows");
}

#[test]
fn a_healthy_stretch_comes_twice() {
    let (changed, back) = disturbed(&prefixed::PREFIXED, 3);
    // Up to 5 s before the fault at 20, less a third: from 5 to 15 once more.
    assert_eq!(stamps(&changed, "n0"), (0..70).map(|n| n * S).collect());
    assert_eq!(
        (told(&back, "n1", "eth0", 31).2, told(&back, "n1", "eth0", 14).2, told(&back, "n1", "eth0", 15).2),
        (21, 14, 5)
    );
    assert_eq!(changed.events[0].ts_ns, T0 + 30 * S + 5);
}

#[test]
fn disturbances_are_asked_for_by_name() {
    let names = |text: &str| text.parse::<Disturbances>().map(|d| d.0.iter().map(|d| d.name).collect::<Vec<_>>());
    assert_eq!(names("all").unwrap().len(), 9);
    assert_eq!(names("renamed, dropped").unwrap(), ["renamed", "dropped"]);
    assert!(
        names("renamd").unwrap_err().starts_with("there is no \"renamd\": write all, or some of renamed,permuted,")
    );
}

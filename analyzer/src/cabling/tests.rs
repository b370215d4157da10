use super::told::ToldPort;
use super::*;
use weft_judge::fabric::cabling::mismatches;
use weft_judge::testkit::star;
use weft_wire::plan::PlanJob;

/// A collector of this device, whose `port` hears these (system, port, since).
fn told(device: &str, is_switch: bool, hears: &[(&str, &str, &str, i64)]) -> Told {
    let ports: std::collections::BTreeSet<&str> = hears.iter().map(|hears| hears.0).collect();
    let neighbor = |&(port, system, far, since_ns): &(&str, &str, &str, i64)| {
        let said = Neighbor { system_name: system.into(), port_id: far.into(), since_ns, ..Neighbor::default() };
        (device.to_owned(), port.to_owned(), said)
    };
    Told {
        collector: device.into(),
        devices: vec![(device.into(), is_switch)],
        ports: ports.into_iter().map(|port| runs_at(device, port, None)).collect(),
        neighbors: hears.iter().map(neighbor).collect(),
    }
}

fn runs_at(device: &str, port: &str, speed_bps: Option<i64>) -> ToldPort {
    ToldPort { device: device.into(), port: port.to_owned(), mac: None, speed_bps }
}

fn cables(plan: &Plan) -> Vec<String> {
    plan.cables.iter().map(|c| format!("{} {} – {} {}", c.a_device, c.a_port, c.b_device, c.b_port)).collect()
}

#[test]
fn cables_are_found_without_a_plan_and_outlast_a_silent_neighbour_until_another_is_heard() {
    let (mut cabling, bare) = (Cabling::default(), Plan::default());
    assert!(cabling.learn(told("h0", false, &[("eth1", "leaf", "swp0", 5)])));
    assert!(!cabling.learn(told("h0", false, &[("eth1", "leaf", "swp0", 5)])), "nothing new");
    assert_eq!(cables(&cabling.merge(&bare).0), ["h0 eth1 – leaf swp0"]);
    assert!(cabling.learn(told("h0", false, &[])));
    let (merged, neighbors) = cabling.merge(&bare);
    assert_eq!((cables(&merged), neighbors[0].is_fresh), (vec!["h0 eth1 – leaf swp0".to_owned()], false));
    cabling.learn(told("h0", false, &[("eth1", "leaf", "swp0", 5), ("eth1", "leaf", "swp9", 8)]));
    assert_eq!(cables(&cabling.merge(&bare).0), ["h0 eth1 – leaf swp9"], "the youngest");
}

#[test]
fn devices_are_switches_by_their_collectors_or_by_what_they_work_as() {
    let mut cabling = Cabling::default();
    let mut heard = told("h0", false, &[("eth1", "spine", "swp0", 5), ("eth2", "h1", "eth2", 5)]);
    heard.neighbors[0].2.capabilities = Some(4);
    heard.neighbors[1].2.capabilities = Some(4);
    cabling.learn(heard);
    cabling.learn(told("h1", false, &[]));
    cabling.learn(told("leaf", true, &[]));
    let merged = cabling.merge(&Plan::default()).0;
    let switches: Vec<&str> = merged.devices.iter().map(|device| device.device.as_str()).collect();
    assert_eq!(switches, ["leaf", "spine"], "h1 forwards for its containers, and is a node");
}

#[test]
fn what_contradicts_the_plan_is_a_mismatch_only_where_the_name_is_known() {
    let (mut cabling, plan) = (Cabling::default(), star(2));
    cabling.learn(told("h0", false, &[("eth1", "leaf", "swp1", 5)]));
    assert_eq!(mismatches(&cabling.merge(&plan).0).len(), 1);
    cabling.learn(told("h0", false, &[("eth1", "LEAF", "Ethernet1", 6)]));
    assert!(mismatches(&cabling.merge(&plan).0).is_empty());
}

#[test]
fn a_job_on_a_device_that_nobody_has_is_found() {
    let mut cabling = Cabling::default();
    cabling.learn(told("h7", false, &[]));
    let job = |device: &str| PlanJob { job: "j".into(), device: device.into(), ..PlanJob::default() };
    let plan = Plan { jobs: vec![job("h0"), job("h7"), job("h8")], ..star(1) };
    assert_eq!(cabling.unknown_of_jobs(&plan), [("j".to_owned(), "h8".to_owned())]);
}

#[test]
fn a_port_should_run_at_the_highest_speed_that_it_told_where_the_plan_says_none() {
    let (mut cabling, plan) = (Cabling::default(), star(1));
    let speeds = |cabling: &Cabling| -> Vec<(String, i64)> {
        let merged = cabling.merge(&plan).0;
        merged.speeds.into_iter().map(|told| (format!("{} {}", told.device, told.port), told.bps)).collect()
    };
    let at = |gbps: i64| Told {
        ports: vec![runs_at("h0", "eth1", Some(400)), runs_at("h0", "eth2", Some(gbps)), runs_at("h0", "eth3", None)],
        ..told("h0", false, &[])
    };
    cabling.learn(at(400));
    assert_eq!(speeds(&cabling), [("h0 eth2".to_owned(), 400)], "eth1 is planned");
    assert!(cabling.learn(at(200)), "its link trained low");
    assert_eq!(speeds(&cabling), [("h0 eth2".to_owned(), 400)]);
    cabling.learn(at(800));
    assert_eq!(speeds(&cabling), [("h0 eth2".to_owned(), 800)]);
}

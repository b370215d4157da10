//! Who is named, by the bytes and the heat of ports before and after a job became slower.

use super::*;
use crate::features::pace::Slow;
use crate::features::{Heat, Hot, Past};
use std::collections::BTreeMap;
use weft_wire::plan::{Plan, PlanCable, PlanDevice, PlanJob, PlanPort};

const TICK_NS: i64 = 1_000_000_000;
/// The job is slower from this tick on, and it is judged after the last one.
const SINCE: i64 = 100;
const LAST: i64 = 119;
/// What the job keeps of its bytes.
const KEPT: f64 = 0.7;
/// Of 100 Gbit/s: what a port of the job sends in a tick before, if all is even.
const BYTES: f64 = 5e9;

/// Four hosts of job `train` and two of others at two leaves below three spines; a cable from a to b has the ports `to-b` and
/// `to-a`. `h5` runs job `other`, `x` none; `store` is a file server.
fn plan() -> Plan {
    let mut plan = Plan::default();
    let hosts = [("h0", "l0"), ("h1", "l0"), ("h2", "l1"), ("h3", "l1"), ("h5", "l1"), ("x", "l1"), ("store", "l1")];
    let spines = ["s0", "s1", "s2"].into_iter().flat_map(|spine| [("l0", spine), ("l1", spine)]);
    for (a, b) in hosts.into_iter().chain(spines) {
        let (a_port, b_port) = (format!("to-{b}"), format!("to-{a}"));
        for (device, port) in [(a, &a_port), (b, &b_port)] {
            let is_switch = device.starts_with(['l', 's']) && device != "store";
            let [kind, table] = if is_switch { ["switch", "switch_port"] } else { ["node", "nic"] };
            plan.devices.push(PlanDevice { device: device.into(), kind: kind.into(), ..PlanDevice::default() });
            plan.ports.push(PlanPort {
                device: device.into(),
                port: port.clone(),
                table: table.into(),
                speed_bps: Some(100_000_000_000),
                role: if device == "store" { "storage".into() } else { "compute".into() },
                ..PlanPort::default()
            });
        }
        plan.cables.push(PlanCable { a_device: a.into(), a_port, b_device: b.into(), b_port });
    }
    let job = |device: &str| PlanJob {
        job: if device == "h5" { "other".into() } else { "train".into() },
        device: device.into(),
        ..PlanJob::default()
    };
    plan.jobs = ["h0", "h1", "h2", "h3", "h5"].map(job).to_vec();
    plan
}

/// What a port does from [`SINCE`] on: of what it sends in a tick before, how much; and whether a queue stands.
#[derive(Clone, Copy)]
struct Since {
    sends: f64,
    is_hot: bool,
}

const USUAL: Since = Since { sends: KEPT, is_hot: false };

fn full(sends: f64) -> Since {
    Since { sends, is_hot: true }
}

fn cool(sends: f64) -> Since {
    Since { sends, is_hot: false }
}

/// Every port of the job's paths sends 1 of what is usual, and keeps 0.7 of it; hosts outside send nothing. But for these.
fn features(changed: &[(&str, &str, Since)]) -> Features {
    let mut features = Features::new(&plan(), TICK_NS);
    (features.tick, features.now_ns) = (LAST, (LAST + 1) * TICK_NS);
    let changed: BTreeMap<(&str, &str), Since> = changed.iter().map(|&(a, b, since)| ((a, b), since)).collect();
    for port in 0..features.ports.len() {
        let name = features.topology.name(port);
        let (device, to) = (&*name.device, name.port.trim_start_matches("to-"));
        let is_outside = |device: &str| ["h5", "x", "store"].contains(&device);
        let before = if is_outside(device) || is_outside(to) { 0.0 } else { 1.0 };
        let since = changed.get(&(device, to)).copied().unwrap_or(Since { sends: before * KEPT, ..USUAL });
        let mut past = Past::default();
        for tick in 0..=LAST {
            let is_since = tick >= SINCE;
            let sends = if is_since { since.sends } else { before };
            let mut heat = Heat::default();
            // A queue in one of four ticks is usual.
            heat.add(Hot::Queued, tick % 4 == 0 || (is_since && since.is_hot));
            past.add(tick, Some(sends * BYTES), heat);
        }
        features.ports[port].past = Some(Box::new(past));
    }
    features
}

fn named(features: &Features) -> Option<(&'static str, String)> {
    let job = features.topology.find_job("train").expect("planned");
    let slow = Slow { since_s: SINCE as f64, loss: 1.0 - KEPT, usual_s: 2.0 };
    let slowing = Slowing::new(features, job, SINCE * TICK_NS, slow)?;
    let ports = on_its_paths(features, job);
    let found = judge(features, &slowing, &ports, bar(features, ports.len(), 4))?;
    let name = features.topology.name(found.shown_at);
    let part = match found.place {
        Place::Device(device) => features.topology.devices[device].name.clone(),
        _ => format!("{} {}", name.device, name.port),
    };
    Some((found.payload.kind().name(), part))
}

fn check(changed: &[(&str, &str, Since)], expected: Option<(&str, &str)>) {
    let named = named(&features(changed));
    let named = named.as_ref().map(|(kind, part)| (*kind, part.as_str()));
    assert_eq!(named, expected, "{:?}", changed.iter().map(|(a, b, since)| (a, b, since.sends)).collect::<Vec<_>>());
}

#[test]
fn nobody_is_named_without_a_hot_port_or_without_bytes_that_add_up() {
    check(&[], None);
    // Hot, and nobody sends more.
    check(&[("l0", "h0", full(KEPT)), ("l1", "s0", full(KEPT))], None);
    // x sends more, and no port is hot.
    check(&[("x", "l1", cool(0.6)), ("l1", "s0", cool(KEPT + 0.6)), ("s0", "l0", cool(KEPT + 0.6))], None);
    // Where the bytes come from is not read.
    check(&[("s0", "l0", full(KEPT + 0.6)), ("l0", "h0", full(KEPT + 0.6))], None);
    // Too few bytes to take from the job what it loses.
    let few = 0.2;
    check(&[("x", "l1", cool(few)), ("l1", "s0", full(KEPT + few)), ("s0", "l0", cool(KEPT + few))], None);
}

#[test]
fn two_hosts_of_no_job_that_fill_the_last_hop_are_an_incast() {
    let flood = |first: &'static str, second: &'static str, role: f64| {
        [
            (first, "l1", cool(role)),
            (second, "l1", cool(0.3)),
            ("l1", "s0", cool(KEPT + role)),
            ("l1", "s1", cool(KEPT + 0.3)),
            ("s0", "l0", cool(KEPT + role)),
            ("s1", "l0", cool(KEPT + 0.3)),
            ("l0", "h0", full(KEPT + role + 0.3)),
        ]
    };
    check(&flood("x", "h5", 0.6), Some(("incast", "h0 to-l0")));
    // A port before it shows the queue, which stands where the bytes meet.
    let mut before = flood("x", "h5", 0.6);
    (before[4].2.is_hot, before[6].2.is_hot) = (true, false);
    check(&before, Some(("incast", "h0 to-l0")));
    // The first of them runs another job: that job's host is told.
    check(&flood("h5", "x", 0.6), Some(("noisy_neighbour", "h5")));
}

#[test]
fn one_host_outside_the_job_is_a_noisy_neighbour_wherever_it_fills_a_queue() {
    let over = |host: &'static str| {
        [(host, "l1", cool(0.6)), ("l1", "s0", full(KEPT + 0.6)), ("s0", "l0", full(KEPT + 0.6))]
    };
    check(&over("h5"), Some(("noisy_neighbour", "h5")));
    check(&over("x"), Some(("noisy_neighbour", "x")));
    check(&over("store"), None);
}

#[test]
fn of_equal_links_the_one_that_took_over_is_named_and_one_that_has_more_for_another_reason_is_not() {
    let links = |sends: [f64; 3]| {
        [("l0", "s0", full(sends[0])), ("l0", "s1", cool(sends[1])), ("l0", "s2", cool(sends[2]))]
    };
    check(&links([1.3, 0.4, 0.4]), Some(("ecmp_imbalance", "l0 to-s0")));
    // What is lost behind s0 is sent again: nobody sends less.
    check(&links([KEPT * 1.08, KEPT, KEPT]), None);
    // s2's route is withdrawn: the others take over alike.
    check(&links([KEPT * 1.5, KEPT * 1.5, 0.0]), None);
    // So little more cannot cost the job what it loses.
    check(&links([KEPT + 0.14, KEPT - 0.07, KEPT - 0.07]), None);
}

#[test]
fn a_port_is_believed_by_more_evidence_the_more_ports_there_are_a_host() {
    let mut features = Features::new(&Plan::default(), TICK_NS);
    features.nodes = 64;
    for (ports, hosts, expected) in [(16, 16, 11.0), (10, 100, 11.0), (160, 16, 13.3)] {
        assert!((bar(&features, ports, hosts) - expected).abs() < 0.1, "{ports} {hosts}");
    }
}

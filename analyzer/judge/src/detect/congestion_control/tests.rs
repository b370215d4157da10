//! Hosts that are notified of congestion, and one of them that does not care any more.

use super::*;
use crate::detect::{Open, Said, Watch};
use crate::features::notices::tests::{hears, notices};
use crate::features::{Heat, Past};
use crate::kinds::Payload;
use weft_wire::plan::{Plan, PlanCable, PlanDevice, PlanJob, PlanPort};

const TICK_NS: i64 = 1_000_000_000;
/// The host falls silent with this tick, and it is judged after the last one.
const SINCE: i64 = 80;
const LAST: i64 = 107;

/// What a host does in a tick: bytes sent, notifications acted on and sent.
type Did = (f64, f64, f64);

/// Hosts h0 to h3 of job `train`, the only job, and x of none.
fn plan() -> Plan {
    let mut plan = Plan::default();
    let device = |name: &str, kind: &str| PlanDevice { device: name.into(), kind: kind.into(), ..PlanDevice::default() };
    plan.devices.push(device("leaf", "switch"));
    for host in ["h0", "h1", "h2", "h3", "x"] {
        plan.devices.push(device(host, "node"));
        for (of, port, table) in [(host, "eth0", "nic"), ("leaf", host, "switch_port")] {
            let (device, port, table) = (of.to_owned(), port.to_owned(), table.to_owned());
            plan.ports.push(PlanPort { device, port, table, ..PlanPort::default() });
        }
        let (a_port, b_port) = ("eth0".into(), host.into());
        plan.cables.push(PlanCable { a_device: host.into(), a_port, b_device: "leaf".into(), b_port });
        if host != "x" {
            plan.jobs.push(PlanJob { job: "train".into(), device: host.into(), ..PlanJob::default() });
        }
    }
    plan
}

/// `did` says it of a host and a tick.
fn features(did: impl Fn(&str, i64) -> Did) -> Features {
    let mut features = Features::new(&plan(), TICK_NS);
    (features.tick, features.now_ns) = (LAST, (LAST + 1) * TICK_NS);
    for host in ["h0", "h1", "h2", "h3", "x"] {
        let port = features.topology.find_port(host, "eth0").expect("planned");
        let mut past = Past::default();
        (0..=LAST).for_each(|tick| past.add(tick, Some(did(host, tick).0), Heat::default()));
        features.ports[port].past = Some(Box::new(past));
        features.ports[port].begin_readings(LAST);
        features.ports[port].hears = hears((0..=LAST).map(|tick| did(host, tick).1));
    }
    let sums = |hosts: &'static [&str]| {
        let sum = |tick: i64| hosts.iter().map(|host| did(host, tick)).fold((0.0, 0.0), |sum, did| (sum.0 + did.2, sum.1 + did.1));
        notices((0..=LAST).map(sum))
    };
    features.jobs[0].notices = Some(Box::new(sums(&["h0", "h1", "h2", "h3"])));
    features.notices = Some(Box::new(sums(&["h0", "h1", "h2", "h3", "x"])));
    features
}

fn said(features: &Features, open: &Open) -> Said {
    let watch = Watch::new(open, features);
    let mut out = Sink::new(features, &watch);
    detect(features, &mut out);
    out.into_said()
}

/// The hosts accused, and the part missing in hundredths.
fn check(story: &str, did: impl Fn(&str, i64) -> Did, expected: &[(&str, i64)]) {
    let facts = said(&features(did), &Open::default()).facts;
    let told = facts.iter().map(|fact| {
        let Payload::CongestionControlOff(payload) = &fact.payload else { panic!("{fact:?}") };
        (fact.part.first().device, (payload.missing * 100.0).round() as i64)
    });
    let told: Vec<(String, i64)> = told.collect();
    let told: Vec<(&str, i64)> = told.iter().map(|(host, missing)| (&**host, *missing)).collect();
    assert_eq!(told, expected, "{story}");
}

/// Every host of the job sends 100 notifications a tick and acts on 100, some of them in the next tick.
fn usual(tick: i64) -> Did {
    (1e9, 100.0 + (tick % 3) as f64 - 1.0, 100.0)
}

/// The host from [`SINCE`] on.
fn since(host: &str, one: &str, tick: i64) -> bool {
    host == one && tick >= SINCE
}

#[test]
fn a_host_that_acts_on_nothing_any_more_is_accused_where_as_much_is_missing() {
    let deaf = |host: &str, tick: i64| match host {
        "x" => (0.0, 0.0, 0.0),
        _ if since(host, "h2", tick) => (1e9, 0.0, 100.0),
        _ => usual(tick),
    };
    check("h2 is deaf", deaf, &[("h2", 25)]);
    let healed = |host: &str, tick: i64| if tick >= 104 { usual(tick) } else { deaf(host, tick) };
    check("and hears again", healed, &[]);
}

#[test]
fn a_host_that_nobody_notifies_is_not_accused() {
    let spared = |host: &str, tick: i64| match host {
        "x" => (0.0, 0.0, 0.0),
        _ if since(host, "h2", tick) => (1e9, 0.0, 75.0),
        _ if tick >= SINCE => (1e9, 100.0, 75.0),
        _ => usual(tick),
    };
    check("its bytes meet no congestion any more", spared, &[]);
    let idle = |host: &str, tick: i64| match host {
        "x" => (0.0, 0.0, 0.0),
        _ if since(host, "h2", tick) => (0.0, 0.0, 100.0),
        _ => usual(tick),
    };
    check("it sends no more", idle, &[]);
    let flooded = |host: &str, tick: i64| match host {
        "x" => (1e9, 0.0, 0.0),
        _ if tick >= SINCE => (1e9, usual(tick).1, 150.0),
        _ => usual(tick),
    };
    check("somebody who is not read sends to the job", flooded, &[]);
}

#[test]
fn where_most_fall_silent_together_no_host_is_accused() {
    let all = |host: &str, tick: i64| match host {
        "x" => (0.0, 0.0, 0.0),
        "h0" => usual(tick),
        _ if tick >= SINCE => (1e9, 0.0, 100.0),
        _ => usual(tick),
    };
    check("three of four", all, &[]);
    let two = |host: &str, tick: i64| match host {
        "h0" | "h1" => usual(tick),
        _ => all(host, tick),
    };
    check("two of four", two, &[("h2", 50), ("h3", 50)]);
}

#[test]
fn a_host_that_is_rarely_notified_is_judged_later_or_never() {
    // Acts on some in one of twelve ticks: after eleven without any, 35 say too little.
    let rare = |host: &str, tick: i64| match host {
        "x" => (0.0, 0.0, 0.0),
        "h2" if tick >= SINCE || tick % 12 > 0 => (1e9, 0.0, 100.0),
        "h2" => (1e9, 1_200.0, 100.0),
        _ => usual(tick),
    };
    check("rarely", rare, &[]);
}

#[test]
fn it_is_over_when_it_is_heard_again() {
    let deaf = |host: &str, tick: i64| match host {
        "x" => (0.0, 0.0, 0.0),
        _ if since(host, "h2", tick) => (1e9, 0.0, 100.0),
        _ => usual(tick),
    };
    let part = said(&features(deaf), &Open::default()).facts.remove(0).part;
    let claim = crate::detect::Claim { amount: 0.25, since_ns: 0, shown_ns: 0, onset_ns: 0 };
    let mut open = Open::default();
    open.claims.entry(FactKind::CongestionControlOff).or_default().insert(part, claim);
    let heard = |host: &str, tick: i64| if tick >= 104 { usual(tick) } else { deaf(host, tick) };
    let quiet = |host: &str, tick: i64| if since(host, "h2", tick) { (0.0, 0.0, 0.0) } else { usual(tick) };
    assert_eq!(said(&features(heard), &open).absences.len(), 1);
    assert_eq!(said(&features(quiet), &open).absences.len(), 0, "it sends nothing, and nothing is known");
}

//! A device explains its links, a cable the interfaces that live on its port, and nothing explains what began long before.

use super::*;
use crate::fabric::PortRef;
use crate::kinds::{DeviceDown, LinkDown, LowServiceRate, Payload};
use crate::testkit::star;
use weft_wire::plan::PlanPort;

const S: i64 = 1_000_000_000;

fn fact(part: Part, since_s: i64, payload: impl Into<Payload>) -> Fact {
    Fact {
        ts_ns: 100 * S,
        part,
        shown_at: None,
        since_ns: since_s * S,
        until_ns: None,
        one_sided: false,
        strength: 1.0,
        job: None,
        payload: payload.into(),
    }
}

fn cable(host: usize) -> Part {
    Part::cable(PortRef::new(format!("h{host}"), "eth1"), PortRef::new("leaf", format!("swp{host}")))
}

fn down(part: Part, since_s: i64) -> Fact {
    fact(part, since_s, LinkDown { was_up: true })
}

fn leaf_down(since_s: i64) -> Fact {
    fact(Part::Device("leaf".into()), since_s, DeviceDown { links: 6, of: 6 })
}

fn port(device: &str, port: &str) -> Part {
    Part::Port(PortRef::new(device, port))
}

/// The parts that are left of these facts, on a star of six hosts whose second one has a planned spare port.
fn left(facts: Vec<Fact>) -> Vec<Part> {
    let mut plan = star(6);
    plan.ports.push(PlanPort { device: "h1".into(), port: "eth2".into(), table: "nic".into(), ..PlanPort::default() });
    let mut topology = Topology::new(&plan);
    topology.port("h1", "ib0");
    let mut facts = facts;
    leave_out_parts(&topology, &Cases::default(), &mut facts);
    facts.into_iter().map(|fact| fact.part).collect()
}

#[test]
fn a_device_that_is_down_explains_links_that_went_with_it_and_no_older_ones() {
    let leaf = || Part::Device("leaf".into());
    assert_eq!(left(vec![leaf_down(90), down(cable(1), 90), down(cable(2), 91)]), [leaf()]);
    assert_eq!(left(vec![leaf_down(90), down(cable(1), 20)]), [leaf(), cable(1)]);
    // A link that is slow is the same subject; one that comes after it went down as well.
    let slow = fact(cable(3), 95, LowServiceRate { bps: 1.0, planned_bps: 2.0 });
    assert_eq!(left(vec![leaf_down(90), slow]), [leaf()]);
    assert_eq!(left(vec![down(cable(1), 90), down(cable(2), 90)]), [cable(1), cable(2)], "two links are two links");
}

#[test]
fn an_interface_in_no_plan_lives_on_the_planned_port_that_went_down_with_it() {
    assert_eq!(left(vec![down(cable(1), 90), down(port("h1", "ib0"), 91)]), [cable(1)]);
    assert_eq!(left(vec![down(cable(1), 90), down(port("h1", "ib0"), 97)]).len(), 2, "six seconds apart");
    assert_eq!(left(vec![down(cable(2), 90), down(port("h1", "ib0"), 90)]).len(), 2, "another host's cable");
    assert_eq!(left(vec![down(cable(1), 90), down(port("h1", "eth2"), 90)]).len(), 2, "a port of the plan is itself");
}

#[test]
fn fresh_downs_beside_each_other_wait_for_the_device_they_may_be() {
    let topology = Topology::new(&star(6));
    let facts = [down(cable(1), 98), down(cable(2), 99)];
    let waits = |now_s: i64, facts: &[Fact]| Fresh::new(facts).may_be_the_device(&topology, &facts[0], now_s * S);
    assert!(waits(99, &facts) && !waits(101, &facts), "three seconds at most");
    assert!(!waits(99, &facts[..1]), "a link alone");
    let two = Topology::new(&star(2));
    assert!(!Fresh::new(&facts).may_be_the_device(&two, &facts[0], 99 * S), "a switch with two cables");
}

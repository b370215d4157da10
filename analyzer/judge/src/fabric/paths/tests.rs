//! Which cables carry a job, on small fabrics: hosts are called `h…`, everything else is a switch.

use super::Carries::{May, Must, No};
use super::*;
use proptest::prelude::*;
use weft_wire::plan::{Plan, PlanCable, PlanDevice, PlanJob, PlanPort};

/// A fabric of these cables, and one job on these hosts.
fn fabric(cables: &[(String, String)], hosts: &[&str]) -> Topology {
    let mut plan = Plan::default();
    for (at, (a, b)) in cables.iter().enumerate() {
        for device in [a, b] {
            let (kind, table) = if device.starts_with('h') { ("node", "nic") } else { ("switch", "switch_port") };
            if !plan.devices.iter().any(|known| known.device == *device) {
                plan.devices.push(PlanDevice { device: device.clone(), kind: kind.into(), ..PlanDevice::default() });
            }
            let port = format!("p{at}");
            plan.ports.push(PlanPort { device: device.clone(), port, table: table.into(), ..PlanPort::default() });
        }
        let port = format!("p{at}");
        let (a_device, b_device) = (a.clone(), b.clone());
        plan.cables.push(PlanCable { a_device, a_port: port.clone(), b_device, b_port: port });
    }
    let row = |host: &&str| PlanJob { job: "train".into(), device: host.to_string(), ..PlanJob::default() };
    plan.jobs = hosts.iter().map(row).collect();
    Topology::new(&plan)
}

fn cables(text: &str) -> Vec<(String, String)> {
    let cable = |cable: &str| cable.split_once('-').map(|(a, b)| (a.to_owned(), b.to_owned()));
    text.split_whitespace().filter_map(cable).collect()
}

/// The cables that must and that may carry the job, as they are written in `fabric`.
fn check(text: &str, hosts: &[&str], must: &str, may: &str) {
    let written = cables(text);
    let topology = fabric(&written, hosts);
    let that = |wanted: Carries| {
        let those = written.iter().enumerate().filter(|(cable, _)| topology.carries(0, *cable) == wanted);
        those.map(|(_, (a, b))| format!("{a}-{b}")).collect::<Vec<_>>().join(" ")
    };
    assert_eq!((that(Must).as_str(), that(May).as_str()), (must, may), "job on {hosts:?}");
}

/// Three leaves and two spines.
const TWO_TIERS: &str = "h1-l1 h2-l1 h3-l2 h4-l3 l1-s1 l1-s2 l2-s1 l2-s2 l3-s1 l3-s2";
/// Two pods of two leaves and two spines; each spine of a pod has a core of its own plane.
const THREE_TIERS: &str =
    "h1-l1 h2-l2 h3-l3 h4-l4 l1-s1 l1-s2 l2-s1 l2-s2 l3-s3 l3-s4 l4-s3 l4-s4 s1-c1 s3-c1 s2-c2 s4-c2";
/// Two rails: each host has a port in either; a spine joins the leaves of a rail, another one the rails.
const RAILS: &str = "h1-a1 h1-b1 h2-a2 h2-b2 h3-a3 h3-b3 a1-s1 a2-s1 a3-s1 b1-s2 b2-s2 b3-s2 s1-c1 s2-c1";

#[test]
fn a_job_takes_its_own_cables_and_the_shortest_ways_between_its_leaves() {
    check(TWO_TIERS, &["h1", "h2"], "h1-l1 h2-l1", "");
    check(TWO_TIERS, &["h1", "h3"], "h1-l1 h3-l2", "l1-s1 l1-s2 l2-s1 l2-s2");
    check(THREE_TIERS, &["h1", "h2"], "h1-l1 h2-l2", "l1-s1 l1-s2 l2-s1 l2-s2");
    let between_pods = "l1-s1 l1-s2 l3-s3 l3-s4 s1-c1 s3-c1 s2-c2 s4-c2";
    check(THREE_TIERS, &["h1", "h3"], "h1-l1 h3-l3", between_pods);
    check(RAILS, &["h1", "h2"], "h1-a1 h1-b1 h2-a2 h2-b2", "a1-s1 a2-s1 b1-s2 b2-s2 s1-c1 s2-c1");
}

#[test]
fn planes_that_are_not_joined_carry_their_own_traffic_alone() {
    let planes = "h1-a1 h1-b1 h2-a2 h2-b1 a1-s1 a2-s1 b1-s2 b2-s2";
    check(planes, &["h1", "h2"], "h1-a1 h1-b1 h2-a2 h2-b1", "a1-s1 a2-s1");
}

#[test]
fn where_the_plan_does_not_say_where_a_job_enters_the_fabric_any_cable_between_switches_may_carry_it() {
    check("h1-l1 h2-l2 l1-s1 l2-s1 l3-s1", &["h1", "h9"], "h1-l1", "l1-s1 l2-s1 l3-s1");
    let mut unplanned = Topology::default();
    let device = unplanned.device("h1");
    assert!(unplanned.cables.is_empty() && unplanned.jobs_on(device, 0).next().is_none());
}

#[test]
fn a_jobs_traffic_passes_its_devices_and_leaves_and_may_pass_the_switches_between() {
    let topology = fabric(&cables(TWO_TIERS), &["h1", "h3"]);
    let through = |name: &str| topology.carries_through(0, topology.find_device(name).expect("planned"));
    assert_eq!(["h1", "l1", "s1", "l3", "h4"].map(through), [Must, Must, May, No, No]);
}

/// The definition itself, by all distances: d(a, u) + 1 + d(v, b) = d(a, b).
fn by_definition(topology: &Topology, cable: CableId, leaves: &[DeviceId]) -> bool {
    let n = topology.devices.len();
    let mut d = vec![vec![f64::INFINITY; n]; n];
    for cable in 0..topology.cables.len() {
        let [a, b] = topology.ends(cable);
        if topology.devices[a].is_switch && topology.devices[b].is_switch {
            (d[a][b], d[b][a]) = (1.0, 1.0);
        }
    }
    (0..n).for_each(|i| d[i][i] = 0.0);
    for (k, i, j) in (0..n).flat_map(|k| (0..n).flat_map(move |i| (0..n).map(move |j| (k, i, j)))) {
        d[i][j] = d[i][j].min(d[i][k] + d[k][j]);
    }
    let [u, v] = topology.ends(cable);
    let ways = [(u, v), (v, u)];
    let is_on = |a: DeviceId, b: DeviceId| {
        a != b && d[a][b].is_finite() && ways.iter().any(|&(u, v)| d[a][u] + 1.0 + d[v][b] == d[a][b])
    };
    leaves.iter().any(|&a| leaves.iter().any(|&b| is_on(a, b)))
}

proptest! {
    #[test]
    fn the_search_finds_what_the_definition_says(
        between in prop::collection::vec((0..8_u8, 0..8_u8), 1..20),
        hosts in prop::collection::vec(0..8_u8, 1..6),
    ) {
        let mut cables: Vec<_> = between.iter().map(|(a, b)| (format!("s{a}"), format!("s{b}"))).collect();
        cables.retain(|(a, b)| a != b);
        let names: Vec<String> = (0..hosts.len()).map(|host| format!("h{host}")).collect();
        cables.extend(names.iter().zip(&hosts).map(|(host, leaf)| (host.clone(), format!("s{leaf}"))));
        let topology = fabric(&cables, &names.iter().map(String::as_str).collect::<Vec<_>>());
        let leaves = topology.leaves(0).expect("every host has a leaf");
        for cable in 0..cables.len() - hosts.len() {
            let expected = if by_definition(&topology, cable, &leaves) { May } else { No };
            prop_assert_eq!(topology.carries(0, cable), expected);
        }
    }
}

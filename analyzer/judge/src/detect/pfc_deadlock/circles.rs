//! Who waits for whom among ports that stand still, and where that ends nowhere.
//!
//! ```text
//! leaf2 ──► spine0 ──► leaf1          an arrow: a port that stands still, from its switch to the one that holds it
//!             ▲          │            spine0 waits for leaf1 and leaf1 for spine0: a closed circle
//!             └──────────┘            leaf2 waits for both, and nobody waits for it: it is behind the circle
//!
//! leaf2 ──► spine0 ──► leaf1 ──► h4   h4 holds leaf1 and waits for nobody: it is a slow receiver, whatever circles there are
//! ```
//! A switch that holds a port cannot empty what came in from there. What of it goes to ports that are not held goes out, so
//! that what stays waits for a port of that switch that stands still as well. Which of these it is no counter tells; so that a
//! circle is believed only where *all* arrows that leave its switches stay within it. Then nobody is left who could let it go.

use crate::fabric::{DeviceId, PortId, Topology};
use std::collections::{BTreeMap, BTreeSet};

/// From each switch to those that hold its ports.
type Arrows = BTreeMap<DeviceId, Vec<DeviceId>>;

/// The circles that nothing leaves, each by its ports. `still`: ports that stand still.
pub fn closed(topology: &Topology, still: &[PortId]) -> Vec<Vec<PortId>> {
    let of = |port: PortId| topology.ports[port].device;
    let switches: BTreeSet<DeviceId> =
        still.iter().map(|&port| of(port)).filter(|&device| topology.devices[device].is_switch).collect();
    let (mut arrows, mut backwards): (Arrows, Arrows) = Default::default();
    let mut leaves: BTreeSet<DeviceId> = BTreeSet::new();
    for &port in still.iter().filter(|&&port| switches.contains(&of(port))) {
        let holder = topology.far(port).map(of).filter(|holder| switches.contains(holder));
        match holder {
            Some(holder) => {
                arrows.entry(of(port)).or_default().push(holder);
                backwards.entry(holder).or_default().push(of(port));
            }
            None => _ = leaves.insert(of(port)),
        }
    }
    let is_closed = |circle: &BTreeSet<DeviceId>| {
        let to = |device: &DeviceId| arrows.get(device).into_iter().flatten();
        circle.len() > 1 && circle.iter().all(|device| !leaves.contains(device) && to(device).all(|to| circle.contains(to)))
    };
    let circles = circles(&switches, &arrows, &backwards).into_iter().filter(is_closed);
    circles.map(|circle| still.iter().copied().filter(|&port| circle.contains(&of(port))).collect()).collect()
}

/// Switches that all wait for each other, by way of others or not: strongly connected components, by S. R. Kosaraju's two
/// walks. The first puts a switch behind all that it waits for; the second, backwards and in turned order, then never leaves
/// its circle.
fn circles(switches: &BTreeSet<DeviceId>, arrows: &Arrows, backwards: &Arrows) -> Vec<BTreeSet<DeviceId>> {
    let mut seen = BTreeSet::new();
    let mut order = Vec::new();
    for &switch in switches {
        walk(switch, arrows, &mut seen, &mut order);
    }
    seen.clear();
    let mut found = Vec::new();
    for &switch in order.iter().rev() {
        let mut circle = Vec::new();
        walk(switch, backwards, &mut seen, &mut circle);
        found.push(circle.into_iter().collect::<BTreeSet<_>>());
    }
    found
}

/// Goes along the arrows to all that is not seen yet, and hands on each switch when all behind it have been.
fn walk(from: DeviceId, arrows: &Arrows, seen: &mut BTreeSet<DeviceId>, done: &mut Vec<DeviceId>) {
    let next = |device: DeviceId| arrows.get(&device).map_or(&[][..], Vec::as_slice).iter();
    if !seen.insert(from) {
        return;
    }
    let mut path = vec![(from, next(from))];
    while let Some((device, ahead)) = path.last_mut() {
        match ahead.find(|&&to| !seen.contains(&to)) {
            Some(&to) => {
                seen.insert(to);
                path.push((to, next(to)));
            }
            None => {
                done.push(*device);
                path.pop();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use weft_wire::plan::{Plan, PlanCable, PlanDevice};

    /// Switches s0 to s4 and hosts h0 and h1; each port `a>b` is the end at a of the cable to b. Those that stand still are
    /// told by `a>b` in words, as are the circles, in order.
    fn check(still: &str, expected: &[&str]) {
        let mut plan = Plan::default();
        for name in ["s0", "s1", "s2", "s3", "s4", "h0", "h1"] {
            let kind = if name.starts_with('s') { "switch" } else { "node" };
            plan.devices.push(PlanDevice { device: name.into(), kind: kind.into(), ..PlanDevice::default() });
        }
        let names: Vec<String> = plan.devices.iter().map(|device| device.device.clone()).collect();
        for (at, a) in names.iter().enumerate() {
            for b in &names[at + 1..] {
                let [a_port, b_port] = [format!("{a}>{b}"), format!("{b}>{a}")];
                let (a_device, b_device) = (a.clone(), b.clone());
                plan.cables.push(PlanCable { a_device, a_port, b_device, b_port });
            }
        }
        let topology = Topology::new(&plan);
        let find = |port: &str| topology.find_port(&port[..2], port).expect("planned");
        let still_ports: Vec<PortId> = still.split(' ').filter(|port| !port.is_empty()).map(find).collect();
        let mut found: Vec<String> = closed(&topology, &still_ports)
            .into_iter()
            .map(|circle| circle.iter().map(|&port| topology.name(port).port).collect::<Vec<_>>().join(" "))
            .collect();
        found.sort();
        assert_eq!(found, expected, "{still}");
    }

    #[test]
    fn circles_that_nothing_leaves_are_found_and_no_others() {
        check("", &[]);
        check("s0>s1 s1>s0", &["s0>s1 s1>s0"]);
        // A chain ends at s2, which is not held: it may be slow, and is in no circle.
        check("s0>s1 s1>s2", &[]);
        // Others wait for the circle: a switch behind it, and hosts.
        check("s0>s1 s1>s0 s2>s0 h0>s2", &["s0>s1 s1>s0"]);
        // Four switches in a ring, as where a link failed and two leaves send on what came from a spine.
        check("s0>s1 s1>s2 s2>s3 s3>s0", &["s0>s1 s1>s2 s2>s3 s3>s0"]);
        // A host holds a switch of the circle, and waits for nobody: all may wait for that host.
        check("s0>s1 s1>s0 s0>h0", &[]);
        check("s0>s1 s1>s2 s2>s0 s1>s3", &[]);
        // Two slow receivers, and leaves s0 and s1 whose ports up to the spine s2 stand still for both.
        check("s0>h0 s1>h1 s2>s0 s2>s1 s0>s2 s1>s2 h0>s0 h1>s1", &[]);
        // A host that is held and holds its switch is no switch: it sends nothing on.
        check("s0>h0 h0>s0", &[]);
        // Two circles; the second is behind the first and is let go by nobody but the first.
        check("s0>s1 s1>s0 s2>s3 s3>s2", &["s0>s1 s1>s0", "s2>s3 s3>s2"]);
        check("s0>s1 s1>s0 s2>s3 s3>s2 s3>s0", &["s0>s1 s1>s0"]);
    }
}

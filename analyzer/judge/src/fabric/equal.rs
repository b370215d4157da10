//! Equal links: those of a switch among which routing may choose freely (ECMP, spray), because they lead to the same hosts.
//!
//! ```text
//!    spine-1     spine-2                leaf-1's links to the two spines are equal: each spine leads to leaf-1, 2 and 3
//!      │ ╲  ╲    ╱ │ ╱                  spine-1's links to the leaves are not: each leads to hosts of its own
//!    leaf-1  leaf-2  leaf-3
//! ```
//! Two switches without hosts are alike when they are cabled to the same switches with hosts; links to the same switch are equal
//! as well. Links of different planned rates never are.

use super::{DeviceId, PortId, Topology};
use std::collections::BTreeMap;

/// Where a link leads to.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum To {
    /// A switch that has hosts.
    Leaf(DeviceId),
    /// Any switch without hosts that is cabled to these switches with hosts, sorted.
    Through(Vec<DeviceId>),
}

impl Topology {
    /// The ports of a switch in groups of two equal ones and more.
    pub fn equal_links(&self, switch: DeviceId) -> Vec<Vec<PortId>> {
        let mut groups: BTreeMap<(To, Option<i64>), Vec<PortId>> = BTreeMap::new();
        for &port in self.devices[switch].ports.iter().filter(|&&port| self.ports[port].compute) {
            let Some(far) = self.far(port).map(|far| self.ports[far].device) else { continue };
            if self.devices[far].is_switch {
                groups.entry((self.leads_to(far), self.ports[port].planned_bps)).or_default().push(port);
            }
        }
        groups.into_values().filter(|group| group.len() > 1).collect()
    }

    fn leads_to(&self, switch: DeviceId) -> To {
        if self.has_hosts(switch) {
            return To::Leaf(switch);
        }
        let mut leaves: Vec<DeviceId> = self.beside(switch).filter(|&device| self.has_hosts(device)).collect();
        leaves.sort_unstable();
        leaves.dedup();
        To::Through(leaves)
    }

    fn beside(&self, device: DeviceId) -> impl Iterator<Item = DeviceId> + '_ {
        self.devices[device].ports.iter().filter_map(|&port| Some(self.ports[self.far(port)?].device))
    }

    fn has_hosts(&self, device: DeviceId) -> bool {
        self.devices[device].is_switch && self.beside(device).any(|far| !self.devices[far].is_switch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use weft_wire::plan::{Plan, PlanCable, PlanDevice};

    /// The names of the ports of a switch that are equal. A cable from a to b has the ports `to-b` and `to-a`.
    fn equal(cables: &[(&str, &str)], switch: &str) -> Vec<Vec<String>> {
        let mut plan = Plan::default();
        for &(a, b) in cables {
            let cable = [a.to_owned(), format!("to-{b}"), b.to_owned(), format!("to-{a}")];
            let [a_device, a_port, b_device, b_port] = cable;
            plan.cables.push(PlanCable { a_device, a_port, b_device, b_port });
            for name in [a, b] {
                let kind = if name.starts_with('h') { "node" } else { "switch" };
                plan.devices.push(PlanDevice { device: name.into(), kind: kind.into(), ..PlanDevice::default() });
            }
        }
        let topology = Topology::new(&plan);
        let groups = topology.equal_links(topology.find_device(switch).expect("planned"));
        groups.into_iter().map(|group| group.into_iter().map(|port| topology.name(port).port).collect()).collect()
    }

    #[test]
    fn links_are_equal_that_lead_to_the_same_hosts() {
        let two_tiers =
            [("h0", "l0"), ("h1", "l1"), ("l0", "s0"), ("l0", "s1"), ("l1", "s0"), ("l1", "s1"), ("l1", "x")];
        assert_eq!(equal(&two_tiers, "l0"), [["to-s0", "to-s1"]]);
        assert_eq!(equal(&two_tiers, "l1"), [["to-s0", "to-s1"]], "x leads to no other leaf");
        assert!(equal(&two_tiers, "s0").is_empty());
        let pods =
            [("h0", "l0"), ("h1", "l1"), ("l0", "a"), ("l1", "b"), ("a", "c0"), ("a", "c1"), ("c0", "b"), ("c1", "b")];
        assert_eq!(equal(&pods, "a"), [["to-c0", "to-c1"]]);
        assert!(equal(&pods, "c0").is_empty(), "one pod is not the other");
    }
}

//! Which device and port a neighbour is: it names itself by what its LLDP agent was told to say, and others know it otherwise.
//!
//! | a neighbour says | it is |
//! |---|---|
//! | a system name that the plan or a collector has, whole or up to its first dot | that device |
//! | a chassis id that is such a name, or a MAC address of a known port | that device |
//! | anything else | a device of its system name, or of its chassis id where it says none |
//! | of that device, a port id or a description that is one of its ports | that port |
//! | a MAC address of one of its ports | that port |
//! | anything else | a port of that id; of its description where the id is a MAC address |

use super::told::{Told, ToldPort};
use std::collections::{BTreeMap, HashMap, HashSet};
use weft_judge::fabric::PortRef;
use weft_wire::Neighbor;
use weft_wire::plan::Plan;

/// The names of all that the plan or a collector has.
#[derive(Debug, Default)]
pub struct Known {
    ports: HashMap<String, HashSet<String>>,
    by_mac: HashMap<String, PortRef>,
    /// By the name up to its first dot, where only one device has it.
    short: HashMap<String, Option<String>>,
}

impl Known {
    pub fn of<'a>(plan: &Plan, told: impl Iterator<Item = &'a Told>) -> Known {
        let mut known = Known::default();
        plan.devices.iter().for_each(|device| known.add_device(&device.device));
        plan.ports.iter().for_each(|port| known.add_port(&port.device, &port.port));
        for told in told {
            told.devices.iter().for_each(|(device, _)| known.add_device(device));
            for ToldPort { device, port, mac, .. } in &told.ports {
                known.add_port(device, port);
                if let Some(mac) = mac {
                    known.by_mac.insert(mac.clone(), PortRef::new(&**device, port.clone()));
                }
            }
        }
        known
    }

    fn add_device(&mut self, device: &str) {
        if !self.ports.contains_key(device) {
            self.ports.insert(device.to_owned(), HashSet::new());
            let of_short = |known: &mut Option<String>| *known = None;
            self.short.entry(up_to_dot(device).to_owned()).and_modify(of_short).or_insert(Some(device.to_owned()));
        }
    }

    fn add_port(&mut self, device: &str, port: &str) {
        self.add_device(device);
        if let Some(ports) = self.ports.get_mut(device).filter(|ports| !ports.contains(port)) {
            ports.insert(port.to_owned());
        }
    }

    pub fn has_device(&self, device: &str) -> bool {
        self.ports.contains_key(device)
    }

    pub fn has(&self, port: &PortRef) -> bool {
        self.ports.get(&port.device).is_some_and(|ports| ports.contains(&port.port))
    }

    pub fn far_end(&self, neighbor: &Neighbor) -> PortRef {
        let device = self.device(neighbor);
        let port = self.port(&device, neighbor);
        PortRef { device, port }
    }

    fn device(&self, neighbor: &Neighbor) -> String {
        let Neighbor { system_name, chassis_id, .. } = neighbor;
        let by_name = |name: &String| match self.ports.contains_key(name) {
            _ if name.is_empty() => None,
            true => Some(name.clone()),
            false => self.short.get(up_to_dot(name)).cloned().flatten(),
        };
        let by_mac = || self.by_mac.get(chassis_id).map(|port| port.device.clone());
        let found = by_name(system_name).or_else(|| by_name(chassis_id)).or_else(by_mac);
        found.unwrap_or_else(|| if system_name.is_empty() { chassis_id.clone() } else { system_name.clone() })
    }

    fn port(&self, device: &str, neighbor: &Neighbor) -> String {
        let Neighbor { port_id, port_kind, port_description, .. } = neighbor;
        let has = |port: &String| self.ports.get(device).is_some_and(|ports| ports.contains(port));
        let by_mac = || self.by_mac.get(port_id).filter(|port| port.device == device).map(|port| port.port.clone());
        let is_opaque = port_kind == "mac" && !port_description.is_empty();
        match () {
            () if has(port_id) => port_id.clone(),
            () if has(port_description) => port_description.clone(),
            () => by_mac().unwrap_or_else(|| if is_opaque { port_description.clone() } else { port_id.clone() }),
        }
    }
}

fn up_to_dot(name: &str) -> &str {
    name.split_once('.').map_or(name, |(first, _)| first)
}

/// Devices that are switches though no plan says so: by their collectors, or by what they work as (a bridge or a router, and
/// no end station).
pub fn switches<'a>(known: &Known, told: impl Iterator<Item = &'a Told> + Clone) -> BTreeMap<String, bool> {
    const BRIDGE_OR_ROUTER: u16 = 4 | 16;
    const STATION: u16 = 128;
    let mut kinds: BTreeMap<String, bool> = BTreeMap::new();
    for (_, _, neighbor) in told.clone().flat_map(|told| &told.neighbors) {
        let works_as = neighbor.capabilities.unwrap_or(0);
        let is_switch = works_as & BRIDGE_OR_ROUTER != 0 && works_as & STATION == 0;
        kinds.insert(known.device(neighbor), is_switch);
    }
    // What reads the device knows best.
    kinds.extend(told.flat_map(|told| told.devices.iter().cloned()));
    kinds
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told_port(device: &str, port: &str, mac: &str) -> ToldPort {
        ToldPort { device: device.into(), port: port.into(), mac: Some(mac.into()), speed_bps: None }
    }

    fn known() -> Known {
        let told = Told {
            devices: vec![("leaf-1".into(), true), ("n0.rack.example".into(), false)],
            ports: vec![
                told_port("leaf-1", "Ethernet8", "50:6b:4b:00:00:01"),
                told_port("n0.rack.example", "eth2", "02:00:00:00:00:02"),
            ],
            ..Told::default()
        };
        Known::of(&Plan::default(), [&told].into_iter())
    }

    fn far(system: &str, chassis: &str, kind: &str, port: &str, description: &str) -> String {
        let far = known().far_end(&Neighbor {
            system_name: system.into(),
            chassis_id: chassis.into(),
            port_kind: kind.into(),
            port_id: port.into(),
            port_description: description.into(),
            ..Neighbor::default()
        });
        format!("{} {}", far.device, far.port)
    }

    #[test]
    fn a_neighbour_is_found_by_whatever_name_it_gives() {
        let mac = "50:6b:4b:00:00:01";
        for (said, expected) in [
            (far("leaf-1", mac, "interface_name", "Ethernet8", ""), "leaf-1 Ethernet8"),
            (far("leaf-1.example.org", "x", "local", "Eth1/2", "Ethernet8"), "leaf-1 Ethernet8"),
            (far("", "leaf-1", "mac", mac, ""), "leaf-1 Ethernet8"),
            (far("", mac, "interface_name", "Ethernet8", ""), "leaf-1 Ethernet8"),
            (far("n0", "02:00:00:00:00:99", "mac", "02:00:00:00:00:02", "eth2"), "n0.rack.example eth2"),
            (far("n0", "", "mac", "02:00:00:00:00:09", "eth9"), "n0.rack.example eth9"),
            (
                far("spine.example", "02:00:00:00:00:77", "mac", "02:00:00:00:00:78", ""),
                "spine.example 02:00:00:00:00:78",
            ),
            (far("", "02:00:00:00:00:77", "interface_name", "Ethernet0", ""), "02:00:00:00:00:77 Ethernet0"),
        ] {
            assert_eq!(said, expected);
        }
    }
}

//! What one collector's inventory says of devices, ports and neighbours: the part of it that cabling is made from.

use std::collections::HashMap;
use std::sync::Arc;
use weft_wire::{DeviceKind, Inventory, Neighbor, PortDescriptor, Table};

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Told {
    pub collector: String,
    /// With whether it is a switch.
    pub devices: Vec<(String, bool)>,
    /// Device, port, and the port's MAC address where it is said.
    pub ports: Vec<(Arc<str>, String, Option<String>)>,
    /// Device and port that hear the neighbour.
    pub neighbors: Vec<(String, String, Neighbor)>,
}

impl Told {
    pub fn of(inventory: &Inventory) -> Told {
        let is_port = |table: Table| matches!(table, Table::Nic | Table::SwitchPort);
        let device = inventory.devices.first().map_or("", |d| &d.device);
        let name: Arc<str> = device.into();
        let shared = |of: &str| if *of == *name { name.clone() } else { of.into() };
        let ports = inventory.ports.iter().filter(|port| is_port(port.table));
        let by_index: HashMap<i32, &PortDescriptor> = match inventory.neighbors.is_empty() {
            true => HashMap::new(),
            false => ports.clone().map(|port| (port.index, port)).collect(),
        };
        let hears = |neighbor: &Neighbor| {
            let port = by_index.get(&neighbor.port)?;
            Some((port.device.clone(), port.port.clone(), neighbor.clone()))
        };
        Told {
            collector: inventory.collector.clone(),
            devices: inventory.devices.iter().map(|d| (d.device.clone(), d.kind == DeviceKind::Switch)).collect(),
            ports: ports.map(|p| (shared(&p.device), p.port.clone(), p.labels.get("mac").cloned())).collect(),
            neighbors: inventory.neighbors.iter().filter_map(hears).collect(),
        }
    }
}

//! What one collector's inventory says of devices, ports and neighbours: the part of it that cabling is made from.

use std::collections::HashMap;
use std::sync::Arc;
use weft_wire::{DeviceKind, Inventory, Neighbor, PortDescriptor, Table};

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Told {
    pub collector: String,
    /// With whether it is a switch.
    pub devices: Vec<(String, bool)>,
    pub ports: Vec<ToldPort>,
    /// Device and port that hear the neighbour.
    pub neighbors: Vec<(String, String, Neighbor)>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct ToldPort {
    pub device: Arc<str>,
    pub port: String,
    pub mac: Option<String>,
    /// What it can send, bit/s: the speed of its link, or the limit of its queue where that is less.
    pub speed_bps: Option<i64>,
}

/// Of a port's labels, the rate that its queue limits it to, bit/s.
const RATE_LIMIT: &str = "rate_limit_bps";

fn speed_bps(port: &PortDescriptor) -> Option<i64> {
    let limit = port.labels.get(RATE_LIMIT).and_then(|limit| limit.parse().ok());
    port.speed_bps.into_iter().chain(limit).filter(|&bps| bps > 0).min()
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
        let told_port = |p: &PortDescriptor| ToldPort {
            device: shared(&p.device),
            port: p.port.clone(),
            mac: p.labels.get("mac").cloned(),
            speed_bps: speed_bps(p),
        };
        Told {
            collector: inventory.collector.clone(),
            devices: inventory.devices.iter().map(|d| (d.device.clone(), d.kind == DeviceKind::Switch)).collect(),
            ports: ports.map(told_port).collect(),
            neighbors: inventory.neighbors.iter().filter_map(hears).collect(),
        }
    }
}

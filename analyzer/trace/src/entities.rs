//! What a (device, port) of a trace is: from ports.csv, else from its name.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use weft_wire::Table;
use weft_wire::plan::Plan;

/// One device of a trace: one collector of its replay.
#[derive(Debug)]
pub struct TraceDevice {
    pub name: String,
    pub is_switch: bool,
    pub ports: Vec<TracePort>,
}

#[derive(Debug)]
pub struct TracePort {
    pub name: String,
    pub table: Table,
    pub speed_bps: Option<i64>,
}

/// Index of a device and of a port in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PortIndex {
    pub device: u32,
    pub port: u32,
}

#[derive(Debug, Default)]
pub struct Entities {
    pub devices: Vec<TraceDevice>,
    by_device: HashMap<Vec<u8>, u32, QuickHash>,
    /// Key: device, 0xff, port. 0xff is in no UTF-8 text.
    by_port: HashMap<Vec<u8>, PortIndex, QuickHash>,
    key: Vec<u8>,
}

impl Entities {
    /// The plan's devices and ports in the plan's order, so that their indices do not depend on which of them has the first
    /// sample.
    pub fn of_plan(plan: &Plan) -> Entities {
        let mut entities = Entities::default();
        for device in &plan.devices {
            let index = entities.device(&device.device);
            entities.devices[index as usize].is_switch = device.kind == "switch";
        }
        for port in &plan.ports {
            let device = entities.device(&port.device);
            if let Some(table) = Table::from_name(&port.table) {
                entities.add_port(device, &port.port, table, port.speed_bps);
            }
        }
        entities
    }

    pub fn device(&mut self, name: &str) -> u32 {
        if let Some(&index) = self.by_device.get(name.as_bytes()) {
            return index;
        }
        let index = self.devices.len() as u32;
        self.devices.push(TraceDevice { name: name.to_owned(), is_switch: false, ports: Vec::new() });
        self.by_device.insert(name.as_bytes().to_vec(), index);
        index
    }

    pub fn has_device(&self, name: &str) -> bool {
        self.by_device.contains_key(name.as_bytes())
    }

    /// `None` when nobody named the port yet.
    pub fn find(&mut self, device: &[u8], port: &[u8]) -> Option<PortIndex> {
        self.key.clear();
        self.key.extend_from_slice(device);
        self.key.push(0xff);
        self.key.extend_from_slice(port);
        self.by_port.get(&self.key).copied()
    }

    /// A port that only samples name: its table follows from its name.
    pub fn discover(&mut self, device: &str, port: &str) -> PortIndex {
        let owner = self.device(device);
        let is_switch = self.devices[owner as usize].is_switch;
        self.place(device, port, table_by_name(port, is_switch))
    }

    /// The same where its table is known.
    pub fn place(&mut self, device: &str, port: &str, table: Table) -> PortIndex {
        if let Some(found) = self.find(device.as_bytes(), port.as_bytes()) {
            return found;
        }
        let device = self.device(device);
        self.add_port(device, port, table, None)
    }

    fn add_port(&mut self, device: u32, port: &str, table: Table, speed_bps: Option<i64>) -> PortIndex {
        let owner = &mut self.devices[device as usize];
        let index = PortIndex { device, port: owner.ports.len() as u32 };
        owner.ports.push(TracePort { name: port.to_owned(), table, speed_bps });
        let key = [owner.name.as_bytes(), &[0xff], port.as_bytes()].concat();
        self.by_port.insert(key, index);
        index
    }

    pub fn port(&self, at: PortIndex) -> &TracePort {
        &self.devices[at.device as usize].ports[at.port as usize]
    }
}

/// The table of a port that ports.csv does not have, by how ports are named: `gpu3` is a GPU, `gpu3/link7` a link of it,
/// `Ethernet1/q3` a queue, `eth0/l2` a lane, `eth0>n3/eth1#4` a probe, and an empty name the host.
fn table_by_name(port: &str, is_switch: bool) -> Table {
    let numbered = |text: &str, prefix: &str| {
        text.strip_prefix(prefix).is_some_and(|n| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit()))
    };
    let tail = port.rsplit_once('/').map(|(_, tail)| tail);
    match tail {
        _ if port.is_empty() => Table::Host,
        _ if port.contains('>') => Table::Probe,
        None if numbered(port, "gpu") => Table::Gpu,
        Some(tail) if numbered(tail, "link") => Table::GpuLink,
        Some(tail) if numbered(tail, "q") => Table::Queue,
        Some(tail) if numbered(tail, "l") => Table::Lane,
        _ if is_switch => Table::SwitchPort,
        // `mlx5_0/1` is a port of this node, anything else with a slash is a probe's far end.
        Some(tail) if !tail.bytes().all(|b| b.is_ascii_digit()) => Table::Probe,
        _ => Table::Nic,
    }
}

/// A multiplicative hash over 8 bytes at a time. It is faster than the standard one, which guards against keys chosen to
/// collide: a trace of 10^8 samples is 10^8 look-ups, and its names are its owner's own.
#[derive(Default)]
pub struct QuickHasher(u64);

pub type QuickHash = BuildHasherDefault<QuickHasher>;

impl Hasher for QuickHasher {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.0 = (self.0.rotate_left(5) ^ u64::from_le_bytes(word)).wrapping_mul(0x517c_c1b7_2722_0a95);
        }
    }

    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 29)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_follow_from_names() {
        for (port, is_switch, table) in [
            ("", false, Table::Host),
            ("eth2", false, Table::Nic),
            ("mlx5_0/1", false, Table::Nic),
            ("Ethernet1/7", true, Table::SwitchPort),
            ("Ethernet1/q3", true, Table::Queue),
            ("eth0/l2", false, Table::Lane),
            ("gpu3", false, Table::Gpu),
            ("gpu3/link7", false, Table::GpuLink),
            ("eth0>n3/eth1#4", false, Table::Probe),
            ("n3/eth1", false, Table::Probe),
        ] {
            assert_eq!(table_by_name(port, is_switch), table, "{port}");
        }
    }
}

//! What a collector's port indices stand for. Sent when it changes and now and then, never once per tick.

use crate::{Fingerprint, Neighbor, Overflow, Table, TableSchema};
use std::collections::BTreeMap;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeviceKind {
    Node,
    Switch,
}

/// All that one collector may speak of. `version` rises with every change; a frame names the version it was made under.
#[derive(Clone, Debug, PartialEq)]
pub struct Inventory {
    pub collector: String,
    /// Incarnation of the collector process: the sequence number restarts with it.
    pub boot: u64,
    pub version: u64,
    pub devices: Vec<DeviceDescriptor>,
    pub ports: Vec<PortDescriptor>,
    pub profiles: Vec<Profile>,
    /// Every schema that a frame of this version may use.
    pub schemas: Vec<TableSchema>,
    /// Milliseconds between two flushes, so that silence can be told from patience.
    pub flush_period_ms: u32,
    /// Who is cabled to these ports, as far as it was heard.
    pub neighbors: Vec<Neighbor>,
}

/// A device this collector reads: usually the node it runs on; a gNMI collector reads many switches.
#[derive(Clone, Debug, PartialEq)]
pub struct DeviceDescriptor {
    pub device: String,
    pub kind: DeviceKind,
    /// `/proc/sys/kernel/random/boot_id` of a node, the boot time of a switch, or empty.
    pub boot_id: String,
    pub labels: BTreeMap<String, String>,
}

/// One entity: the *position* (device, port) and the *part* now in it.
#[derive(Clone, Debug, PartialEq)]
pub struct PortDescriptor {
    /// The `port` column of this collector's batches.
    pub index: i32,
    pub table: Table,
    pub device: String,
    /// Named as in the contracts: `eth2`, `mlx5_0/1`, `gpu3/link7`, `<port>/q3`; empty for a `host`.
    pub port: String,
    pub driver: String,
    /// What the device says it can do, bits per second; `None` when it does not say.
    pub speed_bps: Option<i64>,
    /// Rises on driver reload, firmware reset, cleared counters, module swap: counters restart with it.
    pub epoch: i32,
    pub part: Part,
    /// Bus address or slot.
    pub position: String,
    /// Index into `Inventory::profiles`.
    pub profile: u32,
    pub labels: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part {
    pub vendor: String,
    pub model: String,
    pub serial: String,
    pub firmware: String,
    pub lot: String,
}

/// Which source feeds each counter of a port: shared by all ports alike.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Profile {
    pub counters: Vec<CounterSource>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct CounterSource {
    /// Canonical counter name.
    pub counter: String,
    /// The collector's source that reads it: `infiniband`, `netdev`, …
    pub source: String,
    pub raw_name: String,
    pub bits: u8,
    pub overflow: Overflow,
    /// How often the source itself refreshes the value; 0 when it is fresh at every read.
    pub period_ms: u32,
}

impl Inventory {
    pub fn schema(&self, fingerprint: Fingerprint) -> Option<&TableSchema> {
        self.schemas.iter().find(|s| s.fingerprint() == fingerprint)
    }
}

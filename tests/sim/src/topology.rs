//! The fabric as built: nodes of eight GPUs and eight rails, pods of rail leaves, shared spines, a storage network.
//!
//! ```text
//! spine-00 … spine-NN           every spine is cabled to every leaf (800 Gbit)
//!    │  ╲  ╱  │
//! leaf-p0-r0 … leaf-p0-r7       one leaf a pod and rail; down: one 400 Gbit port a node
//!    │                │
//! n000 eth0 …        eth7       stor0 ── stor-p0 ── stor-core      mgmt0 (cabled to nothing the plan knows)
//! ```

use weft_wire::Table;

pub const RAILS: usize = 8;
const NIC_BPS: i64 = 400_000_000_000;
const UPLINK_BPS: i64 = 800_000_000_000;
const STORAGE_BPS: i64 = 100_000_000_000;
const MANAGEMENT_BPS: i64 = 1_000_000_000;
/// Ports of a leaf that are built in and down by design.
const SPARES: usize = 2;

/// Index into [`Topology::ports`]. A directed link is known by the port it leaves.
pub type PortId = usize;
/// Index into [`Topology::devices`].
pub type DeviceId = usize;

#[derive(Clone, Debug, PartialEq)]
pub struct Device {
    pub name: String,
    pub node: bool,
    /// `leaf`, `spine`, `core`; empty for a node.
    pub tier: &'static str,
    pub rack: String,
    pub pod: String,
    pub ports: Vec<PortId>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Port {
    pub device: DeviceId,
    pub name: String,
    pub table: Table,
    pub speed_bps: i64,
    pub rail: Option<usize>,
    /// `compute`, `storage`, `management`, or empty for a spare port.
    pub role: &'static str,
    pub peer: Option<PortId>,
    /// Up by design: spare ports and a few nodes' management ports are not.
    pub in_use: bool,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Topology {
    pub devices: Vec<Device>,
    pub ports: Vec<Port>,
    pub nodes: usize,
    pub pod_nodes: usize,
    pub spines: usize,
    /// `[node][rail]`.
    pub nics: Vec<[PortId; RAILS]>,
    /// `[node]`: the storage port.
    pub storage: Vec<PortId>,
    /// `[pod * RAILS + rail][spine]`: the leaf's uplink.
    uplinks: Vec<Vec<PortId>>,
}

impl Topology {
    /// `gpus` must be a multiple of 8, at least 64.
    pub fn build(gpus: usize) -> Result<Topology, String> {
        if gpus < 64 || !gpus.is_multiple_of(RAILS) {
            return Err(format!("--gpus {gpus}: the fabric needs a multiple of 8, 64 or more"));
        }
        let nodes = gpus / RAILS;
        let pod_nodes = (nodes / 2).clamp(4, 32);
        let mut topology = Topology { nodes, pod_nodes, spines: pod_nodes / 2, ..Topology::default() };
        topology.add_nodes();
        let leaves = topology.add_leaves();
        topology.add_spines(&leaves);
        topology.add_storage();
        Ok(topology)
    }

    pub fn pods(&self) -> usize {
        self.nodes.div_ceil(self.pod_nodes)
    }

    pub fn pod_of(&self, node: usize) -> usize {
        node / self.pod_nodes
    }

    fn add_device(&mut self, name: String, tier: &'static str, pod: Option<usize>, rack: String) -> DeviceId {
        let pod = pod.map_or(String::new(), |p| format!("p{p}"));
        self.devices.push(Device { name, node: tier.is_empty(), tier, rack, pod, ports: Vec::new() });
        self.devices.len() - 1
    }

    fn add_port(&mut self, device: DeviceId, name: String, bps: i64, role: &'static str) -> PortId {
        let table = if self.devices[device].node { Table::Nic } else { Table::SwitchPort };
        let id = self.ports.len();
        self.ports.push(Port { device, name, table, speed_bps: bps, rail: None, role, peer: None, in_use: true });
        self.devices[device].ports.push(id);
        id
    }

    fn add_nodes(&mut self) {
        for node in 0..self.nodes {
            let pod = self.pod_of(node);
            let device = self.add_device(format!("n{node:03}"), "", Some(pod), format!("p{pod}-rack{:02}", node / 4));
            let mut rails = [0; RAILS];
            for (rail, nic) in rails.iter_mut().enumerate() {
                *nic = self.add_port(device, format!("eth{rail}"), NIC_BPS, "compute");
                self.ports[*nic].rail = Some(rail);
            }
            self.nics.push(rails);
            let storage = self.add_port(device, "stor0".to_owned(), STORAGE_BPS, "storage");
            self.storage.push(storage);
            let management = self.add_port(device, "mgmt0".to_owned(), MANAGEMENT_BPS, "management");
            self.ports[management].in_use = node % 7 != 3; // some nodes are managed through their BMC alone
        }
    }

    /// Cables the nodes to their leaves; returns the leaves, `[pod * RAILS + rail]`.
    fn add_leaves(&mut self) -> Vec<DeviceId> {
        let mut leaves = Vec::new();
        for (pod, rail) in (0..self.pods()).flat_map(|p| (0..RAILS).map(move |r| (p, r))) {
            let leaf = self.add_device(format!("leaf-p{pod}-r{rail}"), "leaf", Some(pod), format!("p{pod}-network"));
            for node in pod * self.pod_nodes..((pod + 1) * self.pod_nodes).min(self.nodes) {
                let down = self.add_switch_port(leaf, NIC_BPS, "compute", Some(rail));
                self.cable(self.nics[node][rail], down);
            }
            leaves.push(leaf);
        }
        leaves
    }

    fn add_spines(&mut self, leaves: &[DeviceId]) {
        let spines: Vec<DeviceId> = (0..self.spines)
            .map(|s| self.add_device(format!("spine-{s:02}"), "spine", None, format!("spine-rack{:02}", s / 8)))
            .collect();
        for (index, &leaf) in leaves.iter().enumerate() {
            let rail = Some(index % RAILS);
            let mut uplinks = Vec::new();
            for &spine in &spines {
                let up = self.add_switch_port(leaf, UPLINK_BPS, "compute", rail);
                let down = self.add_switch_port(spine, UPLINK_BPS, "compute", rail);
                self.cable(up, down);
                uplinks.push(up);
            }
            self.uplinks.push(uplinks);
            for _ in 0..SPARES {
                let spare = self.add_switch_port(leaf, NIC_BPS, "", None);
                self.ports[spare].in_use = false;
            }
        }
    }

    fn add_storage(&mut self) {
        let switches: Vec<DeviceId> = (0..self.pods())
            .map(|pod| self.add_device(format!("stor-p{pod}"), "leaf", Some(pod), format!("p{pod}-network")))
            .collect();
        let core = self.add_device("stor-core".to_owned(), "spine", None, "storage-rack".to_owned());
        for (pod, &switch) in switches.iter().enumerate() {
            for node in pod * self.pod_nodes..((pod + 1) * self.pod_nodes).min(self.nodes) {
                let down = self.add_switch_port(switch, STORAGE_BPS, "storage", None);
                self.cable(self.storage[node], down);
            }
            let bps = STORAGE_BPS * self.pod_nodes as i64;
            let up = self.add_switch_port(switch, bps, "storage", None);
            let down = self.add_switch_port(core, bps, "storage", None);
            self.cable(up, down);
        }
    }

    fn add_switch_port(&mut self, switch: DeviceId, bps: i64, role: &'static str, rail: Option<usize>) -> PortId {
        let name = format!("Ethernet{}", self.devices[switch].ports.len());
        let port = self.add_port(switch, name, bps, role);
        self.ports[port].rail = rail;
        port
    }

    fn cable(&mut self, a: PortId, b: PortId) {
        self.ports[a].peer = Some(b);
        self.ports[b].peer = Some(a);
    }

    /// The uplinks of a node's leaf on a rail, one a spine.
    pub fn uplinks(&self, node: usize, rail: usize) -> &[PortId] {
        &self.uplinks[self.pod_of(node) * RAILS + rail]
    }

    /// The leaf port that leads to a NIC.
    pub fn leaf_port(&self, node: usize, rail: usize) -> PortId {
        self.ports[self.nics[node][rail]].peer.expect("every rail NIC is cabled")
    }

    /// The last port of a pod's storage switch: its uplink.
    pub fn storage_uplink(&self, node: usize) -> PortId {
        let switch = self.ports[self.ports[self.storage[node]].peer.expect("storage ports are cabled")].device;
        *self.devices[switch].ports.last().expect("a storage switch has ports")
    }

    pub fn find_port(&self, device: &str, port: &str) -> Option<PortId> {
        self.ports.iter().position(|p| p.name == port && self.devices[p.device].name == device)
    }

    pub fn find_device(&self, device: &str) -> Option<DeviceId> {
        self.devices.iter().position(|d| d.name == device)
    }

    pub fn name_of(&self, port: PortId) -> (&str, &str) {
        let port = &self.ports[port];
        (&self.devices[port.device].name, &port.name)
    }
}

//! Who is cabled to whom, and which devices work for which job, as dense indices. The plan says so, and where it says nothing of
//! a cable its neighbours do (`cabling.rs`); ports and devices that
//! the plan does not have are taken in when they are first seen. Example: of a plan with one switch and two hosts, devices
//! 0 to 2, ports 0 to 3, cable 0 from port 0 (`h0 eth0`) to port 1 (`leaf swp0`), cable 1 from port 2 to port 3.

use super::cabling;
use super::inside::{Inside, InsideId, Insides};
use super::name_index::NameIndex;
use super::paths::Carried;
use crate::fabric::PortRef;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::OnceLock;
use weft_wire::plan::Plan;

/// Index of a fabric port (a row of `nic` or `switch_port`), planned or merely seen.
pub type PortId = usize;
pub type CableId = usize;
pub type DeviceId = usize;

/// A device with fewer links than this never counts as down as a whole: a node with two ports may lose both cables to one
/// careless hand.
pub const LEAST_LINKS: usize = 3;

/// A port that trained low has half or a quarter of its lanes and carries training traffic still; the ports of a node that are
/// there for its management are slower than that beside the others.
const SLOWER: i64 = 4;

#[derive(Debug, Default)]
pub struct Topology {
    pub ports: Vec<Port>,
    pub cables: Vec<Cable>,
    pub devices: Vec<Device>,
    pub jobs: Vec<Job>,
    insides: Insides,
    /// Ids of announced maintenance, and their numbers.
    announced: Vec<String>,
    by_announced: HashMap<String, usize>,
    /// The ports by their device and name.
    by_port: NameIndex,
    by_device: HashMap<String, DeviceId>,
    /// Cables that neighbours show to lie otherwise than planned.
    miscabled: Vec<Miscabling>,
    /// Ports at whose cable somebody was heard.
    heard: BTreeSet<PortId>,
    /// Cables of the plan that the word of an end contradicts.
    contradicted: BTreeSet<CableId>,
    /// By job, once asked for: the cables between switches that its traffic can take.
    pub(super) carried: Vec<OnceLock<Carried>>,
}

#[derive(Clone, Debug)]
pub struct Port {
    pub device: DeviceId,
    port: Box<str>,
    pub cable: Option<CableId>,
    pub planned_bps: Option<i64>,
    pub planned: bool,
    /// Carries training traffic: the plan says neither storage nor management, and the port is in the plan if any port of its
    /// device is. Of a node of which nothing is planned the fast ports do: `eth0` of 10 Gbit/s beside eight of 400 does not.
    pub compute: bool,
}

/// A cable and its two ends are one part: a fault of any of the three is named by the cable.
#[derive(Clone, Copy, Debug)]
pub struct Cable {
    pub a: PortId,
    pub b: PortId,
}

/// See [`cabling::Mismatch`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Miscabling {
    pub at: PortId,
    pub planned: PortId,
    pub heard: PortId,
    pub since_ns: i64,
}

#[derive(Clone, Debug)]
pub struct Device {
    pub name: String,
    pub is_switch: bool,
    pub ports: Vec<PortId>,
}

#[derive(Clone, Debug)]
pub struct Job {
    pub name: String,
    pub start_ns: i64,
    pub end_ns: i64,
    /// The devices that the job runs on, sorted.
    pub devices: Vec<DeviceId>,
    /// The number of each device's role group. Devices of one group do the same work and are compared with each other. Empty when
    /// the plan names no groups.
    pub groups: BTreeMap<DeviceId, u32>,
    /// Other jobs that run on one of its devices at some time, sorted: what its ports count is theirs too.
    pub beside: Vec<usize>,
}

impl Job {
    /// From its beginning until before its end.
    pub fn runs_at(&self, ts_ns: i64) -> bool {
        self.start_ns <= ts_ns && ts_ns < self.end_ns
    }
}

impl Topology {
    pub fn new(plan: &Plan) -> Topology {
        let mut topology = Topology::default();
        for device in &plan.devices {
            let id = topology.device(&device.device);
            topology.devices[id].is_switch = device.kind == "switch";
        }
        for port in plan.ports.iter().filter(|p| matches!(p.table.as_str(), "nic" | "switch_port")) {
            let id = topology.port(&port.device, &port.port);
            topology.ports[id].planned = true;
            topology.ports[id].planned_bps = port.speed_bps;
            topology.ports[id].compute = !matches!(port.role.as_str(), "storage" | "management");
        }
        for cable in &plan.cables {
            let (a, b) = (topology.port(&cable.a_device, &cable.a_port), topology.port(&cable.b_device, &cable.b_port));
            let id = topology.cables.len();
            topology.cables.push(Cable { a, b });
            topology.ports[a].cable = Some(id);
            topology.ports[b].cable = Some(id);
        }
        topology.add_speeds(plan);
        topology.add_jobs(plan);
        topology.add_heard(plan);
        topology
    }

    fn add_speeds(&mut self, plan: &Plan) {
        for told in &plan.speeds {
            let id = self.port(&told.device, &told.port);
            let port = &mut self.ports[id];
            port.planned_bps = port.planned_bps.or(Some(told.bps));
        }
        for device in 0..self.devices.len() {
            let Some(fastest) = self.fastest_bps(device) else { continue };
            for at in 0..self.devices[device].ports.len() {
                let id = self.devices[device].ports[at];
                self.ports[id].compute = self.is_fast(id, fastest);
            }
        }
    }

    /// The highest speed of the ports of a node of which nothing is planned.
    fn fastest_bps(&self, device: DeviceId) -> Option<i64> {
        let Device { is_switch, ports, .. } = &self.devices[device];
        let is_planned = *is_switch || ports.iter().any(|&port| self.ports[port].planned);
        ports.iter().filter_map(|&port| self.ports[port].planned_bps).max().filter(|_| !is_planned)
    }

    fn is_fast(&self, port: PortId, fastest_bps: i64) -> bool {
        self.ports[port].planned_bps.is_some_and(|bps| bps >= fastest_bps / SLOWER)
    }

    fn add_heard(&mut self, plan: &Plan) {
        for cable in &plan.heard {
            let ends = cabling::ends(cable).map(|end| self.port(&end.device, &end.port));
            self.heard.extend(ends);
        }
        for cabling::Mismatch { at, planned, heard, since_ns } in cabling::mismatches(plan) {
            let [at, planned, heard] = [at, planned, heard].map(|end| self.port(&end.device, &end.port));
            self.contradicted.extend([at, heard].iter().filter_map(|&end| self.ports[end].cable));
            self.miscabled.push(Miscabling { at, planned, heard, since_ns });
        }
    }

    pub fn miscabled(&self) -> &[Miscabling] {
        &self.miscabled
    }

    pub fn is_heard(&self, port: PortId) -> bool {
        self.heard.contains(&port)
    }

    /// What the ends of such a cable count is not of one cable.
    pub fn is_contradicted(&self, cable: CableId) -> bool {
        self.contradicted.contains(&cable)
    }

    fn add_jobs(&mut self, plan: &Plan) {
        let mut jobs: BTreeMap<&str, Job> = BTreeMap::new();
        let mut names: BTreeMap<&str, BTreeMap<&str, u32>> = BTreeMap::new();
        for row in &plan.jobs {
            let device = self.device(&row.device);
            let (start, end) = (row.start_ns.unwrap_or(i64::MIN), row.end_ns.unwrap_or(i64::MAX));
            let job = jobs.entry(&row.job).or_insert_with(|| Job {
                name: row.job.clone(),
                start_ns: start,
                end_ns: end,
                devices: Vec::new(),
                groups: BTreeMap::new(),
                beside: Vec::new(),
            });
            (job.start_ns, job.end_ns) = (job.start_ns.min(start), job.end_ns.max(end));
            job.devices.push(device);
            if !row.group.is_empty() {
                let known = names.entry(&row.job).or_default();
                let number = known.len() as u32;
                job.groups.entry(device).or_insert(*known.entry(&row.group).or_insert(number));
            }
        }
        self.jobs = jobs.into_values().collect();
        self.carried = vec![OnceLock::new(); self.jobs.len()];
        for job in &mut self.jobs {
            job.devices.sort_unstable();
            job.devices.dedup();
        }
        self.find_jobs_beside();
    }

    fn find_jobs_beside(&mut self) {
        let mut on: BTreeMap<DeviceId, Vec<usize>> = BTreeMap::new();
        for (id, job) in self.jobs.iter().enumerate() {
            job.devices.iter().for_each(|&device| on.entry(device).or_default().push(id));
        }
        for (id, job) in self.jobs.iter_mut().enumerate() {
            let others = job.devices.iter().flat_map(|device| &on[device]).copied();
            job.beside = others.filter(|&other| other != id).collect::<BTreeSet<_>>().into_iter().collect();
        }
    }

    /// The device of this name; a new one is taken in, for what is seen without a plan is still watched.
    pub fn device(&mut self, name: &str) -> DeviceId {
        if let Some(&id) = self.by_device.get(name) {
            return id;
        }
        let id = self.devices.len();
        self.devices.push(Device { name: name.to_owned(), is_switch: false, ports: Vec::new() });
        self.by_device.insert(name.to_owned(), id);
        id
    }

    pub fn port(&mut self, device: &str, port: &str) -> PortId {
        let device = self.device(device);
        if let Some(id) = self.port_of(device, port) {
            return id;
        }
        let id = self.ports.len();
        let is_beside = |&beside: &PortId| self.ports[beside].planned;
        // A port whose speed nobody tells is none of the fast ones.
        let compute = !self.devices[device].ports.iter().any(is_beside) && self.fastest_bps(device).is_none();
        self.devices[device].ports.push(id);
        self.by_port.insert((device, port), id as u32);
        self.ports.push(Port { device, port: port.into(), cable: None, planned_bps: None, planned: false, compute });
        id
    }

    pub fn find_port(&self, device: &str, port: &str) -> Option<PortId> {
        self.port_of(self.find_device(device)?, port)
    }

    fn port_of(&self, device: DeviceId, port: &str) -> Option<PortId> {
        let is = |id: u32| self.ports[id as usize].device == device && *self.ports[id as usize].port == *port;
        self.by_port.find((device, port), is).map(|id| id as PortId)
    }

    pub fn name(&self, port: PortId) -> PortRef {
        let port = &self.ports[port];
        PortRef::new(&self.devices[port.device].name, &*port.port)
    }

    pub fn find_device(&self, name: &str) -> Option<DeviceId> {
        self.by_device.get(name).copied()
    }

    /// A GPU or a link between GPUs, taken in when it is first asked for.
    pub fn take_in(&mut self, name: &PortRef) -> InsideId {
        let device = self.device(&name.device);
        self.insides.take_in(device, name)
    }

    pub fn find_inside(&self, name: &PortRef) -> Option<InsideId> {
        self.insides.find(name)
    }

    pub fn inside(&self, id: InsideId) -> &Inside {
        self.insides.get(id)
    }

    /// The number of a piece of maintenance, new or known.
    pub fn announce(&mut self, id: &str) -> usize {
        self.find_announced(id).unwrap_or_else(|| {
            let number = self.announced.len();
            self.announced.push(id.to_owned());
            self.by_announced.insert(id.to_owned(), number);
            number
        })
    }

    pub fn find_announced(&self, id: &str) -> Option<usize> {
        self.by_announced.get(id).copied()
    }

    pub fn announced(&self, number: usize) -> &str {
        &self.announced[number]
    }

    /// The other end of a port's cable.
    pub fn far(&self, port: PortId) -> Option<PortId> {
        let cable = self.cables[self.ports[port].cable?];
        Some(if cable.a == port { cable.b } else { cable.a })
    }

    /// A port of a switch that is cabled to a host.
    pub fn leads_to_host(&self, port: PortId) -> bool {
        let is_switch = |port: PortId| self.devices[self.ports[port].device].is_switch;
        is_switch(port) && self.far(port).is_some_and(|far| !is_switch(far))
    }

    /// The ports whose bytes are a job's training traffic.
    pub fn job_ports<'a>(&'a self, job: &'a Job) -> impl Iterator<Item = PortId> + 'a {
        job.devices.iter().flat_map(|&d| &self.devices[d].ports).copied().filter(|&p| self.ports[p].compute)
    }

    /// Jobs that run on a device at a moment.
    pub fn jobs_on(&self, device: DeviceId, ts_ns: i64) -> impl Iterator<Item = usize> + '_ {
        let runs = move |j: &Job| j.runs_at(ts_ns) && j.devices.binary_search(&device).is_ok();
        self.jobs.iter().enumerate().filter(move |(_, j)| runs(j)).map(|(i, _)| i)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::star;
    use weft_wire::plan::ToldSpeed;

    fn told(port: &str, bps: i64) -> ToldSpeed {
        let (device, port) = port.split_once(' ').unwrap();
        ToldSpeed { device: device.into(), port: port.into(), bps }
    }

    #[test]
    fn the_fast_ports_of_a_node_without_a_plan_carry_the_training() {
        const G: i64 = 1_000_000_000;
        let speeds =
            vec![told("n eth0", 25 * G), told("n eth1", 400 * G), told("n eth2", 100 * G), told("leaf swp1", 10 * G)];
        let mut topology = Topology::new(&Plan { speeds, ..star(1) });
        for (device, port, planned_bps, compute) in [
            ("n", "eth0", Some(25 * G), false),
            ("n", "eth1", Some(400 * G), true),
            // It trained at a quarter of its lanes.
            ("n", "eth2", Some(100 * G), true),
            ("n", "seen later, and nobody tells its speed", None, false),
            ("of another node", "eth0", None, true),
            ("h0", "eth1", Some(100_000_000), true),
        ] {
            let id = topology.port(device, port);
            let Port { planned_bps: bps, compute: is_compute, .. } = topology.ports[id];
            assert_eq!((bps, is_compute), (planned_bps, compute), "{device} {port}");
        }
    }

    #[test]
    fn maintenance_is_found_by_its_id() {
        let mut topology = Topology::new(&star(1));
        assert_eq!(["a", "b", "a"].map(|id| topology.announce(id)), [0, 1, 0]);
        assert_eq!(
            (topology.find_announced("b"), topology.find_announced("c"), topology.announced(1)),
            (Some(1), None, "b")
        );
    }

    #[test]
    fn what_is_planned_goes_before_what_is_told() {
        let topology = Topology::new(&Plan { speeds: vec![told("h0 eth1", 5)], ..star(1) });
        let port = topology.find_port("h0", "eth1").unwrap();
        assert_eq!(topology.ports[port].planned_bps, Some(100_000_000));
    }
}

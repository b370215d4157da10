//! The plan: devices, ports, cables and jobs, as rows with the trace format's columns.

use crate::sim::Fabric;
use crate::sink::entities;
use anyhow::{Context, Result};
use serde::Serialize;
use std::path::Path;
use weft_wire::Table;

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DeviceRow {
    pub device: String,
    pub kind: &'static str,
    pub tier: &'static str,
    pub rack: String,
    pub pod: String,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PortRow {
    pub device: String,
    pub port: String,
    pub table: &'static str,
    pub speed_bps: Option<i64>,
    pub rail: Option<usize>,
    pub role: &'static str,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CableRow {
    pub a_device: String,
    pub a_port: String,
    pub b_device: String,
    pub b_port: String,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct JobRow {
    pub job: String,
    pub device: String,
    pub start_ns: i64,
    pub end_ns: Option<i64>,
    pub rank: usize,
    pub group: String,
}

#[derive(Clone, Debug, PartialEq)]
pub struct PlanRows {
    pub devices: Vec<DeviceRow>,
    pub ports: Vec<PortRow>,
    pub cables: Vec<CableRow>,
    pub jobs: Vec<JobRow>,
}

impl PlanRows {
    /// Jobs run from `start_ns` to `end_ns`, or on.
    pub fn new(fabric: &Fabric, start_ns: i64, end_ns: Option<i64>) -> PlanRows {
        PlanRows {
            devices: devices(fabric),
            ports: ports(fabric),
            cables: cables(fabric),
            jobs: jobs(fabric, start_ns, end_ns),
        }
    }

    /// Writes devices.csv, ports.csv, cables.csv and jobs.csv.
    pub fn write(&self, dir: &Path) -> Result<()> {
        std::fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
        write_rows(dir, "devices.csv", &self.devices)?;
        write_rows(dir, "ports.csv", &self.ports)?;
        write_rows(dir, "cables.csv", &self.cables)?;
        write_rows(dir, "jobs.csv", &self.jobs)
    }
}

fn write_rows(dir: &Path, name: &str, rows: &[impl Serialize]) -> Result<()> {
    let path = dir.join(name);
    let write = || -> Result<()> {
        let mut writer = csv::Writer::from_path(&path)?;
        rows.iter().try_for_each(|row| writer.serialize(row))?;
        Ok(writer.flush()?)
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

fn devices(fabric: &Fabric) -> Vec<DeviceRow> {
    let row = |device: &crate::topology::Device| DeviceRow {
        device: device.name.clone(),
        kind: if device.node { "node" } else { "switch" },
        tier: device.tier,
        rack: device.rack.clone(),
        pod: device.pod.clone(),
    };
    fabric.world.topology.devices.iter().map(row).collect()
}

fn ports(fabric: &Fabric) -> Vec<PortRow> {
    let topology = &fabric.world.topology;
    let mut rows = Vec::new();
    for (id, device) in topology.devices.iter().enumerate() {
        for (index, entity) in entities(topology, id).into_iter().enumerate() {
            let port = device.ports.get(index).map(|&p| &topology.ports[p]);
            let rail = match entity.table {
                Table::Gpu => Some(index - device.ports.len()),
                _ => port.and_then(|p| p.rail),
            };
            rows.push(PortRow {
                device: device.name.clone(),
                port: entity.port,
                table: entity.table.name(),
                speed_bps: entity.speed_bps,
                rail,
                role: port.map_or("", |p| p.role),
            });
        }
    }
    rows
}

fn cables(fabric: &Fabric) -> Vec<CableRow> {
    let topology = &fabric.world.topology;
    let pairs = topology.ports.iter().enumerate().filter_map(|(id, port)| Some((id, port.peer.filter(|&p| p > id)?)));
    let row = |(a, b)| {
        let (a_device, a_port) = topology.name_of(a);
        let (b_device, b_port) = topology.name_of(b);
        let [a_device, a_port, b_device, b_port] = [a_device, a_port, b_device, b_port].map(str::to_owned);
        CableRow { a_device, a_port, b_device, b_port }
    };
    pairs.map(row).collect()
}

fn jobs(fabric: &Fabric, start_ns: i64, end_ns: Option<i64>) -> Vec<JobRow> {
    let mut rows = Vec::new();
    for job in &fabric.jobs {
        for (group, members) in job.spec.groups.iter().enumerate() {
            rows.extend(members.iter().map(|&rank| JobRow {
                job: job.spec.name.clone(),
                device: fabric.world.topology.devices[job.spec.nodes[rank]].name.clone(),
                start_ns,
                end_ns,
                rank,
                group: format!("g{group}"),
            }));
        }
    }
    rows
}

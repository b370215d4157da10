//! The plan of a simulated fabric: its devices, ports, cables and jobs.

use crate::sim::Fabric;
use crate::sink::entities;
use crate::topology::Device;
use weft_wire::Table;
use weft_wire::plan::{Plan, PlanCable, PlanDevice, PlanJob, PlanPort};

/// Jobs run from `start_ns` to `end_ns`, or on.
pub fn plan(fabric: &Fabric, start_ns: i64, end_ns: Option<i64>) -> Plan {
    Plan {
        devices: fabric.world.topology.devices.iter().map(device).collect(),
        ports: ports(fabric),
        cables: cables(fabric),
        jobs: jobs(fabric, start_ns, end_ns),
        ..Plan::default()
    }
}

fn device(device: &Device) -> PlanDevice {
    PlanDevice {
        device: device.name.clone(),
        kind: if device.node { "node" } else { "switch" }.to_owned(),
        tier: device.tier.to_owned(),
        rack: device.rack.clone(),
        pod: device.pod.clone(),
        ..Default::default()
    }
}

fn ports(fabric: &Fabric) -> Vec<PlanPort> {
    let topology = &fabric.world.topology;
    let mut rows = Vec::new();
    for (id, device) in topology.devices.iter().enumerate() {
        for (index, entity) in entities(topology, id).into_iter().enumerate() {
            let port = device.ports.get(index).map(|&p| &topology.ports[p]);
            let rail = match entity.table {
                Table::Gpu => Some(index - device.ports.len()),
                _ => port.and_then(|p| p.rail),
            };
            rows.push(PlanPort {
                device: device.name.clone(),
                port: entity.port,
                table: entity.table.name().to_owned(),
                speed_bps: entity.speed_bps,
                rail: rail.map_or_else(String::new, |rail| rail.to_string()),
                role: port.map_or("", |p| p.role).to_owned(),
                ..Default::default()
            });
        }
    }
    rows
}

fn cables(fabric: &Fabric) -> Vec<PlanCable> {
    let topology = &fabric.world.topology;
    let pairs = topology.ports.iter().enumerate().filter_map(|(id, port)| Some((id, port.peer.filter(|&p| p > id)?)));
    let row = |(a, b)| {
        let (a_device, a_port) = topology.name_of(a);
        let (b_device, b_port) = topology.name_of(b);
        let [a_device, a_port, b_device, b_port] = [a_device, a_port, b_device, b_port].map(str::to_owned);
        PlanCable { a_device, a_port, b_device, b_port }
    };
    pairs.map(row).collect()
}

fn jobs(fabric: &Fabric, start_ns: i64, end_ns: Option<i64>) -> Vec<PlanJob> {
    let mut rows = Vec::new();
    for job in &fabric.jobs {
        for (group, members) in job.spec.groups.iter().enumerate() {
            rows.extend(members.iter().map(|&rank| PlanJob {
                job: job.spec.name.clone(),
                device: fabric.world.topology.devices[job.spec.nodes[rank]].name.clone(),
                start_ns: Some(start_ns),
                end_ns,
                rank: i32::try_from(rank).ok(),
                group: format!("g{group}"),
                ..Default::default()
            }));
        }
    }
    rows
}

//! The plan folder: devices, ports, cables and jobs as the trace format has them.

use crate::sim::Fabric;
use crate::sink::entities;
use anyhow::{Context, Result};
use std::fmt::Write as _;
use std::path::Path;
use weft_wire::Table;

/// Writes devices.csv, ports.csv, cables.csv and jobs.csv. A job runs from `start_ns` to `end_ns`; without an end the
/// column stays empty.
pub fn write(dir: &Path, fabric: &Fabric, start_ns: i64, end_ns: Option<i64>) -> Result<()> {
    std::fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
    let files = [
        ("devices.csv", devices(fabric)),
        ("ports.csv", ports(fabric)),
        ("cables.csv", cables(fabric)),
        ("jobs.csv", jobs(fabric, start_ns, end_ns)),
    ];
    for (name, text) in files {
        let path = dir.join(name);
        std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

fn devices(fabric: &Fabric) -> String {
    let mut text = "device,kind,tier,rack,pod\n".to_owned();
    for device in &fabric.world.topology.devices {
        let kind = if device.node { "node" } else { "switch" };
        let _ = writeln!(text, "{},{kind},{},{},{}", device.name, device.tier, device.rack, device.pod);
    }
    text
}

fn ports(fabric: &Fabric) -> String {
    let topology = &fabric.world.topology;
    let mut text = "device,port,table,speed_bps,rail,role\n".to_owned();
    for (id, device) in topology.devices.iter().enumerate() {
        for (index, entity) in entities(topology, id).into_iter().enumerate() {
            let port = device.ports.get(index).map(|&p| &topology.ports[p]);
            let rail = match entity.table {
                Table::Gpu => Some(index - device.ports.len()),
                _ => port.and_then(|p| p.rail),
            };
            let _ = writeln!(
                text,
                "{},{},{},{},{},{}",
                device.name,
                entity.port,
                entity.table.name(),
                entity.speed_bps.map_or(String::new(), |b| b.to_string()),
                rail.map_or(String::new(), |r| r.to_string()),
                port.map_or("", |p| p.role),
            );
        }
    }
    text
}

fn cables(fabric: &Fabric) -> String {
    let topology = &fabric.world.topology;
    let mut text = "a_device,a_port,b_device,b_port\n".to_owned();
    for (id, port) in topology.ports.iter().enumerate() {
        if let Some(peer) = port.peer.filter(|&p| p > id) {
            let ((a, ap), (b, bp)) = (topology.name_of(id), topology.name_of(peer));
            let _ = writeln!(text, "{a},{ap},{b},{bp}");
        }
    }
    text
}

fn jobs(fabric: &Fabric, start_ns: i64, end_ns: Option<i64>) -> String {
    let mut text = "job,device,start_ns,end_ns,rank,group\n".to_owned();
    let end = end_ns.map_or(String::new(), |e| e.to_string());
    for job in &fabric.jobs {
        for (group, members) in job.spec.groups.iter().enumerate() {
            for &rank in members {
                let device = &fabric.world.topology.devices[job.spec.nodes[rank]].name;
                let _ = writeln!(text, "{},{device},{start_ns},{end},{rank},g{group}", job.spec.name);
            }
        }
    }
    text
}

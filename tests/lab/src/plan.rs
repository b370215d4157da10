//! Writes the plan folder: what should be there, in the trace format's four files.

use crate::topology::{Kind, Node, Topology};
use crate::training::JOB;
use anyhow::{Context, Result};
use std::path::Path;

pub fn write(topology: &Topology, folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    table(folder, "devices.csv", "device,kind,tier,rack,pod", devices(topology))?;
    table(folder, "ports.csv", "device,port,table,speed_bps,rail,role", ports(topology))?;
    table(folder, "cables.csv", "a_device,a_port,b_device,b_port", cables(topology))?;
    table(folder, "jobs.csv", "job,device,start_ns,end_ns,rank,group", jobs(topology))
}

fn table(folder: &Path, name: &str, header: &str, rows: Vec<String>) -> Result<()> {
    let path = folder.join(name);
    let text = std::iter::once(header.to_owned()).chain(rows).map(|line| line + "\n").collect::<String>();
    std::fs::write(&path, text).with_context(|| path.display().to_string())
}

fn devices(topology: &Topology) -> Vec<String> {
    let row = |n: &Node| match n.kind {
        Kind::Host => format!("{},node,,{},pod1", n.name, rack(topology, n)),
        Kind::Leaf => format!("{},switch,leaf,{},pod1", n.name, n.name.replace("leaf", "rack")),
        Kind::Spine => format!("{},switch,spine,,pod1", n.name),
    };
    topology.nodes.iter().map(row).collect()
}

fn rack(topology: &Topology, host: &Node) -> String {
    let cable = topology.cables.iter().find(|c| c.a.device == host.name);
    cable.map(|c| c.b.device.replace("leaf", "rack")).unwrap_or_default()
}

fn ports(topology: &Topology) -> Vec<String> {
    let fabric = topology.cables.iter().flat_map(|c| c.ends().map(|e| (e, c.rate_bps)));
    let fabric = fabric.map(|(end, bps)| {
        let table = if end.device.starts_with('h') { "nic" } else { "switch_port" };
        format!("{},{},{table},{bps},,compute", end.device, end.port)
    });
    let rest = topology.nodes.iter().flat_map(|n| {
        let host = (n.kind == Kind::Host).then(|| format!("{},,host,,,", n.name));
        let table = if n.kind == Kind::Host { "nic" } else { "switch_port" };
        [Some(format!("{},mgmt0,{table},,,management", n.name)), host].into_iter().flatten()
    });
    fabric.chain(rest).collect()
}

fn cables(topology: &Topology) -> Vec<String> {
    topology.cables.iter().map(|c| format!("{},{},{},{}", c.a.device, c.a.port, c.b.device, c.b.port)).collect()
}

fn jobs(topology: &Topology) -> Vec<String> {
    topology.ring().iter().enumerate().map(|(rank, host)| format!("{JOB},{},0,,{rank},dp", host.name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_plan_holds_every_port_and_rank() {
        let topology = Topology::standard();
        assert_eq!(cables(&topology).len(), 12);
        assert_eq!(ports(&topology).len(), 24 + 12 + 8);
        assert_eq!(jobs(&topology)[1], "train,h5,0,,1,dp");
        assert_eq!(devices(&topology)[4], "h5,node,,rack2,pod1");
    }
}

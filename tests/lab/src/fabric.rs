//! Builds the fabric: namespaces, cables through the patch panel, addresses, rates, and the management network apart.

use crate::topology::{End, MTU, Topology};
use crate::{command, netns, panel, routes, shaping};
use anyhow::{Context, Result};
use std::fmt::Write;

pub const BRIDGE: &str = "br0";
/// The lab's own address on the management network: broker, analyzer and webhook receiver live there.
pub const MGMT_ADDR: &str = "172.31.255.1";

/// Kernel settings of every fabric namespace. `conf.default` goes first: devices inherit it when they are made.
const SYSCTLS: &[(&str, &str)] = &[
    ("ipv4/conf/default/ignore_routes_with_linkdown", "1"),
    ("ipv4/conf/all/ignore_routes_with_linkdown", "1"),
    ("ipv4/conf/default/rp_filter", "0"),
    ("ipv4/conf/all/rp_filter", "0"),
    ("ipv4/ip_forward", "1"),
    // Policy 1 was seen to move running TCP flows over veth; 3 hashes just these fields: addresses, protocol, ports.
    ("ipv4/fib_multipath_hash_policy", "3"),
    ("ipv4/fib_multipath_hash_fields", "0x37"),
    ("ipv6/conf/all/disable_ipv6", "1"),
    ("ipv6/conf/default/disable_ipv6", "1"),
    // The transfer comes in bursts; without this each burst would begin with a slow start.
    ("ipv4/tcp_slow_start_after_idle", "0"),
    ("ipv4/tcp_no_metrics_save", "1"),
    // An RDMA NIC goes back to the lost packet or waits for its timeout; TCP with SACK and its tail probes hides 2 % of loss.
    ("ipv4/tcp_sack", "0"),
    // After a pulled cable is back, a stalled connection asks again within a second.
    ("ipv4/tcp_rto_max_ms", "1000"),
];

pub fn build(topology: &Topology) -> Result<()> {
    make_namespaces(topology)?;
    make_management(topology)?;
    make_cables(topology)?;
    configure_nodes(topology)?;
    panel::install(topology)?;
    shaping::install(topology)?;
    routes::install(topology)
}

fn make_namespaces(topology: &Topology) -> Result<()> {
    let names = topology.nodes.iter().map(|n| n.name.as_str()).chain([panel::NETNS]);
    command::ip("", &names.fold(String::new(), |batch, name| batch + "netns add " + name + "\n"))?;
    for node in &topology.nodes {
        netns::within(&node.name, set_sysctls)?;
    }
    netns::within(panel::NETNS, set_sysctls)
}

fn set_sysctls() -> Result<()> {
    for (key, value) in SYSCTLS {
        let path = format!("/proc/sys/net/{key}");
        match std::fs::write(&path, value) {
            // Kernels before 6.15 know no such limit; their stalled connections take longer to go on.
            Err(_) if key.ends_with("tcp_rto_max_ms") => {}
            written => written.with_context(|| format!("{path} = {value}"))?,
        }
    }
    Ok(())
}

fn make_management(topology: &Topology) -> Result<()> {
    let mut batch = format!(
        "link set lo up\nlink add {BRIDGE} type bridge\nlink set {BRIDGE} up\naddr add {MGMT_ADDR}/24 dev {BRIDGE}\n"
    );
    for node in &topology.nodes {
        let name = &node.name;
        writeln!(batch, "link add mgmt-{name} type veth peer name mgmt0 netns {name}")?;
        writeln!(batch, "link set mgmt-{name} master {BRIDGE} up")?;
    }
    command::ip("", &batch)
}

/// Each cable is two veth pairs that meet in the panel. The panel's device indices differ from the fabric's: the kernel
/// tells a carrier change at once only when a veth's index is not its peer's.
fn make_cables(topology: &Topology) -> Result<()> {
    let mut batch = String::new();
    for (index, end) in topology.cables.iter().flat_map(|c| c.ends()).enumerate() {
        let End { device, port, .. } = end;
        writeln!(
            batch,
            "link add name {} netns {} index {} mtu {MTU} type veth peer name {port} netns {device} index {} mtu {MTU}",
            end.jack(),
            panel::NETNS,
            1000 + index,
            100 + index
        )?;
    }
    command::ip("", &batch)?;
    let up = topology.cables.iter().flat_map(|c| c.ends());
    command::ip(panel::NETNS, &up.fold(String::new(), |batch, end| batch + "link set " + &end.jack() + " up\n"))
}

fn configure_nodes(topology: &Topology) -> Result<()> {
    for node in &topology.nodes {
        let mut batch = format!("link set lo up\nlink set mgmt0 up\naddr add {}/24 dev mgmt0\n", node.mgmt);
        for end in topology.cables.iter().flat_map(|c| c.ends()).filter(|e| e.device == node.name) {
            // One segment a packet: counters then count what a wire would carry, and a lost packet is one packet.
            writeln!(batch, "link set {} gso_max_segs 1 up\naddr add {}/31 dev {}", end.port, end.addr, end.port)?;
        }
        command::ip(&node.name, &batch)?;
    }
    Ok(())
}

//! Four hosts on a leaf, each end of each cable told once a second. The cable of host h1 goes down at a second of choice.

use std::collections::BTreeMap;
use std::sync::Arc;
use weft_transport::{Publisher, Topic};
use weft_wire::plan::{Plan, PlanCable, PlanJob, PlanPort};
use weft_wire::*;

const S: i64 = 1_000_000_000;
const START_NS: i64 = 1_700_000_000 * S;
const HOSTS: usize = 4;
const COUNTERS: [&str; 5] = ["rx_bytes", "tx_bytes", "rx_packets", "tx_packets", "link_up"];

pub fn plan() -> Plan {
    let port = |device: &str, port: &str, table: &str| PlanPort {
        device: device.into(),
        port: port.into(),
        table: table.into(),
        speed_bps: Some(100 * S),
        role: "compute".into(),
        ..Default::default()
    };
    let mut plan = Plan::default();
    for (host, swp) in (0..HOSTS).map(|i| (format!("h{i}"), format!("swp{i}"))) {
        plan.ports.extend([port(&host, "eth1", "nic"), port("leaf", &swp, "switch_port")]);
        plan.jobs.push(PlanJob { job: "train".into(), device: host.clone(), ..Default::default() });
        let (b_device, b_port) = ("leaf".into(), swp);
        plan.cables.push(PlanCable { a_device: host, a_port: "eth1".into(), b_device, b_port });
    }
    plan
}

/// What all five collectors tell of a second. From `down_at` on the cable of h1 is down.
pub async fn publish(publisher: &dyn Publisher, second: u64, down_at: u64) {
    for host in 0..HOSTS {
        let up = host != 1 || second < down_at;
        let name = format!("h{host}");
        let frame = frame(&name, Table::Nic, &["eth1".to_owned()], &[up], second);
        publisher.publish(Topic::Frames, &name, frame.into()).await.unwrap();
    }
    let ports: Vec<String> = (0..HOSTS).map(|i| format!("swp{i}")).collect();
    let up: Vec<bool> = (0..HOSTS).map(|i| i != 1 || second < down_at).collect();
    let frame = frame("leaf", Table::SwitchPort, &ports, &up, second);
    publisher.publish(Topic::Frames, "leaf", frame.into()).await.unwrap();
}

fn frame(device: &str, table: Table, ports: &[String], up: &[bool], second: u64) -> Vec<u8> {
    let schema = Arc::new(TableSchema::wide(table, &COUNTERS).unwrap());
    let mut rows = TableWriter::new(schema.clone());
    for (index, up) in up.iter().enumerate() {
        rows.begin_row(index as i32, START_NS + second as i64 * S + 7, None, 1);
        let moved = second * 1_000_000;
        for (column, value) in [moved, moved, moved / 1000, moved / 1000, u64::from(*up)].into_iter().enumerate() {
            rows.set_uint(column, 0, value);
        }
    }
    let frame = Frame {
        collector: device.to_owned(),
        boot: 1,
        sequence: second,
        flush_ts_ns: START_NS + (second as i64 + 1) * S,
        clock_error_us: None,
        inventory_version: 1,
        dropped_frames: 0,
        inventory: (second == 0).then(|| inventory(device, table, ports, &schema)),
        sections: vec![Section { schema, batch: rows.finish().unwrap() }],
    };
    frame.encode().unwrap()
}

fn inventory(device: &str, table: Table, ports: &[String], schema: &TableSchema) -> Inventory {
    let port = |(index, port): (usize, &String)| PortDescriptor {
        index: index as i32,
        table,
        device: device.to_owned(),
        port: port.clone(),
        driver: String::new(),
        speed_bps: None,
        epoch: 1,
        part: Part::default(),
        position: String::new(),
        profile: 0,
        labels: BTreeMap::new(),
    };
    let kind = if table == Table::Nic { DeviceKind::Node } else { DeviceKind::Switch };
    let (boot_id, labels) = (String::new(), BTreeMap::new());
    Inventory {
        collector: device.to_owned(),
        boot: 1,
        version: 1,
        devices: vec![DeviceDescriptor { device: device.to_owned(), kind, boot_id, labels }],
        ports: ports.iter().enumerate().map(port).collect(),
        profiles: vec![Profile::default()],
        schemas: vec![schema.clone()],
        flush_period_ms: 1000,
        neighbors: Vec::new(),
    }
}

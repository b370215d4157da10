//! Frames as collectors of a large fabric send them, for benchmarks.

use std::collections::BTreeMap;
use std::sync::Arc;
use weft_wire::plan::{Plan, PlanCable, PlanDevice, PlanJob, PlanPort};
use weft_wire::*;

pub const S: i64 = 1_000_000_000;
/// What a ConnectX port of a healthy fabric tells at 1 Hz, as far as the model and SQL care: 26 values a row, each with
/// its rise a second. Traffic is an eighth of 400 Gbit/s; errors stand still.
pub const COUNTERS: [(&str, u64); 26] = [
    ("rx_bytes", 6_250_000_000),
    ("tx_bytes", 6_250_000_000),
    ("rx_packets", 1_525_879),
    ("tx_packets", 1_525_879),
    ("rx_errors", 0),
    ("tx_errors", 0),
    ("rx_discards", 0),
    ("tx_discards", 0),
    ("rx_crc_errors", 0),
    ("symbol_errors", 0),
    ("phy_rx_bits", 425_000_000_000),
    ("fec_corrected_bits", 42_500),
    ("fec_corrected_blocks", 40_000),
    ("fec_uncorrectable_blocks", 0),
    ("link_down_events", 0),
    ("link_up", 0),
    ("rx_pause_frames", 12),
    ("tx_pause_frames", 12),
    ("rx_pause_us", 90),
    ("tx_pause_us", 90),
    ("rx_ecn_marked_packets", 300),
    ("cnp_sent", 300),
    ("cnp_handled", 300),
    ("out_of_sequence", 0),
    ("ack_timeouts", 0),
    ("retransmits", 0),
];

pub fn schema() -> Arc<TableSchema> {
    Arc::new(TableSchema::wide(Table::Nic, &COUNTERS.map(|(name, _)| name)).expect("catalogue counters"))
}

/// One frame of one collector, as bytes: `rows` ports.
pub fn frame(schema: &Arc<TableSchema>, collector: &str, rows: i32, tick: i64) -> Vec<u8> {
    let mut writer = TableWriter::new(schema.clone());
    for row in 0..rows {
        writer.begin_row(row, tick * S + 1000, None, 1);
        for (column, (_, rise)) in COUNTERS.iter().enumerate() {
            let value = tick as u64 * rise + 1;
            writer.set_uint(column, 0, value);
        }
    }
    let frame = Frame {
        collector: collector.to_owned(),
        boot: 1,
        sequence: tick as u64,
        flush_ts_ns: (tick + 1) * S,
        clock_error_us: Some(1),
        inventory_version: 1,
        dropped_frames: 0,
        inventory: (tick % 30 == 0).then(|| inventory(schema, collector, rows)),
        sections: vec![Section { schema: schema.clone(), batch: writer.finish().expect("a batch") }],
    };
    frame.encode().expect("a frame")
}

fn inventory(schema: &TableSchema, collector: &str, rows: i32) -> Inventory {
    let port = |index: i32| PortDescriptor {
        index,
        table: Table::Nic,
        device: collector.to_owned(),
        port: format!("eth{index}"),
        driver: "mlx5_core".to_owned(),
        speed_bps: Some(400_000_000_000),
        epoch: 1,
        part: Part::default(),
        position: String::new(),
        profile: 0,
        labels: BTreeMap::new(),
    };
    let (boot_id, labels) = (String::new(), BTreeMap::new());
    let device = DeviceDescriptor { device: collector.to_owned(), kind: DeviceKind::Node, boot_id, labels };
    Inventory {
        collector: collector.to_owned(),
        boot: 1,
        version: 1,
        devices: vec![device],
        ports: (0..rows).map(port).collect(),
        profiles: vec![Profile::default()],
        schemas: vec![schema.clone()],
        flush_period_ms: 1000,
        neighbors: Vec::new(),
    }
}

/// A plan in which port p of one device is cabled to port p of the next, and all work for one job.
pub fn plan(names: &[String], rows: i32) -> Plan {
    let mut plan = Plan::default();
    for pair in names.chunks(2) {
        for name in pair {
            plan.devices.push(PlanDevice { device: name.clone(), kind: "node".into(), ..PlanDevice::default() });
            plan.jobs.push(PlanJob { job: "train".into(), device: name.clone(), ..PlanJob::default() });
        }
        for port in (0..rows).map(|row| format!("eth{row}")) {
            plan.ports.extend(pair.iter().map(|name| PlanPort {
                device: name.clone(),
                port: port.clone(),
                table: "nic".into(),
                speed_bps: Some(400_000_000_000),
                ..PlanPort::default()
            }));
            plan.cables.push(PlanCable {
                a_device: pair[0].clone(),
                a_port: port.clone(),
                b_device: pair[1].clone(),
                b_port: port,
            });
        }
    }
    plan
}

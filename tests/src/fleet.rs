//! Frames as collectors of a large fabric send them, for benchmarks.

use std::collections::BTreeMap;
use std::sync::Arc;
use weft_wire::*;

pub const S: i64 = 1_000_000_000;
/// What a ConnectX port tells at 1 Hz, as far as the model and SQL care: 26 values a row.
pub const COUNTERS: [&str; 26] = [
    "rx_bytes",
    "tx_bytes",
    "rx_packets",
    "tx_packets",
    "rx_errors",
    "tx_errors",
    "rx_discards",
    "tx_discards",
    "rx_crc_errors",
    "symbol_errors",
    "phy_rx_bits",
    "fec_corrected_bits",
    "fec_corrected_blocks",
    "fec_uncorrectable_blocks",
    "link_down_events",
    "link_up",
    "rx_pause_frames",
    "tx_pause_frames",
    "rx_pause_us",
    "tx_pause_us",
    "rx_ecn_marked_packets",
    "cnp_sent",
    "cnp_handled",
    "out_of_sequence",
    "ack_timeouts",
    "retransmits",
];

pub fn schema() -> Arc<TableSchema> {
    Arc::new(TableSchema::wide(Table::Nic, &COUNTERS).expect("catalogue counters"))
}

/// One frame of one collector, as bytes: `rows` ports, all counters rising.
pub fn frame(schema: &Arc<TableSchema>, collector: &str, rows: i32, tick: i64) -> Vec<u8> {
    let mut writer = TableWriter::new(schema.clone());
    for row in 0..rows {
        writer.begin_row(row, tick * S + 1000, None, 1);
        for (column, counter) in COUNTERS.iter().enumerate() {
            let value = if *counter == "link_up" { 1 } else { tick as u64 * 1_000_003 + column as u64 };
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
    }
}

//! What both benchmarks need: frames as collectors send them, and the CPU time of this thread.

use std::collections::BTreeMap;
use std::sync::Arc;
use weft_wire::*;

pub const S: i64 = 1_000_000_000;
/// What a ConnectX port tells at 1 Hz, as far as the model and SQL care: 26 values a row.
const COUNTERS: [&str; 26] = [
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

/// CPU time of this thread, s.
pub fn cpu_s() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split_whitespace().next().and_then(|ns| ns.parse::<f64>().ok()).unwrap_or(0.0) / 1e9
}

/// Resident memory now, bytes.
pub fn resident_bytes() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    text.split_whitespace().nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0) * 4096
}

/// Ticks taken in before the measurement, so that the inventory is known and the model warm.
pub const WARM: i64 = 3;

/// Feeds `ticks` ticks of all collectors through ingest and engine; prints one line of JSON.
pub fn measure(name: &str, collectors: usize, rows: i32, ticks: i64) {
    use weft_analyzer::engine::{Engine, EngineConfig};
    use weft_analyzer::ingest::{Ingest, IngestConfig, IngestEvent};
    let schema = schema();
    let names: Vec<String> = (0..collectors).map(|c| format!("node{c:05}")).collect();
    let mut ingest = Ingest::new(IngestConfig::default());
    let mut engine = Engine::new(Default::default(), EngineConfig { tick_ns: S });
    let (mut ingest_s, mut engine_s, mut samples, mut closed) = (0.0, 0.0, 0, 0);
    for tick in 0..WARM + ticks {
        let payloads: Vec<bytes::Bytes> = names.iter().map(|n| frame(&schema, n, rows, tick).into()).collect();
        let counted_before = ingest.stats().samples;
        for (name, payload) in names.iter().zip(&payloads) {
            let began = cpu_s();
            let events = ingest.push(name, payload);
            let pushed = cpu_s();
            for event in events {
                if let IngestEvent::Tick(tick) = event {
                    std::hint::black_box(engine.on_tick(&tick, ingest.entities()));
                    closed += 1;
                }
            }
            if tick >= WARM {
                ingest_s += pushed - began;
                engine_s += cpu_s() - pushed;
            }
        }
        if tick >= WARM {
            samples += ingest.stats().samples - counted_before;
        }
    }
    let total_s = ingest_s + engine_s;
    println!(
        "{{\"bench\":\"{name}\",\"collectors\":{collectors},\"rows_a_frame\":{rows},\"ticks\":{closed},\"samples\":{samples},\
         \"ingest_cpu_s\":{ingest_s:.3},\"engine_cpu_s\":{engine_s:.3},\"samples_per_cpu_s\":{:.0},\"frames_per_cpu_s\":{:.0},\
         \"resident_mib\":{}}}",
        samples as f64 / total_s,
        (collectors as i64 * ticks) as f64 / total_s,
        resident_bytes() >> 20,
    );
}

//! Version 1 as bytes: what was written once is read for ever, and written the same.
//!
//! The files are never rewritten. When the second half fails after an upgrade of a dependency, the bytes moved though
//! their meaning did not: add a file for the new bytes and keep reading the old. When the first half fails, it is version 2.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use weft_wire::*;

const WIDE: [(Table, &[&str]); 8] = [
    (Table::Nic, &["rx_bytes", "speed_bps", "link_up", "rx_pause_us_p", "link_down_events"]),
    (Table::SwitchPort, &["tx_bytes", "fec_codewords", "pre_fec_ber"]),
    (Table::Queue, &["dropped_packets", "watermark_bytes"]),
    (Table::Lane, &["raw_errors", "rx_power_dbm"]),
    (Table::Gpu, &["sm_clock_mhz", "throttle_reasons", "fabric_state"]),
    (Table::GpuLink, &["rx_bytes", "effective_ber"]),
    (Table::Host, &["cpu_busy_percent", "cpu_pressure_us", "clock_error_us"]),
    (Table::Probe, &["sent", "lost", "rtt_us_p50"]),
];

/// Two rows: all of one set, of the other the first counter alone, saturated.
fn wide(table: Table, counters: &[&str]) -> Section {
    let schema = Arc::new(TableSchema::wide(table, counters).unwrap());
    let mut writer = TableWriter::new(schema.clone());
    writer.begin_row(0, 1_700_000_000_000_000_000, None, 1);
    for (column, name) in counters.iter().enumerate() {
        match catalogue().counter(table, name).unwrap().column_kind() {
            ColumnKind::Int => writer.set_uint(column, 0, 1000 + column as u64),
            ColumnKind::Float => writer.set_float(column, -0.5),
            ColumnKind::List(len) => (0..len - 1).for_each(|e| writer.set_uint(column, e, u64::from(e))),
        }
    }
    writer.begin_row(1, 1_700_000_000_100_000_000, Some(1_700_000_000_000_000_000), 2);
    writer.set_uint(0, 0, 255);
    writer.flag(0, 0, Quality::Saturated);
    writer.flag(1, 0, Quality::Failed);
    Section { batch: writer.finish().unwrap(), schema }
}

fn fixed(table: Table, batch: arrow_array::RecordBatch) -> Section {
    Section { schema: Arc::new(TableSchema::fixed(table).unwrap()), batch }
}

fn event() -> EventRow {
    EventRow {
        port: Some(1),
        device: "n0".into(),
        ts_ns: 5,
        event: "link_down".into(),
        text: "eth0: Träger fort".into(),
    }
}

fn step() -> StepRow {
    StepRow {
        device: "n0".into(),
        job: "train".into(),
        rank: 3,
        gpu: Some(3),
        step: 120,
        phase: "communicate".into(),
        start_ns: 10,
        end_ns: 20,
        extra: r#"{"loss":2.5}"#.into(),
    }
}

fn extra() -> ExtraRow {
    ExtraRow { port: 0, ts_ns: 7, name: "mlx5.hw:rx_dct_connect".into(), value: -1 }
}

fn inventory(schemas: Vec<TableSchema>) -> Inventory {
    let labels = BTreeMap::from([("rack".to_owned(), "r1".to_owned()), ("pod".to_owned(), "p0".to_owned())]);
    let source = CounterSource {
        counter: "link_down_events".into(),
        source: "infiniband".into(),
        raw_name: "link_downed".into(),
        bits: 8,
        overflow: Overflow::Saturate,
        period_ms: 0,
    };
    let port = PortDescriptor {
        index: 0,
        table: Table::Nic,
        device: "n0".into(),
        port: "mlx5_0/1".into(),
        driver: "mlx5".into(),
        speed_bps: Some(400_000_000_000),
        epoch: 1,
        part: Part {
            vendor: "15b3".into(),
            model: "CX7".into(),
            serial: "S1".into(),
            firmware: "28.1".into(),
            lot: "L".into(),
        },
        position: "0000:1b:00.0".into(),
        profile: 0,
        labels: labels.clone(),
    };
    let other = PortDescriptor {
        index: 1,
        port: String::new(),
        table: Table::Host,
        speed_bps: None,
        part: Part::default(),
        ..port.clone()
    };
    Inventory {
        collector: "n0".into(),
        boot: 0xfeed_beef_0123_4567,
        version: 2,
        devices: vec![DeviceDescriptor {
            device: "n0".into(),
            kind: DeviceKind::Switch,
            boot_id: "b-1".into(),
            labels,
        }],
        ports: vec![port, other],
        profiles: vec![Profile { counters: vec![source] }],
        schemas,
        flush_period_ms: 1000,
        neighbors: Vec::new(),
    }
}

/// A frame with a section of every table and an inventory.
pub fn frame() -> Frame {
    let mut sections: Vec<Section> = WIDE.iter().map(|(table, counters)| wide(*table, counters)).collect();
    let schemas = sections.iter().map(|s| s.schema.as_ref().clone()).collect();
    sections.push(fixed(Table::Event, EventRow::batch(&[event(), EventRow { port: None, ..event() }]).unwrap()));
    sections.push(fixed(Table::Step, StepRow::batch(&[step(), StepRow { gpu: None, ..step() }]).unwrap()));
    sections.push(fixed(Table::Extra, ExtraRow::batch(&[extra()]).unwrap()));
    Frame {
        collector: "n0".into(),
        boot: 0xfeed_beef_0123_4567,
        sequence: 42,
        flush_ts_ns: 1_700_000_001_000_000_000,
        clock_error_us: Some(-12),
        inventory_version: 2,
        dropped_frames: 3,
        inventory: Some(inventory(schemas)),
        sections,
    }
}

/// Bytes of a golden file; written by today's encoder when there is none yet.
fn golden(name: &str, today: &[u8]) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if !path.exists() && std::env::var_os("UPDATE").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, today).unwrap();
    }
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e} (UPDATE=1 writes it, once)", path.display()))
}

#[test]
fn version_1_of_a_frame_is_read_and_written_as_ever() {
    let today = frame().encode().unwrap();
    let bytes = golden("v1-frame.bin", &today);
    let read = Frame::decode(&bytes, &mut SchemaCache::default()).unwrap();
    assert_eq!(read, frame());
    assert_eq!(EventRow::read(&read.sections[8].batch)[0], event());
    assert_eq!(StepRow::read(&read.sections[9].batch)[0], step());
    assert_eq!(ExtraRow::read(&read.sections[10].batch), [extra()]);
    assert!(today == bytes, "the encoder writes other bytes than it did");
}

#[test]
fn version_1_of_an_inventory_is_read_and_written_as_ever() {
    let inventory = frame().inventory.unwrap();
    let today = inventory.encode().unwrap();
    let bytes = golden("v1-inventory.bin", &today);
    assert_eq!(Inventory::decode(&bytes).unwrap(), inventory);
    assert!(today == bytes, "the encoder writes other bytes than it did");
}

/// Neighbours came later (field 9 of the inventory), additively: still version 1. One with all that can be said, one with
/// the least.
fn with_neighbors() -> Inventory {
    let full = Neighbor {
        port: 0,
        chassis_kind: "mac".into(),
        chassis_id: "50:6b:4b:00:00:01".into(),
        port_kind: "interface_name".into(),
        port_id: "Ethernet8".into(),
        system_name: "leaf-1".into(),
        system_description: "SONiC".into(),
        port_description: "to n0".into(),
        ttl_s: 120,
        vlan: Some(100),
        max_frame_bytes: Some(9216),
        autoneg_supported: Some(true),
        autoneg_enabled: Some(false),
        mau_type: Some(30),
        aggregate: Some(7),
        management_address: "10.0.0.1".into(),
        capabilities: Some(20),
        since_ns: 1_700_000_000_000_000_000,
    };
    let least = Neighbor { port: 1, chassis_id: "x".into(), port_id: "y".into(), ..Neighbor::default() };
    Inventory { neighbors: vec![full, least], ..frame().inventory.unwrap() }
}

#[test]
fn neighbours_are_read_and_written_as_ever() {
    let today = with_neighbors().encode().unwrap();
    let bytes = golden("v1-neighbors.bin", &today);
    assert_eq!(Inventory::decode(&bytes).unwrap(), with_neighbors());
    assert!(today == bytes, "the encoder writes other bytes than it did");
}

#[test]
fn fingerprints_of_version_1_stay() {
    let fingerprints: Vec<String> =
        frame().sections.iter().map(|s| format!("{:016x}", s.schema.fingerprint().0)).collect();
    let text = fingerprints.join("\n") + "\n";
    assert_eq!(String::from_utf8(golden("v1-fingerprints.txt", text.as_bytes())).unwrap(), text);
}

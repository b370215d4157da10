use crate::*;
use std::sync::Arc;

fn frame() -> Frame {
    let schema = Arc::new(TableSchema::wide(Table::Nic, &["rx_bytes", "speed_bps", "rx_pause_us_p"]).unwrap());
    let mut writer = TableWriter::new(schema.clone());
    writer.begin_row(0, 1_000, None, 1);
    writer.set_uint(0, 0, 42);
    writer.set_float(1, 1e9);
    writer.set_uint(2, 3, 7);
    writer.begin_row(1, 1_001, Some(900), 1);
    writer.set_uint(0, 0, u64::MAX);
    let nic = Section { schema: schema.clone(), batch: writer.finish().unwrap() };
    let step = StepRow { device: "n0".into(), job: "j".into(), step: 3, phase: "compute".into(), ..Default::default() };
    let steps =
        Section { schema: Arc::new(TableSchema::fixed(Table::Step).unwrap()), batch: StepRow::batch(&[step]).unwrap() };
    let inventory = Inventory {
        collector: "n0".into(),
        boot: 7,
        version: 1,
        devices: vec![],
        ports: vec![],
        profiles: vec![],
        schemas: vec![schema.as_ref().clone()],
        flush_period_ms: 1000,
        neighbors: Vec::new(),
    };
    Frame {
        collector: "n0".into(),
        boot: 7,
        sequence: 1,
        flush_ts_ns: 2_000,
        clock_error_us: None,
        inventory_version: 1,
        dropped_frames: 0,
        inventory: Some(inventory),
        sections: vec![nic, steps],
    }
}

#[test]
fn a_frame_comes_back_as_it_went() {
    let sent = frame();
    let got = Frame::decode(&sent.encode().unwrap(), &mut SchemaCache::default()).unwrap();
    assert_eq!(got, sent);
    let quality = got.sections[0].batch.column_by_name("quality").unwrap();
    assert_eq!((quality.is_valid(0), quality.is_valid(1)), (false, true));
    assert_eq!(StepRow::read(&got.sections[1].batch)[0].step, 3);
}

#[test]
fn a_section_of_an_unknown_schema_says_which() {
    let sent = Frame { inventory: None, ..frame() };
    let error = Frame::decode(&sent.encode().unwrap(), &mut SchemaCache::default()).unwrap_err();
    assert!(matches!(error, WireError::UnknownSchema(f) if f == sent.sections[0].schema.fingerprint().0));
}

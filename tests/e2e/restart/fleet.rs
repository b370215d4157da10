//! A few collectors that publish a second of event time as fast as they can.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;
use weft_transport::{Publisher, Topic};
use weft_wire::*;

pub const COLLECTORS: u64 = 8;
pub const TICKS: u64 = 60;
/// Of a frame.
pub const ROWS: u64 = 4;
const S: i64 = 1_000_000_000;
const START_NS: i64 = 1_700_000_000 * S;

#[derive(Default)]
pub struct Fleet {
    lost: BTreeSet<(u64, u64)>,
}

impl Fleet {
    /// These frames of a collector are never sent.
    pub fn lose(&mut self, collector: u64, ticks: Range<u64>) {
        self.lost.extend(ticks.map(|tick| (collector, tick)));
    }

    /// Returns when the broker has them.
    pub async fn publish(&self, publisher: &dyn Publisher, ticks: Range<u64>) {
        for tick in ticks {
            let of_tick = (0..COLLECTORS).filter(|c| !self.lost.contains(&(*c, tick)));
            let sends = of_tick.map(|c| {
                let frame = frame(c, tick);
                async move { publisher.publish(Topic::Frames, &name(c), frame.into()).await.unwrap() }
            });
            futures::future::join_all(sends).await;
        }
    }
}

fn name(collector: u64) -> String {
    format!("node{collector}")
}

fn frame(collector: u64, tick: u64) -> Vec<u8> {
    let schema = Arc::new(TableSchema::wide(Table::Nic, &["rx_bytes", "tx_bytes"]).unwrap());
    let mut writer = TableWriter::new(schema.clone());
    for port in 0..ROWS {
        writer.begin_row(port as i32, START_NS + tick as i64 * S + 7, None, 1);
        writer.set_uint(0, 0, tick * 1000);
        writer.set_uint(1, 0, tick * 1000);
    }
    let frame = Frame {
        collector: name(collector),
        boot: 1,
        sequence: tick,
        flush_ts_ns: START_NS + (tick as i64 + 1) * S,
        clock_error_us: None,
        inventory_version: 1,
        dropped_frames: 0,
        inventory: tick.is_multiple_of(30).then(|| inventory(collector, &schema)),
        sections: vec![Section { schema, batch: writer.finish().unwrap() }],
    };
    frame.encode().unwrap()
}

fn inventory(collector: u64, schema: &TableSchema) -> Inventory {
    let port = |index: u64| PortDescriptor {
        index: index as i32,
        table: Table::Nic,
        device: name(collector),
        port: format!("eth{index}"),
        driver: String::new(),
        speed_bps: None,
        epoch: 1,
        part: Part::default(),
        position: String::new(),
        profile: 0,
        labels: BTreeMap::new(),
    };
    let (boot_id, labels) = (String::new(), BTreeMap::new());
    let device = DeviceDescriptor { device: name(collector), kind: DeviceKind::Node, boot_id, labels };
    Inventory {
        collector: name(collector),
        boot: 1,
        version: 1,
        devices: vec![device],
        ports: (0..ROWS).map(port).collect(),
        profiles: vec![Profile::default()],
        schemas: vec![schema.clone()],
        flush_period_ms: 1000,
        neighbors: Vec::new(),
    }
}

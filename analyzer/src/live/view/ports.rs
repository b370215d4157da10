//! Ports as readers see them: what the plan says, what collectors describe, and what the judge has seen.

use crate::read::PortView;
use crate::store::Store;
use arrow_array::cast::AsArray;
use arrow_array::types::{Int32Type, Int64Type};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use weft_judge::detect::armed;
use weft_judge::fabric::PortId;
use weft_judge::features::{Features, Moved};
use weft_wire::Table;

/// Batches of a table that are searched for each port's latest row: a batch is a tick, so that with ticks of a second a port
/// that was read in the last 16 s is found.
const NEWEST_BATCHES: usize = 16;

/// By device, port and table.
pub type Ports = BTreeMap<(Arc<str>, Arc<str>, &'static str), PortView>;

/// What is copied of a fabric port from the judge. Small, because the intake waits for the judge's lock meanwhile.
#[derive(Clone, Copy)]
pub struct Seen {
    last_ns: Option<i64>,
    moved: Option<Moved>,
    up: Option<bool>,
    heard: bool,
    ends_agree: Option<bool>,
}

impl Seen {
    pub fn of(features: &Features, id: PortId) -> Seen {
        let port = &features.ports[id];
        Seen {
            last_ns: port.last.map(|last| last.ts_ns),
            moved: port.moved(features.tick),
            up: port.link.up,
            heard: armed::is_heard(features, port),
            ends_agree: features.ends_agree(id),
        }
    }
}

/// Every port of the plan and every port that a collector describes, with what both say of it.
pub fn planned_and_described(store: &Store) -> Ports {
    let plan = store.plan();
    let mut ports = Ports::new();
    let mut peers: HashMap<(&str, &str), (&str, &str)> = HashMap::new();
    for cable in &plan.cables {
        peers.insert((&cable.a_device, &cable.a_port), (&cable.b_device, &cable.b_port));
        peers.insert((&cable.b_device, &cable.b_port), (&cable.a_device, &cable.a_port));
    }
    let blank = |device: &str, port: &str, table: &str| {
        let (peer_device, peer_port) = peers.get(&(device, port)).copied().unwrap_or_default();
        PortView {
            device: device.to_owned(),
            port: port.to_owned(),
            table: table.to_owned(),
            peer_device: peer_device.to_owned(),
            peer_port: peer_port.to_owned(),
            ..Default::default()
        }
    };
    for planned in &plan.ports {
        let Some(table) = Table::from_name(&planned.table) else { continue };
        let mut view = blank(&planned.device, &planned.port, table.name());
        view.speed_bps = planned.speed_bps;
        (view.rail, view.role) = (planned.rail.clone(), planned.role.clone());
        ports.insert((planned.device.as_str().into(), planned.port.as_str().into(), table.name()), view);
    }
    let names = store.names();
    for entity in &names.entities {
        let key = (entity.device.clone(), entity.port.clone(), entity.table.name());
        let view = ports.entry(key).or_insert_with(|| blank(&entity.device, &entity.port, entity.table.name()));
        view.driver = entity.driver.to_string();
        view.speed_bps = entity.speed_bps.or(view.speed_bps);
    }
    for table in [Table::Gpu, Table::GpuLink, Table::Host, Table::Probe] {
        last_rows(store, table, &mut ports);
    }
    ports
}

/// Adds the event time of each port's latest row, for tables that the judge keeps nothing of. Only the newest batches are read.
fn last_rows(store: &Store, table: Table, ports: &mut Ports) {
    let (batches, names) = store.rows(table);
    for stored in batches.iter().rev().take(NEWEST_BATCHES) {
        let ids = stored.batch.column(0).as_primitive::<Int32Type>().values();
        let times = stored.batch.column(1).as_primitive::<Int64Type>().values();
        for (id, ts_ns) in ids.iter().zip(times) {
            let Some(entity) = names.entities.get(*id as usize) else { continue };
            if let Some(view) = ports.get_mut(&(entity.device.clone(), entity.port.clone(), table.name())) {
                view.last_ns = view.last_ns.max(Some(*ts_ns));
            }
        }
    }
}

/// Adds what the judge knows of a fabric port: its rates, and whether it is down or silent.
pub fn add_seen(view: &mut PortView, seen: &Seen) {
    view.ends_agree = seen.ends_agree;
    view.last_ns = view.last_ns.max(seen.last_ns);
    if let Some(Moved { length_ns, sent, received }) = seen.moved {
        let rate = |bytes: Option<i64>| Some(bytes.filter(|&bytes| bytes >= 0)? as f64 / (length_ns as f64 / 1e9));
        (view.rx_bytes_per_s, view.tx_bytes_per_s) = (rate(received), rate(sent));
    }
    if seen.up == Some(false) {
        view.state = "down".to_owned();
    } else if view.last_ns.is_some() && !seen.heard {
        view.state = "silent".to_owned();
    }
}

//! `port`: every entity, with what the plan says of it. Join it with `nic` or `switch_port` on (device, port).

use super::{Kind, SqlTable};
use crate::sql::rows::Rows;
use crate::store::Store;
use arrow_array::RecordBatch;
use arrow_schema::ArrowError;
use std::collections::{BTreeMap, HashMap};
use weft_wire::plan::PlanPort;

/// As described by a collector, as planned, or both.
#[derive(Default)]
struct Port<'a> {
    driver: &'a str,
    collector: &'a str,
    speed_bps: Option<i64>,
    epoch: Option<i64>,
    planned: Option<&'a PlanPort>,
}

pub const TABLE: SqlTable = SqlTable {
    name: "port",
    kind: Kind::Small(table),
    about: "Every port, with what the plan says of it. Join it with the tables of counters on (device, port).",
    example: "SELECT p.rail, n.device, max(n.rx_bytes) - min(n.rx_bytes) AS received FROM nic n JOIN port p ON p.device = n.device AND p.port = n.port GROUP BY 1, 2",
};

fn table(store: &Store) -> Result<RecordBatch, ArrowError> {
    let names = store.names();
    let plan = store.plan();
    let mut ports: BTreeMap<(&str, &str, &str), Port<'_>> = BTreeMap::new();
    for planned in &plan.ports {
        let key = (planned.device.as_str(), planned.port.as_str(), planned.table.as_str());
        ports.entry(key).or_default().planned = Some(planned);
    }
    for entity in &names.entities {
        let port = ports.entry((&entity.device, &entity.port, entity.table.name())).or_default();
        (port.driver, port.collector) = (&entity.driver, &entity.collector);
        (port.speed_bps, port.epoch) = (entity.speed_bps, Some(i64::from(entity.epoch)));
    }
    let mut peers: HashMap<(&str, &str), (&str, &str)> = HashMap::new();
    for cable in &plan.cables {
        let (a, b) = ((&*cable.a_device, &*cable.a_port), (&*cable.b_device, &*cable.b_port));
        peers.insert(a, b);
        peers.insert(b, a);
    }
    let rows = || ports.iter();
    let planned =
        |text: fn(&PlanPort) -> &str| move |(_, port): (_, &Port<'_>)| port.planned.map(|p| text(p).to_owned());
    let peer = |(key, _): (&(&'_ str, &'_ str, &'_ str), _)| peers.get(&(key.0, key.1)).copied();
    Rows::default()
        .text("device", rows().map(|(key, _)| key.0))
        .text("port", rows().map(|(key, _)| key.1))
        .text("table_name", rows().map(|(key, _)| key.2))
        .text("driver", rows().map(|(_, p)| p.driver))
        .text("collector", rows().map(|(_, p)| p.collector))
        .int("speed_bps", "bit/s", rows().map(|(_, p)| p.speed_bps))
        .int("planned_bps", "bit/s", rows().map(|(_, p)| p.planned.and_then(|p| p.speed_bps)))
        .int("epoch", "1", rows().map(|(_, p)| p.epoch))
        .maybe_text("rail", rows().map(planned(|p| &p.rail)))
        .maybe_text("role", rows().map(planned(|p| &p.role)))
        .maybe_text("plane", rows().map(planned(|p| &p.plane)))
        .maybe_text("peer_device", rows().map(|row| peer(row).map(|p| p.0)))
        .maybe_text("peer_port", rows().map(|row| peer(row).map(|p| p.1)))
        .flag("planned", rows().map(|(_, p)| p.planned.is_some()))
        .finish()
}

//! `neighbor`: who is heard at the other end of a port's cable (LLDP), in the neighbour's own words and by weft's names.

use super::{Kind, SqlTable};
use crate::sql::rows::Rows;
use crate::store::Store;
use arrow_array::RecordBatch;
use arrow_schema::ArrowError;

pub const TABLE: SqlTable = SqlTable {
    name: "neighbor",
    kind: Kind::Small(table),
    about: "Who is heard at the other end of a port's cable (LLDP), or was heard there last: the device and port by weft's names, and the neighbour's own words.",
    example: "SELECT device, port, peer_device, peer_port, vlan, max_frame_bytes FROM neighbor WHERE fresh ORDER BY 1, 2",
};

fn table(store: &Store) -> Result<RecordBatch, ArrowError> {
    let neighbors = store.neighbors();
    let rows = || neighbors.iter();
    Rows::default()
        .text("device", rows().map(|n| &n.at.device))
        .text("port", rows().map(|n| &n.at.port))
        .text("peer_device", rows().map(|n| &n.far.device))
        .text("peer_port", rows().map(|n| &n.far.port))
        .flag("fresh", rows().map(|n| n.is_fresh))
        .time_as("since_ts", "since_ns", rows().map(|n| Some(n.said.since_ns)))
        .text("chassis_kind", rows().map(|n| &n.said.chassis_kind))
        .text("chassis_id", rows().map(|n| &n.said.chassis_id))
        .text("port_kind", rows().map(|n| &n.said.port_kind))
        .text("port_id", rows().map(|n| &n.said.port_id))
        .text("system_name", rows().map(|n| &n.said.system_name))
        .text("system_description", rows().map(|n| &n.said.system_description))
        .text("port_description", rows().map(|n| &n.said.port_description))
        .text("management_address", rows().map(|n| &n.said.management_address))
        .int("ttl_s", "s", rows().map(|n| Some(i64::from(n.said.ttl_s))))
        .int("vlan", "1", rows().map(|n| n.said.vlan.map(i64::from)))
        .int("max_frame_bytes", "bytes", rows().map(|n| n.said.max_frame_bytes.map(i64::from)))
        .int("mau_type", "1", rows().map(|n| n.said.mau_type.map(i64::from)))
        .int("aggregate", "1", rows().map(|n| n.said.aggregate.map(i64::from)))
        .maybe_flag("autoneg_supported", rows().map(|n| n.said.autoneg_supported))
        .maybe_flag("autoneg_enabled", rows().map(|n| n.said.autoneg_enabled))
        .finish()
}

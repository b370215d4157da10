//! Between the inventory as Rust sees it and as protobuf carries it.

use super::proto;
use crate::{
    CounterSource, DeviceDescriptor, DeviceKind, Inventory, Neighbor, Overflow, Part, PortDescriptor, Profile, Table,
    TableSchema, WireError,
};

pub fn inventory_to_proto(inventory: &Inventory) -> proto::Inventory {
    proto::Inventory {
        collector: inventory.collector.clone(),
        boot: inventory.boot,
        version: inventory.version,
        devices: inventory.devices.iter().map(device_to_proto).collect(),
        ports: inventory.ports.iter().map(port_to_proto).collect(),
        profiles: inventory.profiles.iter().map(profile_to_proto).collect(),
        schemas: inventory
            .schemas
            .iter()
            .map(|s| proto::Schema { table: s.table as u32, counters: s.counters.clone() })
            .collect(),
        flush_period_ms: inventory.flush_period_ms,
        neighbors: inventory.neighbors.iter().map(neighbor_to_proto).collect(),
    }
}

pub fn inventory_from_proto(inventory: proto::Inventory) -> Result<Inventory, WireError> {
    let profiles: Vec<Profile> = inventory.profiles.into_iter().map(profile_from_proto).collect();
    let ports = inventory.ports.into_iter().map(|p| port_from_proto(p, profiles.len())).collect::<Result<_, _>>()?;
    Ok(Inventory {
        collector: inventory.collector,
        boot: inventory.boot,
        version: inventory.version,
        devices: inventory.devices.into_iter().map(device_from_proto).collect(),
        ports,
        profiles,
        schemas: inventory.schemas.iter().map(schema_from_proto).collect::<Result<_, _>>()?,
        flush_period_ms: inventory.flush_period_ms,
        neighbors: inventory.neighbors.into_iter().map(neighbor_from_proto).collect(),
    })
}

fn table(number: u32) -> Result<Table, WireError> {
    u8::try_from(number)
        .ok()
        .and_then(Table::from_number)
        .ok_or_else(|| WireError::Schema(format!("no table has number {number}")))
}

/// Counters this build's catalogue lacks are an error, not dropped: a newer collector needs a newer analyzer.
fn schema_from_proto(schema: &proto::Schema) -> Result<TableSchema, WireError> {
    match table(schema.table)? {
        t if t.is_wide() => TableSchema::wide(t, &schema.counters),
        t => TableSchema::fixed(t),
    }
}

fn device_to_proto(device: &DeviceDescriptor) -> proto::Device {
    proto::Device {
        device: device.device.clone(),
        kind: u32::from(device.kind == DeviceKind::Switch),
        boot_id: device.boot_id.clone(),
        labels: device.labels.clone(),
    }
}

fn device_from_proto(device: proto::Device) -> DeviceDescriptor {
    DeviceDescriptor {
        device: device.device,
        kind: if device.kind == 1 { DeviceKind::Switch } else { DeviceKind::Node },
        boot_id: device.boot_id,
        labels: device.labels,
    }
}

fn port_to_proto(port: &PortDescriptor) -> proto::Port {
    let Part { vendor, model, serial, firmware, lot } = port.part.clone();
    proto::Port {
        index: port.index,
        table: port.table as u32,
        device: port.device.clone(),
        port: port.port.clone(),
        driver: port.driver.clone(),
        speed_bps: port.speed_bps,
        epoch: port.epoch,
        part: Some(proto::Part { vendor, model, serial, firmware, lot }),
        position: port.position.clone(),
        profile: port.profile,
        labels: port.labels.clone(),
    }
}

fn port_from_proto(port: proto::Port, profiles: usize) -> Result<PortDescriptor, WireError> {
    if port.profile as usize >= profiles {
        return Err(WireError::Schema(format!("port {} names profile {} of {profiles}", port.port, port.profile)));
    }
    let proto::Part { vendor, model, serial, firmware, lot } = port.part.unwrap_or_default();
    Ok(PortDescriptor {
        index: port.index,
        table: table(port.table)?,
        device: port.device,
        port: port.port,
        driver: port.driver,
        speed_bps: port.speed_bps,
        epoch: port.epoch,
        part: Part { vendor, model, serial, firmware, lot },
        position: port.position,
        profile: port.profile,
        labels: port.labels,
    })
}

fn profile_to_proto(profile: &Profile) -> proto::Profile {
    let counters = profile.counters.iter().map(|c| proto::CounterSource {
        counter: c.counter.clone(),
        source: c.source.clone(),
        raw_name: c.raw_name.clone(),
        bits: u32::from(c.bits),
        saturates: c.overflow == Overflow::Saturate,
        period_ms: c.period_ms,
    });
    proto::Profile { counters: counters.collect() }
}

fn profile_from_proto(profile: proto::Profile) -> Profile {
    let counters = profile.counters.into_iter().map(|c| CounterSource {
        counter: c.counter,
        source: c.source,
        raw_name: c.raw_name,
        bits: c.bits.clamp(1, 64) as u8,
        overflow: if c.saturates { Overflow::Saturate } else { Overflow::Wrap },
        period_ms: c.period_ms,
    });
    Profile { counters: counters.collect() }
}

fn neighbor_to_proto(neighbor: &Neighbor) -> proto::Neighbor {
    let n = neighbor.clone();
    proto::Neighbor {
        port: n.port,
        chassis_kind: n.chassis_kind,
        chassis_id: n.chassis_id,
        port_kind: n.port_kind,
        port_id: n.port_id,
        system_name: n.system_name,
        system_description: n.system_description,
        port_description: n.port_description,
        ttl_s: u32::from(n.ttl_s),
        vlan: n.vlan.map(u32::from),
        max_frame_bytes: n.max_frame_bytes.map(u32::from),
        autoneg_supported: n.autoneg_supported,
        autoneg_enabled: n.autoneg_enabled,
        mau_type: n.mau_type.map(u32::from),
        aggregate: n.aggregate,
        management_address: n.management_address,
        since_ns: n.since_ns,
        capabilities: n.capabilities.map(u32::from),
    }
}

/// A number that does not fit what the standard allows is left out, like one that was not said.
fn neighbor_from_proto(n: proto::Neighbor) -> Neighbor {
    let fits = |number: Option<u32>| number.and_then(|number| u16::try_from(number).ok());
    Neighbor {
        port: n.port,
        chassis_kind: n.chassis_kind,
        chassis_id: n.chassis_id,
        port_kind: n.port_kind,
        port_id: n.port_id,
        system_name: n.system_name,
        system_description: n.system_description,
        port_description: n.port_description,
        ttl_s: u16::try_from(n.ttl_s).unwrap_or(u16::MAX),
        vlan: fits(n.vlan),
        max_frame_bytes: fits(n.max_frame_bytes),
        autoneg_supported: n.autoneg_supported,
        autoneg_enabled: n.autoneg_enabled,
        mau_type: fits(n.mau_type),
        aggregate: n.aggregate,
        management_address: n.management_address,
        since_ns: n.since_ns,
        capabilities: fits(n.capabilities),
    }
}

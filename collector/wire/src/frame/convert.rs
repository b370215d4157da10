//! Between the inventory as Rust sees it and as protobuf carries it.

use super::proto;
use crate::{
    CounterSource, DeviceDescriptor, DeviceKind, Inventory, Overflow, Part, PortDescriptor, Profile, Table,
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

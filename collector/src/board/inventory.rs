//! What the port indices stand for, told to the analyzer.

use super::cell::Cell;
use super::devices::{DeviceId, Devices};
use super::entity::Entity;
use std::collections::{BTreeMap, BTreeSet};
use weft_wire::{CounterSource, DeviceDescriptor, DeviceKind, Inventory, PortDescriptor, Profile, Table, TableSchema};

/// Who speaks: a collector, which is named as the device that it runs on, a node or a switch.
#[derive(Clone, Debug, PartialEq)]
pub struct Identity {
    /// Name of the collector and of the device.
    pub id: String,
    pub kind: DeviceKind,
    /// Incarnation of this process.
    pub boot: u64,
    /// `/proc/sys/kernel/random/boot_id`; empty when it cannot be read.
    pub boot_id: String,
    pub labels: BTreeMap<String, String>,
    pub flush_period_ms: u32,
}

impl Identity {
    /// The table that this device's ports fill.
    pub fn port_table(&self) -> Table {
        match self.kind {
            DeviceKind::Node => Table::Nic,
            DeviceKind::Switch => Table::SwitchPort,
        }
    }
}

pub(super) fn build<'a, Entities: Iterator<Item = &'a Entity>>(
    (identity, others): (&Identity, &Devices),
    version: u64,
    entities: impl Fn() -> Entities,
    schemas: impl Iterator<Item = &'a TableSchema>,
) -> Inventory {
    let mut profiles = Vec::new();
    let mut ports: Vec<_> = entities()
        .map(|e| port(others.get(e.device).map_or(&identity.id, |d| &d.name), e, profile_of(e, &mut profiles)))
        .collect();
    ports.sort_by_key(|p| p.index);
    let present: BTreeSet<DeviceId> = entities().map(|e| e.device).collect();
    Inventory {
        collector: identity.id.clone(),
        boot: identity.boot,
        version,
        devices: devices(identity, others, &present),
        ports,
        profiles,
        schemas: schemas.cloned().collect(),
        flush_period_ms: identity.flush_period_ms,
        neighbors: Vec::new(),
    }
}

/// The collector's own device, always, and the others that have entities.
fn devices(identity: &Identity, others: &Devices, present: &BTreeSet<DeviceId>) -> Vec<DeviceDescriptor> {
    let own = DeviceDescriptor {
        device: identity.id.clone(),
        kind: identity.kind,
        boot_id: identity.boot_id.clone(),
        labels: identity.labels.clone(),
    };
    let others = others.with_ids().filter(|(id, _)| present.contains(id)).map(|(_, device)| DeviceDescriptor {
        device: device.name.clone(),
        kind: device.kind,
        boot_id: String::new(),
        labels: BTreeMap::new(),
    });
    std::iter::once(own).chain(others).collect()
}

fn port(device: &str, entity: &Entity, profile: u32) -> PortDescriptor {
    let descriptor = entity.descriptor.clone();
    PortDescriptor {
        index: entity.index,
        table: entity.table,
        device: device.to_owned(),
        port: entity.port.clone(),
        driver: descriptor.driver,
        speed_bps: descriptor.speed_bps,
        epoch: entity.epoch,
        part: descriptor.part,
        position: descriptor.position,
        profile,
        labels: descriptor.labels,
    }
}

/// Ports alike share a profile.
fn profile_of(entity: &Entity, profiles: &mut Vec<Profile>) -> u32 {
    let counters = entity.columns().filter(|c| !c.is_absent()).filter_map(counter_source).collect();
    let profile = Profile { counters };
    let at = profiles.iter().position(|p| *p == profile).unwrap_or(profiles.len());
    if at == profiles.len() {
        profiles.push(profile);
    }
    at as u32
}

fn counter_source(cell: &Cell) -> Option<CounterSource> {
    let column = cell.column()?;
    Some(CounterSource {
        counter: column.name.clone(),
        source: cell.source.to_owned(),
        raw_name: cell.raw.clone(),
        bits: column.mapping.bits,
        overflow: column.mapping.overflow,
        period_ms: column.mapping.period_ms,
    })
}

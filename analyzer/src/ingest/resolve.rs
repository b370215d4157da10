//! From a collector's own port indices to entities.
//!
//! Ids are given when a tick closes, in the tick's sorted order, so that they depend on the data alone.

use crate::inventory::{Entity, EntityId, EntityTable};
use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use std::collections::HashMap;
use std::sync::Arc;
use weft_wire::{Inventory, PortDescriptor, Profile, Table};

use super::split::take;

/// An index this far beyond the number of ports is not looked up: it would cost memory, and no collector needs it.
const MAX_SPARSE: usize = 65_536;

/// One version of one collector's inventory, as learned.
#[derive(Debug)]
pub struct KnownInventory {
    pub inventory: Inventory,
    profiles: Vec<Arc<Profile>>,
    /// Local index → position in `inventory.ports`.
    by_index: Vec<Option<u32>>,
}

impl KnownInventory {
    pub fn new(inventory: Inventory) -> KnownInventory {
        let profiles = inventory.profiles.iter().cloned().map(Arc::new).collect();
        let limit = inventory.ports.len() + MAX_SPARSE;
        let local = |port: &PortDescriptor| usize::try_from(port.index).ok().filter(|&i| i < limit);
        let length = inventory.ports.iter().filter_map(local).max().map_or(0, |max| max + 1);
        let mut by_index = vec![None; length];
        for (position, port) in inventory.ports.iter().enumerate() {
            if let Some(index) = local(port) {
                by_index[index] = Some(position as u32);
            }
        }
        KnownInventory { inventory, profiles, by_index }
    }

    pub fn port(&self, index: i32) -> Option<&PortDescriptor> {
        let position = *self.by_index.get(usize::try_from(index).ok()?)?;
        self.inventory.ports.get(position? as usize)
    }
}

/// Which entities a collector's indices mean now.
#[derive(Debug)]
struct Applied {
    boot: u64,
    version: u64,
    ids: Vec<Option<(EntityId, Table)>>,
}

#[derive(Debug, Default)]
pub struct Resolver {
    pub entities: EntityTable,
    /// By collector.
    applied: HashMap<u32, Applied>,
}

impl Resolver {
    /// The entity of each row and the rows that have one: a row of an unknown port, or of a port of another table (but `extra` speaks of all), is
    /// left out. Returns how many were.
    pub fn resolve(
        &mut self,
        collector: u32,
        known: &KnownInventory,
        table: Table,
        batch: RecordBatch,
    ) -> (Vec<EntityId>, RecordBatch, usize) {
        let ids = self.ids(collector, known);
        let ports = batch.column(0).as_primitive::<Int32Type>().values();
        let id = |port: i32| {
            let (id, of) = (*ids.get(usize::try_from(port).ok()?)?)?;
            (of == table || table == Table::Extra).then_some(id)
        };
        let found: Vec<EntityId> = ports.iter().filter_map(|&port| id(port)).collect();
        let unknown = ports.len() - found.len();
        if unknown == 0 {
            return (found, batch, 0);
        }
        let rows = (0..ports.len() as u32).filter(|&row| id(ports[row as usize]).is_some()).collect();
        let kept = take(&batch, rows).unwrap_or_else(|| batch.slice(0, 0));
        (found, kept, unknown)
    }

    fn ids(&mut self, collector: u32, known: &KnownInventory) -> &[Option<(EntityId, Table)>] {
        let (boot, version) = (known.inventory.boot, known.inventory.version);
        let stands = self.applied.get(&collector).is_some_and(|a| (a.boot, a.version) == (boot, version));
        if !stands {
            let ids = self.describe(known);
            self.applied.insert(collector, Applied { boot, version, ids });
        }
        &self.applied[&collector].ids
    }

    fn describe(&mut self, known: &KnownInventory) -> Vec<Option<(EntityId, Table)>> {
        let mut ids = vec![None; known.by_index.len()];
        for (index, position) in known.by_index.iter().enumerate() {
            if let Some(port) = position.map(|p| &known.inventory.ports[p as usize]) {
                ids[index] = Some((self.entities.describe(entity(known, port)), port.table));
            }
        }
        ids
    }
}

fn entity(known: &KnownInventory, port: &PortDescriptor) -> Entity {
    Entity {
        // The table of entities gives both.
        id: EntityId(0),
        slot: 0,
        table: port.table,
        device: port.device.clone(),
        port: port.port.clone(),
        driver: port.driver.clone(),
        collector: known.inventory.collector.clone(),
        speed_bps: port.speed_bps,
        epoch: port.epoch,
        profile: known.profiles.get(port.profile as usize).cloned().unwrap_or_default(),
    }
}

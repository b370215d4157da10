//! Entities and their ids. An entity is one thing that rows are about: a port, a GPU, a host. Its id is a dense integer that
//! is given once and never reused, so that states of a million ports lie in arrays and not behind names. Example: the first
//! row of nic `h0 eth0` gives it id 0; after its driver is loaded again it is described anew, and is still 0.

use super::name_index::NameIndex;
use std::collections::HashMap;
use std::sync::Arc;
use weft_wire::{Profile, Table};

/// Dense over the entities of all tables, in the order in which they are first described.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EntityId(pub u32);

/// An entity as it was described last. The ports of a device share one copy of the device's name.
#[derive(Clone, Debug)]
pub struct Entity {
    pub id: EntityId,
    pub table: Table,
    /// Dense within its table: the index into that table's state arrays.
    pub slot: u32,
    pub device: Arc<str>,
    pub port: Arc<str>,
    pub driver: Arc<str>,
    pub collector: Arc<str>,
    pub speed_bps: Option<i64>,
    pub epoch: i32,
    pub profile: Arc<Profile>,
}

impl Entity {
    fn is(&self, table: Table, device: &str, port: &str) -> bool {
        self.table == table && *self.port == *port && *self.device == *device
    }
}

#[derive(Debug, Default)]
pub struct EntityTable {
    entities: Vec<Entity>,
    by_name: NameIndex,
    slots: HashMap<Table, u32>,
}

impl EntityTable {
    pub fn get(&self, id: EntityId) -> &Entity {
        &self.entities[id.0 as usize]
    }

    pub fn find(&self, table: Table, device: &str, port: &str) -> Option<EntityId> {
        let is = |id: u32| self.entities[id as usize].is(table, device, port);
        self.by_name.find((table, device, port), is).map(EntityId)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Entity> {
        self.entities.iter()
    }

    /// How many entities a table has: the length its state arrays need.
    pub fn slots(&self, table: Table) -> usize {
        self.slots.get(&table).copied().unwrap_or(0) as usize
    }

    /// Describes an entity, new or known; a known one keeps its id and slot.
    pub fn describe(&mut self, mut entity: Entity) -> EntityId {
        if let Some(id) = self.find(entity.table, &entity.device, &entity.port) {
            let old = &self.entities[id.0 as usize];
            (entity.id, entity.slot) = (id, old.slot);
            self.entities[id.0 as usize] = entity;
            return id;
        }
        let id = EntityId(self.entities.len() as u32);
        let slot = self.slots.entry(entity.table).or_insert(0);
        (entity.id, entity.slot) = (id, *slot);
        *slot += 1;
        self.by_name.insert((entity.table, &*entity.device, &*entity.port), id.0);
        self.entities.push(entity);
        id
    }
}

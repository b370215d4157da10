//! What is known now: an entity owns a row, sources contribute its columns.
//!
//! ```text
//! source: entity(table, port) ─► cell(entity, driver, raw name)            once, and again after hotplug
//!         row(entity) ─► uint(cell, value) | fail(cell, why) | …           every round
//! sampler: begin_round ─► sources ─► settle ─► [relayout] ─► write_rows ─► take = sections of a frame
//! ```
//! So a port that rtnetlink, the queueing discipline and the RDMA device all speak of is one row a tick.

mod cell;
mod devices;
mod entity;
mod inventory;
mod layout;

#[cfg(test)]
pub use cell::Reading;
pub use cell::{Canonical, Cell, CellId, Status, Target};
pub use devices::DeviceId;
pub use entity::{Descriptor, Entity, EntityId, Row};
pub use inventory::Identity;

use crate::clock::Window;
use crate::schedule::Round;
use devices::Devices;
use layout::Layout;
use std::collections::HashMap;
use weft_wire::{
    DeviceKind, EventRow, ExtraRow, Inventory, Neighbor, PortChange, Section, Table, Tier, WireError, catalogue,
};

#[derive(Debug)]
pub struct Board {
    identity: Identity,
    devices: Devices,
    /// Slots are used again after an entity has gone; its port index is not.
    slots: Vec<Option<Entity>>,
    free: Vec<u32>,
    by_key: HashMap<(DeviceId, Table, String), EntityId>,
    next_index: i32,
    /// Epoch of entities that appear after the start: whatever had this name before had another.
    generation: i32,
    layout: Layout,
    version: u64,
    changed: bool,
    round: u32,
    extras: Vec<ExtraRow>,
    events: Vec<EventRow>,
    /// Events of entities that no inventory names yet: they are told after the next [`Board::relayout`].
    early: Vec<EventRow>,
    /// The index that the next new entity had when the inventory was made.
    announced: i32,
    neighbors: Vec<Neighbor>,
}

impl Board {
    pub fn new(identity: Identity) -> Board {
        // Parsed at first use: now, rather than in the middle of a reading that is timed.
        catalogue();
        Board {
            identity,
            devices: Devices::default(),
            slots: Vec::new(),
            free: Vec::new(),
            by_key: HashMap::new(),
            next_index: 0,
            generation: 0,
            layout: Layout::default(),
            version: 0,
            changed: true,
            round: 0,
            extras: Vec::new(),
            events: Vec::new(),
            early: Vec::new(),
            announced: 0,
            neighbors: Vec::new(),
        }
    }

    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    pub fn entities(&self) -> impl Iterator<Item = &Entity> {
        self.slots.iter().flatten()
    }

    pub fn ids(&self) -> impl Iterator<Item = (EntityId, &Entity)> {
        let slots = self.slots.iter().enumerate();
        slots.filter_map(|(slot, entity)| {
            let entity = entity.as_ref()?;
            Some((EntityId { slot: slot as u32, index: entity.index }, entity))
        })
    }

    pub fn get(&self, id: EntityId) -> Option<&Entity> {
        self.slots.get(id.slot as usize)?.as_ref().filter(|e| e.index == id.index)
    }

    fn get_mut(&mut self, id: EntityId) -> Option<&mut Entity> {
        self.slots.get_mut(id.slot as usize)?.as_mut().filter(|e| e.index == id.index)
    }

    /// The place of a device, the collector's own or another; `None` when too many have been named.
    pub fn device(&mut self, name: &str, kind: DeviceKind) -> Option<DeviceId> {
        if name == self.identity.id { Some(DeviceId::OWN) } else { self.devices.id(name, kind) }
    }

    pub fn device_name(&self, id: DeviceId) -> &str {
        self.devices.get(id).map_or(&self.identity.id, |device| &device.name)
    }

    /// The collector's own entity of this name; made when it is new. `port` is empty for a `host`.
    pub fn entity(&mut self, table: Table, port: &str) -> EntityId {
        self.entity_of(DeviceId::OWN, table, port)
    }

    /// The entity of this name of any device; made when it is new.
    pub fn entity_of(&mut self, device: DeviceId, table: Table, port: &str) -> EntityId {
        let key = (device, table, port.to_owned());
        if let Some(id) = self.by_key.get(&key) {
            return *id;
        }
        let slot = self.free.pop().unwrap_or(self.slots.len() as u32);
        let id = EntityId { slot, index: self.next_index };
        self.next_index += 1;
        if self.version > 0 {
            self.generation += 1;
        }
        let entity = Entity::new(id.index, (device, table, port), self.generation);
        match self.slots.get_mut(slot as usize) {
            Some(free) => *free = Some(entity),
            None => self.slots.push(Some(entity)),
        }
        self.by_key.insert(key, id);
        self.changed = true;
        id
    }

    /// The cell a driver's raw name fills: a column when the catalogue knows it, else a row of `extra`.
    pub fn cell(&mut self, id: EntityId, source: &'static str, driver: &str, raw: &str) -> Option<CellId> {
        let entity = self.get_mut(id)?;
        let target = Target::of(catalogue(), entity.table, driver, raw);
        let cell = entity.offer(source, driver, raw, target);
        self.changed = true;
        Some(cell)
    }

    pub fn describe(&mut self, id: EntityId, describe: impl FnOnce(&mut Descriptor)) {
        if let Some(entity) = self.get_mut(id) {
            let mut descriptor = entity.descriptor.clone();
            describe(&mut descriptor);
            if entity.descriptor != descriptor {
                entity.descriptor = descriptor;
                self.changed = true;
            }
        }
    }

    /// Begins or continues the entity's row of this round with values that were read in `window`; `None` when the entity has gone.
    pub fn row(&mut self, id: EntityId, window: impl Into<Window>) -> Option<Row<'_>> {
        let (round, window) = (self.round, window.into());
        self.get_mut(id).map(|entity| entity.row(round, window))
    }

    /// The source has nothing more to say of the entity, which goes with the last source.
    pub fn withdraw(&mut self, id: EntityId, source: &str) {
        let Some(entity) = self.get_mut(id) else { return };
        if !entity.withdraw(source) {
            let key = (entity.device, entity.table, std::mem::take(&mut entity.port));
            self.slots[id.slot as usize] = None;
            self.free.push(id.slot);
            self.by_key.remove(&key);
        }
        self.changed = true;
    }

    /// Who is heard at the ports now, in a fixed order.
    pub fn set_neighbors(&mut self, neighbors: Vec<Neighbor>) {
        if self.neighbors != neighbors {
            self.neighbors = neighbors;
            self.changed = true;
        }
    }

    /// Something was done to the entity's interface; `what_else` goes behind the phrase. To be told before it is withdrawn.
    pub fn tell(&mut self, id: EntityId, ts_ns: i64, change: PortChange, what_else: &str) {
        let Some(entity) = self.get(id) else { return };
        let text = change.text(&entity.port) + what_else;
        let device = self.device_name(entity.device).to_owned();
        let (port, event) = (Some(entity.index), change.event().to_owned());
        self.events.push(EventRow { port, device, ts_ns, event, text });
    }

    /// An event of the entity: `xid`, `kernel`. One that no inventory names yet waits for the next.
    pub fn say(&mut self, id: EntityId, ts_ns: i64, event: &str, text: &str) {
        let Some(entity) = self.get(id) else { return };
        let text = format!("{}: {text}", entity.port);
        let (index, device, event) = (entity.index, self.device_name(entity.device).to_owned(), event.to_owned());
        let events = if index < self.announced { &mut self.events } else { &mut self.early };
        events.push(EventRow { port: Some(index), device, ts_ns, event, text });
    }

    /// An event of the whole node.
    pub fn say_of_node(&mut self, ts_ns: i64, event: &str, text: &str) {
        let (device, event, text) = (self.identity.id.clone(), event.to_owned(), text.to_owned());
        self.events.push(EventRow { port: None, device, ts_ns, event, text });
    }

    /// What was told since the last call. Its ports are those of the inventory before the next [`Board::relayout`].
    pub fn take_events(&mut self) -> Vec<EventRow> {
        std::mem::take(&mut self.events)
    }

    /// The counters of the entity began anew: driver reload, another device under the same name.
    pub fn renew(&mut self, id: EntityId) {
        if let Some(entity) = self.get_mut(id) {
            entity.renew();
            self.changed = true;
        }
    }

    pub fn begin_round(&mut self) {
        self.round = self.round.wrapping_add(1);
    }

    /// After all sources were read: finds counters that were reset, and preferred sources that went blind.
    pub fn settle(&mut self) {
        for entity in self.slots.iter_mut().flatten() {
            self.changed |= entity.settle(self.round);
        }
    }

    /// True when columns, ports or their descriptions are no longer those of the current inventory. What was written
    /// until now must then be taken before [`Board::relayout`].
    pub fn is_stale(&self) -> bool {
        self.changed
    }

    pub fn relayout(&mut self) -> Result<(), WireError> {
        self.layout = Layout::of(self.slots.iter_mut().flatten())?;
        self.changed = false;
        self.version += 1;
        self.announced = self.next_index;
        self.events.append(&mut self.early);
        Ok(())
    }

    /// Writes a row for every entity that this round has read.
    pub fn write_rows(&mut self, round: &Round) {
        let current = self.round;
        for entity in self.slots.iter().flatten().filter(|e| e.was_read(current)) {
            self.layout.write(entity, current, round.wants(Tier::Normal));
            entity.extra_rows(current, &mut self.extras);
        }
    }

    /// The rows since the last call; sections of the fast tier first, so that rows lie in order of time.
    pub fn take(&mut self) -> Result<Vec<Section>, WireError> {
        let mut sections = self.layout.take()?;
        if !self.extras.is_empty() {
            sections.push(layout::extra_section(&std::mem::take(&mut self.extras))?);
        }
        Ok(sections)
    }

    pub fn version(&self) -> u64 {
        self.version
    }

    pub fn inventory(&self) -> Inventory {
        let is_here = |neighbor: &&Neighbor| self.entities().any(|entity| entity.index == neighbor.port);
        let neighbors = self.neighbors.iter().filter(is_here).cloned().collect();
        let inventory =
            inventory::build((&self.identity, &self.devices), self.version, || self.entities(), self.layout.schemas());
        Inventory { neighbors, ..inventory }
    }
}

#[cfg(test)]
mod tests;

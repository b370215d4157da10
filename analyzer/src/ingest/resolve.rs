//! From a collector's own port indices to entities.
//!
//! Ids are given when a tick closes, in the tick's sorted order, so that they depend on the data alone.

use arrow_array::RecordBatch;
use arrow_array::cast::AsArray;
use arrow_array::types::Int32Type;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use weft_judge::fabric::{Entity, EntityId, EntityTable};
use weft_wire::{Inventory, PortDescriptor, Profile, Table};

use super::split::take;

/// An index this far beyond the number of ports is not looked up: it would cost memory, and no collector needs it.
const MAX_SPARSE: usize = 65_536;

/// One version of one collector's inventory, as learned: what is needed to read its rows.
#[derive(Debug)]
pub struct KnownInventory {
    pub boot: u64,
    pub version: u64,
    /// Sorted.
    pub devices: Vec<String>,
    pub flush_period_ms: u32,
    collector: Arc<str>,
    ports: Vec<KnownPort>,
    /// Local index → position in `ports`.
    by_index: Vec<Option<u32>>,
}

#[derive(Debug)]
pub struct KnownPort {
    pub table: Table,
    pub device: Arc<str>,
    pub port: Arc<str>,
    driver: Arc<str>,
    speed_bps: Option<i64>,
    epoch: i32,
    profile: Arc<Profile>,
}

impl KnownInventory {
    pub fn new(inventory: Inventory) -> KnownInventory {
        let limit = inventory.ports.len() + MAX_SPARSE;
        let local = |port: &PortDescriptor| usize::try_from(port.index).ok().filter(|&i| i < limit);
        let length = inventory.ports.iter().filter_map(local).max().map_or(0, |max| max + 1);
        let mut by_index = vec![None; length];
        for (position, port) in inventory.ports.iter().enumerate() {
            if let Some(index) = local(port) {
                by_index[index] = Some(position as u32);
            }
        }
        let mut names = Names::default();
        let profiles: Vec<Arc<Profile>> = inventory.profiles.into_iter().map(Arc::new).collect();
        let known = |port: PortDescriptor| KnownPort {
            table: port.table,
            device: names.shared(port.device),
            port: port.port.into(),
            driver: names.shared(port.driver),
            speed_bps: port.speed_bps,
            epoch: port.epoch,
            profile: profiles.get(port.profile as usize).cloned().unwrap_or_default(),
        };
        let mut ports: Vec<KnownPort> = inventory.ports.into_iter().map(known).collect();
        ports.shrink_to_fit(); // collected in the place of the much larger descriptors
        let mut devices: Vec<String> = inventory.devices.into_iter().map(|d| d.device).collect();
        devices.sort_unstable();
        KnownInventory {
            boot: inventory.boot,
            version: inventory.version,
            devices,
            flush_period_ms: inventory.flush_period_ms,
            collector: inventory.collector.into(),
            ports,
            by_index,
        }
    }

    pub fn port(&self, index: i32) -> Option<&KnownPort> {
        let position = *self.by_index.get(usize::try_from(index).ok()?)?;
        self.ports.get(position? as usize)
    }
}

/// Names that many ports have in common, kept once.
#[derive(Default)]
struct Names(HashSet<Arc<str>>);

impl Names {
    fn shared(&mut self, name: String) -> Arc<str> {
        if let Some(known) = self.0.get(name.as_str()) {
            return known.clone();
        }
        let name: Arc<str> = name.into();
        self.0.insert(name.clone());
        name
    }
}

/// Which entities a collector's indices mean now.
#[derive(Debug)]
struct Applied {
    boot: u64,
    version: u64,
    ids: Vec<Option<(EntityId, Table)>>,
}

/// What became of the rows of a batch.
#[derive(Debug)]
pub struct Resolved {
    /// Of each row of `batch`.
    pub entities: Vec<EntityId>,
    pub batch: RecordBatch,
    /// Rows of ports that no inventory names.
    pub unknown: usize,
    /// Rows that could not be copied out.
    pub failed: usize,
}

#[derive(Debug, Default)]
pub struct Resolver {
    pub entities: EntityTable,
    /// By collector.
    applied: HashMap<u32, Applied>,
}

impl Resolver {
    /// The entity of each row and the rows that have one. A row of an unknown port, or of a port of another table (but
    /// `extra` speaks of all), is left out.
    pub fn resolve(&mut self, collector: u32, known: &KnownInventory, table: Table, batch: RecordBatch) -> Resolved {
        self.resolve_by(collector, known, table, batch, take)
    }

    fn resolve_by(
        &mut self,
        collector: u32,
        known: &KnownInventory,
        table: Table,
        batch: RecordBatch,
        take: fn(&RecordBatch, Vec<u32>) -> Option<RecordBatch>,
    ) -> Resolved {
        let ids = self.ids(collector, known);
        let ports = batch.column(0).as_primitive::<Int32Type>().values();
        let id = |port: i32| {
            let (id, of) = (*ids.get(usize::try_from(port).ok()?)?)?;
            (of == table || table == Table::Extra).then_some(id)
        };
        let found: Vec<EntityId> = ports.iter().filter_map(|&port| id(port)).collect();
        let unknown = ports.len() - found.len();
        if unknown == 0 {
            return Resolved { entities: found, batch, unknown, failed: 0 };
        }
        let rows = (0..ports.len() as u32).filter(|&row| id(ports[row as usize]).is_some()).collect();
        match take(&batch, rows) {
            Some(batch) => Resolved { entities: found, batch, unknown, failed: 0 },
            None => {
                let failed = found.len();
                Resolved { entities: Vec::new(), batch: batch.slice(0, 0), unknown, failed }
            }
        }
    }

    fn ids(&mut self, collector: u32, known: &KnownInventory) -> &[Option<(EntityId, Table)>] {
        let (boot, version) = (known.boot, known.version);
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
            if let Some(port) = position.map(|p| &known.ports[p as usize]) {
                ids[index] = Some((self.entities.describe(entity(known, port)), port.table));
            }
        }
        ids
    }
}

fn entity(known: &KnownInventory, port: &KnownPort) -> Entity {
    Entity {
        // The table of entities gives both.
        id: EntityId(0),
        slot: 0,
        table: port.table,
        device: port.device.clone(),
        port: port.port.clone(),
        driver: port.driver.clone(),
        collector: known.collector.clone(),
        speed_bps: port.speed_bps,
        epoch: port.epoch,
        profile: port.profile.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::Int32Array;
    use std::collections::BTreeMap;
    use weft_wire::Part;

    fn known(port_indices: &[i32]) -> KnownInventory {
        let port = |&index: &i32| PortDescriptor {
            index,
            table: Table::Nic,
            device: "n7".to_owned(),
            port: format!("ens{index}"),
            driver: String::new(),
            speed_bps: None,
            epoch: 0,
            part: Part::default(),
            position: String::new(),
            profile: 0,
            labels: BTreeMap::new(),
        };
        KnownInventory::new(Inventory {
            collector: "n7".to_owned(),
            boot: 1,
            version: 1,
            devices: Vec::new(),
            ports: port_indices.iter().map(port).collect(),
            profiles: Vec::new(),
            schemas: Vec::new(),
            flush_period_ms: 1000,
            neighbors: Vec::new(),
        })
    }

    fn batch(ports: &[i32]) -> RecordBatch {
        let column = Arc::new(Int32Array::from(ports.to_vec())) as _;
        RecordBatch::try_from_iter([("port", column)]).unwrap()
    }

    #[test]
    fn rows_that_cannot_be_copied_are_counted_and_leave_no_entity_without_its_row() {
        let (mut resolver, known) = (Resolver::default(), known(&[0, 3]));
        let ok = resolver.resolve(5, &known, Table::Nic, batch(&[0, 9, 3]));
        assert_eq!((ok.entities.len(), ok.batch.num_rows(), ok.unknown, ok.failed), (2, 2, 1, 0));
        let bad = resolver.resolve_by(5, &known, Table::Nic, batch(&[0, 9, 3]), |_, _| None);
        assert_eq!((bad.entities.len(), bad.batch.num_rows(), bad.unknown, bad.failed), (0, 0, 1, 2));
    }
}

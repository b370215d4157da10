//! The judge's own numbers of entities, which mean the same after a restart.
//!
//! The entity table of a process numbers entities in the order in which that process hears of them; the next process
//! hears of them in another order. Columns of values that outlive a restart (`series.rs`, `wraps.rs`) are therefore
//! indexed by the number that the judge gives an entity, dense within its table. A snapshot writes the number beside the
//! entity's name, and the process that reads it gives the entity of that name the same number:
//!
//! ```text
//! first process:   nic h0 eth0 = slot 0, nic h1 eth0 = slot 1      snapshot: (h0 eth0, 0), (h1 eth0, 1)
//! second process:  hears of h1 first: nic h1 eth0 = slot 1, then nic h0 eth0 = slot 0, a new nic h2 eth0 = slot 2
//! ```

use crate::fabric::{EntityId, EntityTable};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use weft_wire::Table;

#[derive(Debug, Default)]
pub struct Slots {
    /// By the entity table's id.
    of_entity: Vec<u32>,
    /// How many numbers each table has given out.
    given: BTreeMap<Table, u32>,
    /// Entities of the snapshot that this process has not heard of yet.
    awaited: HashMap<Name, u32>,
}

type Name = (Table, String, String);

/// An entity as a snapshot writes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Named {
    pub table: Table,
    pub device: String,
    pub port: String,
    pub slot: u32,
}

impl Slots {
    /// Numbers the entities that the table has gained since the last call.
    pub fn learn(&mut self, entities: &EntityTable) {
        for entity in entities.iter().skip(self.of_entity.len()) {
            let name = (entity.table, entity.device.to_string(), entity.port.to_string());
            let slot = self.awaited.remove(&name).unwrap_or_else(|| self.give(entity.table));
            self.of_entity.push(slot);
        }
    }

    fn give(&mut self, table: Table) -> u32 {
        let given = self.given.entry(table).or_default();
        *given += 1;
        *given - 1
    }

    /// The number of an entity that has been learned.
    pub fn of(&self, entity: EntityId) -> usize {
        self.of_entity[entity.0 as usize] as usize
    }

    /// The length that a column over the entities of a table needs.
    pub fn len(&self, table: Table) -> usize {
        self.given.get(&table).map_or(0, |&given| given as usize)
    }

    /// All entities that have a number, for a snapshot.
    pub fn named(&self, entities: &EntityTable) -> Vec<Named> {
        let heard = entities.iter().zip(&self.of_entity).map(|(entity, &slot)| Named {
            table: entity.table,
            device: entity.device.to_string(),
            port: entity.port.to_string(),
            slot,
        });
        let awaited = self.awaited.iter().map(|((table, device, port), &slot)| Named {
            table: *table,
            device: device.clone(),
            port: port.clone(),
            slot,
        });
        let mut named: Vec<Named> = heard.chain(awaited).collect();
        named.sort_unstable_by_key(|entity| (entity.table, entity.slot));
        named
    }

    /// The numbers of a snapshot, for a process that has heard of no entity yet; `None` when a number is missing or
    /// stands there twice.
    pub fn restored(named: Vec<Named>) -> Option<Slots> {
        let mut slots = Slots::default();
        for Named { table, device, port, slot } in named {
            // They are written in order of table and number.
            if slot != slots.give(table) || slots.awaited.insert((table, device, port), slot).is_some() {
                return None;
            }
        }
        Some(slots)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::entities;

    /// The numbers that the entities of this list have, in its order.
    fn numbers(slots: &mut Slots, named: &[&str]) -> Vec<usize> {
        let table = entities(named);
        slots.learn(&table);
        table.iter().map(|entity| slots.of(entity.id)).collect()
    }

    #[test]
    fn an_entity_has_the_same_number_in_the_process_after() {
        let mut first = Slots::default();
        assert_eq!(numbers(&mut first, &["h0", "h1"]), [0, 1]);
        let named = first.named(&entities(&["h0", "h1"]));
        let mut second = Slots::restored(named.clone()).expect("sound");
        assert_eq!(second.named(&EntityTable::default()), named, "those not heard of yet are written again");
        assert_eq!(numbers(&mut second, &["h1", "h2", "h0"]), [1, 2, 0]);
        assert_eq!((second.len(Table::Nic), second.len(Table::Gpu)), (3, 0));
    }

    #[test]
    fn numbers_that_are_missing_or_stand_twice_are_refused() {
        let mut slots = Slots::default();
        numbers(&mut slots, &["h0", "h1"]);
        let [h0, h1] = <[Named; 2]>::try_from(slots.named(&entities(&["h0", "h1"]))).unwrap();
        assert!(Slots::restored(vec![h1.clone()]).is_none());
        assert!(Slots::restored(vec![h0.clone(), Named { slot: 1, ..h0 }]).is_none());
    }
}

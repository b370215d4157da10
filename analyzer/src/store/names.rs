//! Entities as queries see them: a snapshot, shared by all queries until the inventory changes.

use arrow_array::{ArrayRef, StringArray};
use std::sync::Arc;
use weft_judge::fabric::{Entity, EntityTable};

/// Arrays indexed by entity id.
#[derive(Debug)]
pub struct Names {
    pub entities: Vec<Entity>,
    pub device: ArrayRef,
    pub port: ArrayRef,
}

impl Names {
    pub fn of(table: &EntityTable) -> Names {
        let entities: Vec<Entity> = table.iter().cloned().collect();
        let text =
            |of: fn(&Entity) -> &str| Arc::new(StringArray::from_iter_values(entities.iter().map(of))) as ArrayRef;
        let (device, port) = (text(|e| &e.device), text(|e| &e.port));
        Names { entities, device, port }
    }
}

impl Default for Names {
    fn default() -> Names {
        Names::of(&EntityTable::default())
    }
}

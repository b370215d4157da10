//! Which port an interface index stands for: `netdev` writes it, the sources beside it look things up.

use crate::board::EntityId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

#[derive(Clone, Debug, PartialEq)]
pub struct DirectoryEntry {
    pub port: String,
    pub entity: EntityId,
}

#[derive(Clone, Debug, Default)]
pub struct PortDirectory(Arc<Mutex<HashMap<u32, DirectoryEntry>>>);

impl PortDirectory {
    pub fn insert(&self, ifindex: u32, port: &str, entity: EntityId) {
        self.with(|map| map.insert(ifindex, DirectoryEntry { port: port.to_owned(), entity }));
    }

    pub fn remove(&self, ifindex: u32) {
        self.with(|map| map.remove(&ifindex));
    }

    pub fn get(&self, ifindex: u32) -> Option<DirectoryEntry> {
        self.with(|map| map.get(&ifindex).cloned())
    }

    pub fn entity(&self, ifindex: u32) -> Option<EntityId> {
        self.with(|map| map.get(&ifindex).map(|e| e.entity))
    }

    fn with<T>(&self, act: impl FnOnce(&mut HashMap<u32, DirectoryEntry>) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

//! Which port an interface index stands for: `netdev` writes it, the sources beside it look things up.
//!
//! Two of them hear what is done to an interface, `netdev` at its next reading and `link_events` at once: whoever tells the
//! directory first tells the world.

use crate::board::EntityId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use weft_wire::PortChange;

#[derive(Clone, Debug, PartialEq)]
pub struct DirectoryEntry {
    pub port: String,
    pub entity: EntityId,
    /// IFF_UP as last heard.
    pub admin_up: bool,
    /// Its MAC address; `None` of an interface that has none of 6 bytes, such as one of InfiniBand.
    pub address: Option<[u8; 6]>,
}

#[derive(Clone, Debug, Default)]
pub struct PortDirectory(Arc<Mutex<HashMap<u32, DirectoryEntry>>>);

impl PortDirectory {
    pub fn insert(&self, ifindex: u32, entry: DirectoryEntry) {
        self.with(|map| map.insert(ifindex, entry));
    }

    /// All ports with their interface indices, in no order.
    pub fn list(&self) -> Vec<(u32, DirectoryEntry)> {
        self.with(|map| map.iter().map(|(ifindex, entry)| (*ifindex, entry.clone())).collect())
    }

    /// The port that this index stood for, for the first who asks.
    pub fn remove(&self, ifindex: u32) -> Option<DirectoryEntry> {
        self.with(|map| map.remove(&ifindex))
    }

    /// Takes in IFF_UP of a known interface; what that changes, for the first who tells.
    pub fn tell_admin(&self, ifindex: u32, up: bool) -> Option<PortChange> {
        let before = self.with(|map| map.get_mut(&ifindex).map(|entry| std::mem::replace(&mut entry.admin_up, up)))?;
        (before != up).then_some(if up { PortChange::AdminUp } else { PortChange::AdminDown })
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

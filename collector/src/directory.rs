//! Which port an interface index stands for: `netdev` writes it, the sources beside it look things up.
//!
//! Two of them hear what is done to an interface, `netdev` at its next reading and `link_events` at once: whoever tells the
//! directory first tells the world.

use crate::board::EntityId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
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

/// What became of a port's carrier since this process began, as `link_events` heard it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Carrier {
    /// How often it was lost or found.
    pub changes: u32,
    /// When it was lost last: a cable may have been moved then.
    pub lost: Option<Instant>,
}

#[derive(Clone, Debug, Default)]
pub struct PortDirectory {
    ports: Arc<Mutex<HashMap<u32, DirectoryEntry>>>,
    carriers: Arc<Mutex<HashMap<u32, Carrier>>>,
}

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
        lock(&self.carriers).remove(&ifindex);
        self.with(|map| map.remove(&ifindex))
    }

    /// Takes in that a port lost its carrier, or found one.
    pub fn tell_carrier(&self, ifindex: u32, is_found: bool) {
        let mut carriers = lock(&self.carriers);
        let carrier = carriers.entry(ifindex).or_default();
        carrier.changes += 1;
        carrier.lost = if is_found { carrier.lost } else { Some(Instant::now()) };
    }

    pub fn carrier(&self, ifindex: u32) -> Carrier {
        lock(&self.carriers).get(&ifindex).copied().unwrap_or_default()
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
        act(&mut lock(&self.ports))
    }
}

fn lock<T>(map: &Mutex<T>) -> MutexGuard<'_, T> {
    map.lock().unwrap_or_else(PoisonError::into_inner)
}

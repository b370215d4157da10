//! Parts inside a node: a GPU, or a link between GPUs. They are no ports of the fabric: no cable leads to them, and nothing of
//! what is remembered of a port is kept of them.
//!
//! A part is taken in here when something is wrong with it first, so that of the 144 NVLinks of a sound node none is.

use super::{DeviceId, PortRef};
use std::collections::HashMap;

pub type InsideId = usize;

#[derive(Clone, Debug)]
pub struct Inside {
    pub device: DeviceId,
    /// The node and the part's own name there: `h1 gpu3`, `h1 gpu3/link7`.
    pub name: PortRef,
}

#[derive(Debug, Default)]
pub struct Insides {
    parts: Vec<Inside>,
    by_name: HashMap<PortRef, InsideId>,
}

impl Insides {
    /// The part of this name, new or known.
    pub fn take_in(&mut self, device: DeviceId, name: &PortRef) -> InsideId {
        if let Some(id) = self.find(name) {
            return id;
        }
        self.parts.push(Inside { device, name: name.clone() });
        self.by_name.insert(name.clone(), self.parts.len() - 1);
        self.parts.len() - 1
    }

    pub fn find(&self, name: &PortRef) -> Option<InsideId> {
        self.by_name.get(name).copied()
    }

    pub fn get(&self, id: InsideId) -> &Inside {
        &self.parts[id]
    }
}

//! Where the model keeps a port, by its names: so that nobody looks names up while the intake waits.

use std::collections::HashMap;
use std::sync::Arc;
use weft_judge::fabric::{PortId, Topology};

/// Under one plan a port keeps its id, and ids are given in order: what is known stays right, what is new comes last.
#[derive(Debug, Default)]
pub struct PortIds {
    ids: HashMap<Arc<str>, HashMap<Box<str>, PortId>>,
    known: usize,
    plan_changes: u64,
}

impl PortIds {
    /// Takes in the ports that are new since the last time; all of them after a change of the plan.
    pub fn learn(&mut self, topology: &Topology, plan_changes: u64) {
        if self.plan_changes != plan_changes {
            *self = PortIds { plan_changes, ..PortIds::default() };
        }
        for id in self.known..topology.ports.len() {
            let name = topology.name(id);
            self.ids.entry(name.device.into()).or_default().insert(name.port.into(), id);
        }
        self.known = topology.ports.len();
    }

    pub fn find(&self, device: &str, port: &str) -> Option<PortId> {
        self.ids.get(device)?.get(port).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use weft_judge::testkit::star;

    #[test]
    fn ports_seen_later_are_found_too() {
        let (mut topology, mut ids) = (Topology::new(&star(2)), PortIds::default());
        ids.learn(&topology, 0);
        let late = topology.port("h9", "eth7");
        assert_eq!(ids.find("h9", "eth7"), None);
        ids.learn(&topology, 0);
        assert_eq!(ids.find("h9", "eth7"), Some(late));
        assert_eq!(ids.find("h1", "eth1"), topology.find_port("h1", "eth1"));
        assert_eq!(ids.known, topology.ports.len());
        let other = Topology::new(&star(1));
        ids.learn(&other, 1);
        assert_eq!((ids.find("h9", "eth7"), ids.find("h0", "eth1")), (None, other.find_port("h0", "eth1")));
    }
}

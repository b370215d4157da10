//! The storage network: what a checkpoint writes. It has room for all; nobody waits for it but the job itself.

use crate::topology::PortId;
use crate::world::World;

/// What a node writes, of its storage port's line.
const WRITE_PART: f64 = 0.72;

/// Carries a step's checkpoint traffic: node → storage switch → storage core.
pub fn write(world: &mut World, dt: f64) {
    for node in 0..world.topology.nodes {
        let part = world.nodes[node].storage_write;
        if part > 0.0 {
            let (port, uplink): (PortId, PortId) = (world.topology.storage[node], world.topology.storage_uplink(node));
            let bytes = part * WRITE_PART * world.links[port].capacity() * dt;
            world.links[port].carried += bytes;
            world.links[uplink].carried += bytes;
        }
    }
}

//! The fabric as it is known: who is cabled to whom, which jobs run where, and what was told of one interval of time.
//!
//! Everything here is dense integers inside and stable names outside. Nothing here judges.

mod announcement;
pub mod cabling;
mod equal;
mod inside;
mod inventory;
mod name_index;
mod names;
mod paths;
mod place;
mod tick;
mod topology;

pub use announcement::Announcement;
pub use inside::{Inside, InsideId};
pub use inventory::{Entity, EntityId, EntityTable};
pub use names::{Part, PortRef};
pub use paths::Carries;
pub use place::Place;
pub use tick::{LinkEvent, Silence, StepMark, Tick, TickBatch, is_time};
pub use topology::{Cable, CableId, Device, DeviceId, Job, LEAST_LINKS, Miscabling, Port, PortId, Topology};

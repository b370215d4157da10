//! weft-collector: reads what a node's (or a Linux switch's) interfaces count, and sends it to weft.
//!
//! It clears no counter, needs no root where a capability serves, never blocks the node, and invents no value: absent,
//! unreadable, saturated and not sampled are four different things, and none of them is zero.
//!
//! ```text
//! schedule ─► sources ─► board (an entity owns a row) ─► frame ─► outbox (bounded) ─► transport
//! ```

mod agent;
mod backoff;
mod board;
pub mod cli;
mod clock;
mod config;
mod directory;
mod ethtool;
mod explain;
mod filter;
mod http;
mod interface;
mod netlink;
mod nvml;
mod outbox;
mod publish;
#[doc(hidden)]
pub mod rig;
mod root;
mod sampler;
mod schedule;
mod sources;
mod status;
mod sysfs;
mod telemetry;

#[cfg(test)]
mod tests;

pub use agent::Agent;
pub use config::{CollectorConfig, Config, Kind};
pub use explain::{Line, explain};
pub use filter::InterfaceFilter;
pub use outbox::QueueConfig;
pub use schedule::Rates;
pub use sources::{LldpConfig, StepConfig};
pub use status::Status;
pub use telemetry::{SourceCounts, Telemetry};

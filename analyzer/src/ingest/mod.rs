//! Ingest: messages in any order, doubled, late or damaged; closed ticks out.
//!
//! ```text
//! bytes ─► decode ─► park? ─► clock ─► dedup ─► split by tick ─► align ─► close ─► Tick ─► Engine
//! ```
//! The core is pure ([`Ingest`]); `crate::live` gives it a subscriber, the engine and the store.

mod align;
mod aside;
mod closing;
mod collector;
mod config;
mod convert;
mod core;
mod dedup;
mod event;
mod gaps;
mod park;
mod quality;
mod resolve;
mod sequence;
mod split;
mod stats;
#[cfg(test)]
mod tests;
mod twins;
mod watermark;

pub use self::core::Ingest;
pub use collector::Mark;
pub use config::{IngestConfig, TICK_NS};
pub use event::IngestEvent;
pub use gaps::{GapKey, GapReason, GapRow};
pub use resolve::KnownInventory;
pub use stats::{CollectorStatus, IngestStats};

//! Ingest: messages in any order, doubled, late or damaged; closed ticks out.
//!
//! ```text
//! bytes ─► decode ─► park? ─► clock ─► dedup ─► split by tick ─► align ─► close ─► Tick ─► Engine
//! ```
//! All of it is pure ([`Ingest`]): no clock, no IO. Whoever runs it gives it messages, and takes its events to the engine.

mod align;
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
mod quarantine;
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

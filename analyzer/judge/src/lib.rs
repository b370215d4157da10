//! weft's judge: closed ticks in, facts and incidents out. It has no clock, no IO, no transport and no SQL, so the same
//! ticks give the same bytes.
//!
//! ```text
//! fabric ─► features ─► kinds ─► detect ─► diagnose        engine: runs them, tick by tick, each within a guard
//!              statistics: methods that features and detectors share
//! ```

pub mod detect;
pub mod diagnose;
pub mod engine;
pub mod fabric;
pub mod features;
pub mod guard;
pub mod incident;
pub mod kinds;
#[doc(hidden)]
pub mod sample;
pub mod statistics;
#[doc(hidden)]
pub mod testkit;

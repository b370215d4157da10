//! What every role does first: read its settings, start its log, and say by its exit code how it ended.
//!
//! ```text
//! file ─► environment (WEFT_<SECTION>_<KEY>) ─► flags ─► types ─► checks
//! ```
//!
//! The later wins. [`load`] does all of it for any struct of sections; what a section holds, its defaults and its checks
//! stand beside the part that it configures. Nothing here knows a part.

mod address;
mod environment;
pub mod exit;
mod file;
mod flags;
mod known;
mod kubelet;
mod load;
pub mod log;
mod nearest;
mod secret;
mod tree;
mod typed;
mod words;

pub use address::Address;
pub use flags::Flags;
pub use load::{Settings, SettingsError, Wrong, effective, load, parse};
pub use nearest::nearest;
pub use secret::Secret;

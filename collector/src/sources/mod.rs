//! Where counters come from: one file a source, one row here.
//!
//! A new source: write `sources/<thing>.rs`, add its module and its row to [`SOURCES`] (read at every tick) or name it in
//! [`LISTENERS`] and in `agent.rs` (speaks when something happens).

mod host;
mod infiniband;
mod interface_files;
mod link_events;
mod netdev;
mod netdev_files;
mod qdisc;
mod step;

pub use link_events::LinkEvents;
pub use step::{StepBuffer, StepConfig, StepSocket};

use crate::board::Board;
use crate::config::CollectorConfig;
use crate::directory::PortDirectory;
use crate::root::Root;
use crate::schedule::Round;
use std::io;

/// Reads counters onto the board.
pub trait Source: Send {
    fn name(&self) -> &'static str;

    /// Reads what the round wants. A device that fails is flagged on the board and is no error of the source.
    fn read(&mut self, round: &Round, board: &mut Board) -> Result<(), SourceError>;
}

#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// Nothing of this kind is here: no fault.
    #[error("{0}")]
    Absent(String),
    #[error("{0}")]
    Failed(String),
    /// A fault of this program, kept from the other sources.
    #[error("panicked: {0}; please report it")]
    Panicked(String),
}

impl SourceError {
    pub fn failed(what: &str, error: &io::Error) -> SourceError {
        SourceError::Failed(format!("{what}: {error}"))
    }
}

/// Reads, and turns a panic into an error of this source: the others are read on, and it is tried again later.
pub fn read_guarded(source: &mut dyn Source, round: &Round, board: &mut Board) -> Result<(), SourceError> {
    // A reading that was broken off leaves single values unwritten, and no board that others could not go on with.
    let read = std::panic::AssertUnwindSafe(|| source.read(round, board));
    std::panic::catch_unwind(read).unwrap_or_else(|panic| {
        let said = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
        Err(SourceError::Panicked(said.unwrap_or("without a word").to_owned()))
    })
}

/// What sources are made of.
pub struct Setup<'a> {
    pub config: &'a CollectorConfig,
    pub root: Root,
    pub directory: PortDirectory,
}

/// A row of the list of sources.
pub struct SourceRow {
    pub name: &'static str,
    /// Speaks only of the machine we run on: off under a foreign root.
    pub live_only: bool,
    pub make: fn(&Setup<'_>) -> Result<Box<dyn Source>, SourceError>,
}

/// In the order in which they are read: `netdev` names the ports that the others then speak of.
pub const SOURCES: [SourceRow; 4] = [
    SourceRow { name: netdev::NAME, live_only: false, make: netdev::make },
    SourceRow { name: qdisc::NAME, live_only: true, make: qdisc::make },
    SourceRow { name: infiniband::NAME, live_only: false, make: infiniband::make },
    SourceRow { name: host::NAME, live_only: false, make: host::make },
];

pub use infiniband::NAME as INFINIBAND;

/// Names of sources that speak when something happens, beside [`SOURCES`].
pub const LISTENERS: [&str; 2] = [link_events::NAME, step::NAME];

pub fn names() -> impl Iterator<Item = &'static str> {
    SOURCES.iter().map(|row| row.name).chain(LISTENERS)
}

/// A source of the list, made or not made, and why.
pub struct Made {
    pub name: &'static str,
    pub source: Result<Box<dyn Source>, SourceError>,
}

/// Makes the sources that the configuration and the root allow.
pub fn make_all(setup: &Setup<'_>) -> Vec<Made> {
    let make = |row: &SourceRow| {
        if row.live_only && !setup.root.is_live() {
            return Err(SourceError::Absent("speaks of a running kernel: off for a copied tree".into()));
        }
        (row.make)(setup)
    };
    let wanted = SOURCES.iter().filter(|row| setup.config.reads(row.name));
    wanted.map(|row| Made { name: row.name, source: make(row) }).collect()
}

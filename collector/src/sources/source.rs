//! What every source is, and what it is made of.

use crate::board::Board;
use crate::directory::PortDirectory;
use crate::filter::InterfaceFilter;
use crate::root::Root;
use crate::schedule::Round;
use std::io;
use std::path::Path;
use std::time::Duration;

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
    /// Names of sources that are not read.
    pub off: &'a [String],
    /// Which interfaces are ports.
    pub interfaces: &'a InterfaceFilter,
    /// A reading that takes longer is slow.
    pub slow_read: Duration,
    /// How long a tick waits for a source that reads on a thread of its own.
    pub patience: Duration,
    /// NVIDIA's management library; empty: none.
    pub nvml: &'a Path,
    /// The page of a dcgm-exporter; empty: none.
    pub dcgm: &'a str,
    /// The file of gNMI targets; empty: none.
    pub gnmi: &'a Path,
    pub root: Root,
    pub directory: PortDirectory,
}

impl Setup<'_> {
    pub fn reads(&self, source: &str) -> bool {
        !self.off.iter().any(|off| off == source)
    }
}

/// A row of the list of sources.
pub struct SourceRow {
    pub name: &'static str,
    /// Speaks only of the machine we run on: off under a foreign root.
    pub live_only: bool,
    pub make: fn(&Setup<'_>) -> Result<Box<dyn Source>, SourceError>,
}

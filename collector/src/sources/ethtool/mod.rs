//! `ethtool`: what the drivers of ports count by themselves (`ethtool -S`), under names of their own.
//!
//! The catalogue knows a driver's names; what it does not know goes to table `extra`, and what it claims and the driver lacks is
//! told by `--explain`. All statistics of a port come in one ioctl, which costs some drivers a query to firmware: what that takes
//! decides how often a port is read.

mod names;
mod port;
#[cfg(test)]
mod tests;

use super::{Setup, Source, SourceError};
use crate::board::Board;
use crate::directory::PortDirectory;
use crate::ethtool::{Edge, Kernel};
use crate::schedule::Round;
use port::{Pass, Port};
use std::collections::BTreeMap;
use std::time::Duration;
use weft_wire::Tier;

pub use names::NAME;

pub fn make(setup: &Setup<'_>) -> Result<Box<dyn Source>, SourceError> {
    let edge = Kernel::open().map_err(|e| SourceError::failed("open a socket for SIOCETHTOOL", &e))?;
    Ok(Box::new(Ethtool::new(Box::new(edge), setup.directory.clone(), setup.slow_read)))
}

struct Ethtool {
    edge: Box<dyn Edge>,
    directory: PortDirectory,
    slow: Duration,
    /// By name of the interface.
    ports: BTreeMap<String, Port>,
}

impl Ethtool {
    fn new(edge: Box<dyn Edge>, directory: PortDirectory, slow: Duration) -> Ethtool {
        Ethtool { edge, directory, slow, ports: BTreeMap::new() }
    }

    /// The ports that `netdev` knows; another device under a known name is another port. What has gone is let go at every tick, so
    /// that a device that comes under its name is not taken for it; what is new can wait.
    fn discover(&mut self, round: &Round, board: &mut Board) {
        let known: Vec<_> = self.directory.list().into_iter().map(|(_, entry)| entry).collect();
        let is_known =
            |name: &String, port: &mut Port| known.iter().any(|e| e.port == *name && e.entity == port.entity());
        for (_, port) in self.ports.extract_if(.., |name, port| !is_known(name, port)) {
            port.withdraw(board);
        }
        for entry in known.into_iter().filter(|_| round.wants(Tier::Normal)) {
            self.ports.entry(entry.port).or_insert_with(|| Port::new(entry.entity));
        }
    }
}

impl Source for Ethtool {
    fn name(&self) -> &'static str {
        NAME
    }

    fn read(&mut self, round: &Round, board: &mut Board) -> Result<(), SourceError> {
        self.discover(round, board);
        let mut gone = Vec::new();
        for (name, port) in &mut self.ports {
            if port.read(self.edge.as_ref(), name, round, self.slow, board) == Pass::Gone {
                gone.push(name.clone());
            }
        }
        for port in gone.iter().filter_map(|name| self.ports.remove(name)) {
            port.withdraw(board);
        }
        Ok(())
    }
}

//! `infiniband`: RDMA devices (InfiniBand, RoCE, Omni-Path, EFA) as `/sys/class/infiniband` shows them.
//!
//! Each file under `counters/` is a query to the device's firmware; those of `hw_counters/` are cached by the kernel for
//! their `lifespan`. Files are kept open. A group of counters that fails at its first file is not read further, and left
//! alone for a while: some devices fail every read, and fill the kernel's log with it.

mod device;
mod group;
mod port;

pub use group::NAME;

use super::{Setup, Source, SourceError};
use crate::board::Board;
use crate::clock::now_ns;
use crate::root::Root;
use crate::schedule::Round;
use crate::sysfs;
use port::IbPort;
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::time::Duration;
use tracing::warn;
use weft_wire::{PortChange, Tier};

pub fn make(setup: &Setup<'_>) -> Result<Box<dyn Source>, SourceError> {
    let (root, slow) = (setup.root.clone(), setup.slow_read);
    Ok(Box::new(Infiniband { root, slow, ports: BTreeMap::new(), devices: Vec::new() }))
}

struct Infiniband {
    root: Root,
    slow: Duration,
    /// By device and number of the port.
    ports: BTreeMap<(String, String), IbPort>,
    devices: Vec<String>,
}

impl Source for Infiniband {
    fn name(&self) -> &'static str {
        NAME
    }

    fn read(&mut self, round: &Round, board: &mut Board) -> Result<(), SourceError> {
        if round.wants(Tier::Normal) {
            self.discover(round, board)?;
        }
        let mut gone = Vec::new();
        for (key, port) in &mut self.ports {
            if !port.read(round, self.slow, board) {
                gone.push(key.clone());
            }
        }
        for key in gone {
            self.drop_port(&key, board);
        }
        Ok(())
    }
}

impl Infiniband {
    /// Looks for devices at each normal tick, and into known ones at each slow tick.
    fn discover(&mut self, round: &Round, board: &mut Board) -> Result<(), SourceError> {
        let class = self.root.join("sys/class/infiniband");
        let devices = match sysfs::names(&class) {
            Ok(devices) => devices,
            Err(e) if e.kind() == ErrorKind::NotFound => {
                self.drop_all(board);
                return Err(SourceError::Absent(format!("{}: no RDMA device here", class.display())));
            }
            // Out of file descriptors, say: no word on the devices.
            Err(e) => return Err(SourceError::failed(&class.display().to_string(), &e)),
        };
        if devices == self.devices && !round.wants(Tier::Slow) {
            return Ok(());
        }
        let mut found = Vec::new();
        for device in &devices {
            // A device without `ports` is no error: it is named, and has none.
            match sysfs::names_or_none(&class.join(device).join("ports")) {
                Ok(numbers) => found.extend(numbers.into_iter().map(|number| (device.clone(), number))),
                Err(error) => {
                    warn!(device, %error, "its ports cannot be listed; those known stay");
                    found.extend(self.ports.keys().filter(|(name, _)| name == device).cloned());
                }
            }
        }
        for key in self.ports.keys().filter(|key| !found.contains(key)).cloned().collect::<Vec<_>>() {
            self.drop_port(&key, board);
        }
        for key in found {
            self.adopt(&class, key, board);
        }
        self.devices = devices;
        Ok(())
    }

    fn adopt(&mut self, class: &std::path::Path, key: (String, String), board: &mut Board) {
        match self.ports.get_mut(&key) {
            Some(port) => port.refresh(board),
            None => {
                let is_taken = |name: &str| self.ports.values().any(|port| port.name() == name);
                let port = IbPort::open(class, &key.0, &key.1, board, is_taken);
                self.ports.insert(key, port);
            }
        }
    }

    fn drop_port(&mut self, key: &(String, String), board: &mut Board) {
        if let Some(port) = self.ports.remove(key) {
            // `netdev` tells of ports that have an interface.
            if port.name().contains('/') {
                board.tell(port.entity(), now_ns(), PortChange::Removed, "");
            }
            board.withdraw(port.entity(), NAME);
            self.devices.clear();
        }
    }

    fn drop_all(&mut self, board: &mut Board) {
        for key in self.ports.keys().cloned().collect::<Vec<_>>() {
            self.drop_port(&key, board);
        }
    }
}

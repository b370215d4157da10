//! The statistics of one interface: their names once, their values at every reading.

use super::edge::Edge;
use super::reply;
use std::io;

/// So many statistics no driver has: an mlx5 port of 128 channels and 8 priorities has some 15,000. It bounds what a lying driver
/// can make us take (2 MiB of names).
const MOST: usize = 65_536;
/// Places beyond the known number, because the kernel fills in what the driver has at that moment, not what was asked for: as many
/// as `ethtool -L` adds when it doubles the channels of the largest card (64 more of 100 statistics each).
const SPARE: usize = 8192;

/// Which driver answers for the interface: `mlx5_core`. It may not say.
pub fn driver(edge: &dyn Edge, interface: &str) -> io::Result<String> {
    let mut command = reply::ask_driver();
    edge.call(interface, &mut command)?;
    Ok(reply::driver(&command))
}

#[derive(Debug, Default)]
pub struct Statistics {
    names: Vec<String>,
    /// Kept from reading to reading.
    buffer: Vec<u8>,
}

/// What a reading came to.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    Read,
    /// The driver has other statistics than it had: the names must be read anew.
    Changed,
}

impl Statistics {
    /// Reads the names. An interface whose driver counts nothing has none.
    pub fn learn(edge: &dyn Edge, interface: &str) -> io::Result<Statistics> {
        let mut counts = reply::ask_count();
        edge.call(interface, &mut counts)?;
        let count = reply::count(&counts);
        if count > MOST {
            return Err(io::Error::other(format!(
                "its driver says that it has {count} statistics: more than {MOST} are none"
            )));
        }
        if count == 0 {
            return Ok(Statistics::default());
        }
        let mut strings = reply::ask_names(count, count + SPARE);
        edge.call(interface, &mut strings)?;
        let mut names = reply::names(&strings);
        // Fewer names than statistics: those without one cannot be told apart. More: the number has just changed.
        names.truncate(count);
        Ok(Statistics { names, buffer: Vec::new() })
    }

    /// By place. A place may be empty, and two may have one name.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Reads all values. After [`Outcome::Read`] there is one for each name.
    pub fn read(&mut self, edge: &dyn Edge, interface: &str) -> io::Result<Outcome> {
        if self.names.is_empty() {
            return Ok(Outcome::Read);
        }
        reply::ask_values(&mut self.buffer, self.names.len(), self.names.len() + SPARE);
        edge.call(interface, &mut self.buffer)?;
        let is_same = reply::said_values(&self.buffer) == self.names.len();
        Ok(if is_same { Outcome::Read } else { Outcome::Changed })
    }

    /// That of one place, of the last reading.
    pub fn value(&self, place: usize) -> Option<u64> {
        self.values().nth(place)
    }

    /// By place, of the last reading.
    pub fn values(&self) -> impl Iterator<Item = u64> {
        reply::values(&self.buffer).take(self.names.len())
    }
}

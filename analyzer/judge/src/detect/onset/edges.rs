//! Where the bins of a port begin and end: at its readings, which lie at uneven distances.
//!
//! ```text
//! the grid       |         |         |         |         |           instants a bin apart, the same for all ports
//! the port is    |offset   |         |         |         |           so long after them, in the mean …
//! read at            |        |           |        |                 … and in truth here: bins are 0.2 to 1.8 grid bins long
//! ```
//! An edge without a reading (it was lost, or is no longer known) is taken to lie where the grid says.

use crate::fabric::PortId;
use crate::features::{BINS, Features};

/// A bin is held to be no shorter than this part of one on the grid. Readings are 0.2 apart at least; less is a reading that was late.
const SHORTEST: f64 = 0.1;

/// The edges of the bins of a window, in bins of the grid from the window's start.
pub struct Edges([f64; BINS + 1]);

impl Edges {
    /// Of a port that is read so long after the instants of the grid, in the mean.
    pub fn of(features: &Features, port: PortId, offset_ns: i64, bin_ns: i64) -> Edges {
        let device = &features.devices[features.topology.ports[port].device];
        let read_ns = device.moments.as_deref().map_or_else(Vec::new, |moments| moments.last(usize::MAX));
        let start_ns = (features.now_ns.div_euclid(bin_ns) - BINS as i64) * bin_ns;
        Edges::at_readings(&read_ns, start_ns, offset_ns, bin_ns, features.bin_ns)
    }

    /// `read_ns`: oldest first. `fine_ns`: within half of that a reading belongs to an edge.
    fn at_readings(read_ns: &[i64], start_ns: i64, offset_ns: i64, bin_ns: i64, fine_ns: i64) -> Edges {
        let mut next = 0;
        Edges(std::array::from_fn(|edge| {
            let planned_ns = start_ns + offset_ns + edge as i64 * bin_ns;
            let off_ns = |read: usize| (read_ns[read] - planned_ns).abs();
            while next + 1 < read_ns.len() && off_ns(next + 1) <= off_ns(next) {
                next += 1;
            }
            let is_read = next < read_ns.len() && 2 * off_ns(next) <= fine_ns;
            let edge_ns = if is_read { read_ns[next] } else { planned_ns };
            (edge_ns - start_ns) as f64 / bin_ns as f64
        }))
    }

    /// The length of a bin, in bins of the grid.
    pub fn length(&self, bin: usize) -> f32 {
        (self.0[bin + 1] - self.0[bin]).max(SHORTEST) as f32
    }

    /// Where a moment lies that is told in bins of the port, on the grid.
    pub fn at(&self, bin: f64) -> f64 {
        let whole = (bin.max(0.0) as usize).min(BINS - 1);
        self.0[whole] + (bin - whole as f64) * (self.0[whole + 1] - self.0[whole])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bins_end_where_the_port_was_read_and_on_the_grid_where_it_was_not() {
        // Read 50 after the grid's instants in the mean, the reading of edge 2 was lost.
        let read = [30, 190, 390, 460];
        let edges = Edges::at_readings(&read, 0, 50, 100, 100);
        assert_eq!(edges.0[..6], [0.3, 1.9, 2.5, 3.9, 4.6, 5.5]);
        assert!((edges.length(0) - 1.6).abs() < 1e-6 && (edges.length(3) - 0.7).abs() < 1e-6);
        assert!((edges.at(0.5) - 1.1).abs() < 1e-9 && (edges.at(3.5) - 4.25).abs() < 1e-9);
        let unknown = Edges::at_readings(&[], 0, 50, 100, 100);
        assert_eq!((unknown.at(7.25), unknown.length(7)), (7.75, 1.0));
    }
}

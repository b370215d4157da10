//! The bytes that a port sent lately, on an even grid of time: what the search for late onsets looks at.
//!
//! ```text
//! readings of the port        |         |         |         |           a bin lies between two readings of the port,
//! bytes between them            1.2 MB    0         9.8 MB              wherever in the grid the collector reads
//! instants of the grid      |         |         |         |
//!                           └offset_ns┘                                 the port is read so long after them
//! ```
//! Bytes are not spread over two bins of a grid that is the same for all ports: the edges of a transfer would be blurred by
//! as much as they are to be measured. Instead every port has an offset of its own, and whoever compares two ports shifts
//! their bins by the difference.

use super::{Count, Features, Sample, packed};
use crate::fabric::PortId;
use half::bf16;
use half::slice::HalfFloatSliceExt;
use nonmax::NonMaxI64;
use serde::{Deserialize, Serialize};

/// Bins kept: 24 s of readings at 10 Hz, 4 minutes at 1 Hz.
pub const BINS: usize = 240;
/// Bins of the fine grid that make one of the coarse grid: at 10 Hz the coarse grid then reaches back 192 s, for iterations
/// of up to half a minute.
const COARSE: i64 = 8;
/// A fine grid of bins as wide as this reaches back two minutes by itself, and needs no coarse one.
const WIDE_NS: i64 = 500_000_000;
/// The part of a reading's distance from where it was expected by which the offset follows: jitter is averaged over some
/// eight readings, and a clock that drifts by 50 ppm is followed to within 40 µs at 10 Hz.
const FOLLOW: i64 = 8;
const MS: i64 = 1_000_000;
/// Two readings a tick, moved within their periods, are 0.6 to 1.4 periods apart in the mean of two steps: an interval within this
/// factor of the one that is known is the same one. Those of [`INTERVALS_MS`] are twice as long or more from one to the next.
const SAME_INTERVAL: f64 = 1.7;
/// Intervals at which collectors are set to read, ms. Readings jitter around them; the grid must not.
const INTERVALS_MS: [i64; 11] = [10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grid {
    Fine,
    Coarse,
}

impl Grid {
    /// The width of a bin, given that of the fine grid.
    pub fn bin_ns(self, fine_ns: i64) -> i64 {
        match self {
            Grid::Fine => fine_ns,
            Grid::Coarse => fine_ns * COARSE,
        }
    }
}

/// The bytes a port sent lately, on both grids: 1 KiB, at 1 Hz half of it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Sent {
    fine: Bins,
    coarse: Option<Box<Bins>>,
    /// How long after the instants of the grid the port is read; may grow beyond the width of a bin while clocks drift.
    #[serde(with = "packed::count")]
    offset_ns: Count,
}

impl Sent {
    /// Takes in the bytes sent between two readings; `bin_ns` is the width of a fine bin. Where readings are missing in
    /// between, the bytes are spread evenly over the bins.
    pub fn add(&mut self, from_ns: i64, to_ns: i64, bytes: f64, bin_ns: i64) {
        if to_ns <= from_ns || bytes < 0.0 {
            return;
        }
        let from_grid = (to_ns + bin_ns / 2).rem_euclid(bin_ns) - bin_ns / 2;
        let offset_ns = self.offset_ns.map_or(from_grid, |ns| ns.get());
        let nearest = |ts_ns: i64, offset_ns: i64| (ts_ns - offset_ns + bin_ns / 2).div_euclid(bin_ns);
        let (first, last) = (nearest(from_ns, offset_ns), nearest(to_ns, offset_ns));
        self.offset_ns = NonMaxI64::new(offset_ns + (to_ns - offset_ns - last * bin_ns) / FOLLOW);
        // Rows of two tiers may be read within one bin.
        let bins = first.max(last - BINS as i64)..last.max(first + 1);
        let in_each = bytes / (bins.end - bins.start) as f64;
        for bin in bins {
            self.fine.add(bin, in_each);
            if bin_ns < WIDE_NS {
                self.coarse.get_or_insert_default().add(bin.div_euclid(COARSE), in_each);
            }
        }
    }

    /// The bins of a grid; `None` where the fine one reaches back far enough and there is no coarse one.
    pub fn on(&self, grid: Grid) -> Option<&Bins> {
        match grid {
            Grid::Fine => Some(&self.fine),
            Grid::Coarse => self.coarse.as_deref(),
        }
    }

    /// How long after the instants of the grid the port's bins begin.
    pub fn offset_ns(&self) -> i64 {
        self.offset_ns.map_or(0, |ns| ns.get())
    }

    pub fn clear(&mut self) {
        *self = Sent::default();
    }
}

/// A ring of bytes a bin, to two digits (bfloat16). A bin of which nothing was read is NaN.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Bins {
    #[serde(with = "packed::bins")]
    ring: [bf16; BINS],
    /// Absolute index of the newest bin written.
    newest: i64,
}

impl Default for Bins {
    fn default() -> Self {
        Bins { ring: [bf16::NAN; BINS], newest: i64::MIN }
    }
}

impl Bins {
    fn add(&mut self, bin: i64, bytes: f64) {
        if bin > self.newest.saturating_sub(BINS as i64) {
            let slot = self.slot(bin);
            *slot = bf16::from_f32(slot.to_f32() + bytes as f32);
        }
    }

    fn slot(&mut self, bin: i64) -> &mut bf16 {
        if bin > self.newest {
            let skipped = bin.saturating_sub(self.newest).min(BINS as i64);
            for b in (bin - skipped + 1)..bin {
                self.ring[b.rem_euclid(BINS as i64) as usize] = bf16::NAN;
            }
            self.ring[bin.rem_euclid(BINS as i64) as usize] = bf16::ZERO;
            self.newest = bin;
        }
        let value = &mut self.ring[bin.rem_euclid(BINS as i64) as usize];
        if value.is_nan() {
            *value = bf16::ZERO;
        }
        value
    }

    /// The bytes of as many bins as are kept, up to `last`; NaN where one is unknown, too old or yet to come.
    pub fn up_to(&self, last: i64) -> [f32; BINS] {
        let first = last - BINS as i64 + 1;
        let at = first.rem_euclid(BINS as i64) as usize;
        let mut bins = [f32::NAN; BINS];
        let (early, late) = bins.split_at_mut(BINS - at);
        self.ring[at..].convert_to_f32_slice(early);
        self.ring[..at].convert_to_f32_slice(late);
        let from_first = |bin: i64| bin.saturating_sub(first).clamp(0, BINS as i64) as usize;
        bins[..from_first(self.newest.saturating_sub(BINS as i64 - 1))].fill(f32::NAN);
        bins[from_first(self.newest.saturating_add(1))..].fill(f32::NAN);
        bins
    }
}

impl Features {
    /// The grid follows the interval at which most ports are read. When that changes, the grid begins anew. `samples`:
    /// those of a tick, by port and time.
    pub(super) fn update_grid(&mut self, samples: &[(PortId, Sample)]) {
        let mut intervals: Vec<i64> =
            samples.chunk_by(|a, b| a.0 == b.0).filter_map(|run| self.interval_of(run)).collect();
        if intervals.is_empty() {
            return;
        }
        intervals.sort_unstable();
        let interval_ns = intervals[intervals.len() / 2];
        let of_now = interval_ns as f64 / self.bin_ns as f64;
        let bin_ns = usual_interval(interval_ns).min(self.tick_ns);
        if bin_ns != self.bin_ns && !(1.0 / SAME_INTERVAL..=SAME_INTERVAL).contains(&of_now) {
            self.bin_ns = bin_ns;
            self.ports.iter_mut().filter_map(|port| port.sent.as_mut()).for_each(|sent| sent.clear());
        }
    }
}

impl Features {
    /// At which a port is read, by its readings of a tick: the mean since the last one before the tick, for collectors read at uneven
    /// distances. `None` where the tick has one reading, which tells nothing of what is shorter than a tick.
    fn interval_of(&self, run: &[(PortId, Sample)]) -> Option<i64> {
        let [(port, first), .., (_, last)] = run else { return None };
        let (since_ns, steps) = match self.ports[*port].last.map(|last| last.ts_ns) {
            Some(ns) if (1..self.tick_ns).contains(&(first.ts_ns - ns)) => (ns, run.len()),
            _ => (first.ts_ns, run.len() - 1),
        };
        Some((last.ts_ns - since_ns) / steps as i64)
    }
}

/// The interval of [`INTERVALS_MS`] that is nearest by ratio: 97 ms are 100 ms.
fn usual_interval(interval_ns: i64) -> i64 {
    let distance = |ms: &i64| (interval_ns as f64 / (*ms * MS) as f64).ln().abs();
    INTERVALS_MS.into_iter().min_by(|a, b| distance(a).total_cmp(&distance(b))).unwrap_or(1_000) * MS
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(bins: &Bins, bin: i64) -> f32 {
        bins.up_to(bin)[BINS - 1]
    }

    #[test]
    fn a_bin_lies_between_two_readings_and_gaps_stay_unknown() {
        let mut sent = Sent::default();
        // Read 30 after the grid's instants, give or take some.
        for (from, to, bytes) in [(30, 130, 8.0), (130, 236, 0.0), (236, 228 + 100, 16.0), (328, 331, 1.0)] {
            sent.add(from, to, bytes, 100);
        }
        let fine = sent.on(Grid::Fine).unwrap();
        assert_eq!([0, 1, 2, 3].map(|b| get(fine, b)), [8.0, 0.0, 16.0, 1.0]);
        assert!((25..35).contains(&sent.offset_ns()), "{}", sent.offset_ns());
        assert_eq!(get(sent.on(Grid::Coarse).unwrap(), 0), 25.0);
        sent.add(630, 830, 10.0, 100);
        let fine = sent.on(Grid::Fine).unwrap();
        assert!(get(fine, 4).is_nan() && get(fine, 5).is_nan());
        assert_eq!([6, 7].map(|b| get(fine, b)), [5.0, 5.0]);
        sent.add(100_030, 100_130, 7.0, 100);
        let fine = sent.on(Grid::Fine).unwrap();
        assert!(get(fine, 6).is_nan());
        assert_eq!(get(fine, 1000), 7.0);
    }
}

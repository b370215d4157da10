//! The last bytes of a port on an even grid of time: what onset detection looks at.

use super::packed;
use half::bf16;
use half::slice::HalfFloatSliceExt;
use serde::{Deserialize, Serialize};

/// Bins kept: on the fine grid 24 s at 10 Hz, 4 minutes at 1 Hz.
pub const BINS: usize = 240;
/// Bins of the fine grid that make one of the coarse: 3 minutes at 10 Hz, for iterations of up to half a minute.
const COARSE: i64 = 8;
/// A fine grid of bins this wide has iterations of half a minute on it already, ns.
const WIDE_NS: i64 = 500_000_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grid {
    Fine,
    Coarse,
}

impl Grid {
    /// Width of a bin, given that of the fine grid.
    pub fn bin_ns(self, fine_ns: i64) -> i64 {
        match self {
            Grid::Fine => fine_ns,
            Grid::Coarse => fine_ns * COARSE,
        }
    }
}

/// The bytes a port sent lately, on both grids: 1 KiB, at 1 Hz half of it.
///
/// A bin lies between two readings of the port, wherever in the grid its collector reads: spread over two bins of a fixed
/// grid, the edges of a transfer would be blurred by as much as they are to be measured.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Sent {
    fine: Bins,
    coarse: Option<Box<Bins>>,
    /// How long after the grid's instants this port is read, ns; follows slow drift, and does not wrap.
    offset_ns: Option<i64>,
}

/// Of a reading's distance from where it was expected, the part by which the offset follows.
const FOLLOW: i64 = 8;

impl Sent {
    /// Bytes sent between two readings; `bin_ns` is the width of a fine bin.
    pub fn add(&mut self, from_ns: i64, to_ns: i64, bytes: f64, bin_ns: i64) {
        if to_ns <= from_ns || bytes < 0.0 {
            return;
        }
        let from_grid = (to_ns + bin_ns / 2).rem_euclid(bin_ns) - bin_ns / 2;
        let offset_ns = self.offset_ns.get_or_insert(from_grid);
        let reading = |ts_ns: i64, offset_ns: i64| (ts_ns - offset_ns + bin_ns / 2).div_euclid(bin_ns);
        let (first, last) = (reading(from_ns, *offset_ns), reading(to_ns, *offset_ns));
        *offset_ns += (to_ns - *offset_ns - last * bin_ns) / FOLLOW;
        // Two tiers may be read within one bin.
        let bins = first.max(last - BINS as i64)..last.max(first + 1);
        let share = bytes / (bins.end - bins.start) as f64;
        for bin in bins {
            self.fine.add(bin, share);
            if bin_ns < WIDE_NS {
                self.coarse.get_or_insert_default().add(bin.div_euclid(COARSE), share);
            }
        }
    }

    /// `None`: this grid is not needed.
    pub fn on(&self, grid: Grid) -> Option<&Bins> {
        match grid {
            Grid::Fine => Some(&self.fine),
            Grid::Coarse => self.coarse.as_deref(),
        }
    }

    /// How long after the grid's instants this port's bins begin, ns.
    pub fn offset_ns(&self) -> i64 {
        self.offset_ns.unwrap_or(0)
    }

    pub fn clear(&mut self) {
        *self = Sent::default();
    }
}

/// A ring of bytes per bin, to two digits; a bin nobody told of is NaN.
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

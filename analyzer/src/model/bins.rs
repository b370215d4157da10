//! The last bytes of a port on an even grid of time: what onset detection looks at.

use half::bf16;

/// Bins kept: on the fine grid 24 s at 10 Hz, 4 minutes at 1 Hz.
pub const BINS: usize = 240;
/// Bins of the fine grid that make one of the coarse: 3 minutes at 10 Hz, for iterations of up to half a minute.
const COARSE: i64 = 8;

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

/// The bytes a port sent lately, on both grids: 1 KiB.
#[derive(Clone, Debug, Default)]
pub struct Sent {
    fine: Bins,
    coarse: Bins,
}

impl Sent {
    /// Bytes sent between two readings; `bin_ns` is the width of a fine bin.
    pub fn add(&mut self, from_ns: i64, to_ns: i64, bytes: f64, bin_ns: i64) {
        self.fine.add(from_ns, to_ns, bytes, Grid::Fine.bin_ns(bin_ns));
        self.coarse.add(from_ns, to_ns, bytes, Grid::Coarse.bin_ns(bin_ns));
    }

    pub fn on(&self, grid: Grid) -> &Bins {
        match grid {
            Grid::Fine => &self.fine,
            Grid::Coarse => &self.coarse,
        }
    }

    pub fn clear(&mut self) {
        *self = Sent::default();
    }
}

/// A ring of bytes per bin, to three digits; a bin nobody told of is NaN.
#[derive(Clone, Debug)]
pub struct Bins {
    ring: [bf16; BINS],
    /// Absolute index of the newest bin written, `ts_ns / bin_ns`.
    newest: i64,
}

impl Default for Bins {
    fn default() -> Self {
        Bins { ring: [bf16::NAN; BINS], newest: i64::MIN }
    }
}

impl Bins {
    /// Spreads the bytes sent between two readings evenly over the bins they span.
    pub fn add(&mut self, from_ns: i64, to_ns: i64, bytes: f64, bin_ns: i64) {
        if to_ns <= from_ns || bytes < 0.0 || from_ns.div_euclid(bin_ns) <= self.newest.saturating_sub(BINS as i64) {
            return;
        }
        let per_ns = bytes / (to_ns - from_ns) as f64;
        let mut at = from_ns;
        while at < to_ns {
            let bin = at.div_euclid(bin_ns);
            let end = ((bin + 1) * bin_ns).min(to_ns);
            let slot = self.slot(bin);
            *slot = bf16::from_f64(slot.to_f64() + per_ns * (end - at) as f64);
            at = end;
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

    /// Bytes of one bin; NaN when it is unknown, too old or yet to come.
    pub fn get(&self, bin: i64) -> f32 {
        if bin > self.newest || bin <= self.newest.saturating_sub(BINS as i64) {
            return f32::NAN;
        }
        self.ring[bin.rem_euclid(BINS as i64) as usize].to_f32()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_spread_by_time_and_gaps_stay_unknown() {
        let mut bins = Bins::default();
        bins.add(50, 250, 200.0, 100);
        assert_eq!([0, 1, 2].map(|b| bins.get(b)), [50.0, 100.0, 50.0]);
        bins.add(500, 600, 10.0, 100);
        assert!(bins.get(3).is_nan() && bins.get(4).is_nan());
        assert_eq!(bins.get(5), 10.0);
        bins.add(100_000, 100_100, 7.0, 100);
        assert!(bins.get(5).is_nan());
        assert_eq!(bins.get(1000), 7.0);
    }
}

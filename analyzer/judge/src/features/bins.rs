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
        let interval = |run: &[(PortId, Sample)]| {
            let (port, first) = run[0];
            let before_ns = self.ports[port].last.map(|last| last.ts_ns);
            interval_of(before_ns, first.ts_ns, run[run.len() - 1].1.ts_ns, run.len() as i64, self.tick_ns)
        };
        let mut intervals: Vec<i64> = samples.chunk_by(|a, b| a.0 == b.0).filter_map(interval).collect();
        if intervals.is_empty() {
            return;
        }
        intervals.sort_unstable();
        let bin_ns = bin_of(self.bin_ns, intervals[intervals.len() / 2]).min(self.tick_ns);
        if bin_ns != self.bin_ns {
            self.bin_ns = bin_ns;
            self.ports.iter_mut().filter_map(|port| port.sent.as_mut()).for_each(|sent| sent.clear());
        }
    }
}

/// At which interval a port is read that has so many readings in a tick, by the first and the last of them and the last one before: the
/// mean of the steps between them, for collectors read at uneven distances. `None` where the tick has one reading, which tells
/// nothing of what is shorter than a tick.
fn interval_of(before_ns: Option<i64>, first_ns: i64, last_ns: i64, readings: i64, tick_ns: i64) -> Option<i64> {
    if readings < 2 {
        return None;
    }
    let before_ns = before_ns.filter(|before_ns| (1..tick_ns).contains(&(first_ns - before_ns)));
    let (since_ns, steps) = before_ns.map_or((first_ns, readings - 1), |before_ns| (before_ns, readings));
    Some((last_ns - since_ns) / steps)
}

/// The width of a bin for readings of that interval, where it was `bin_ns` before.
fn bin_of(bin_ns: i64, interval_ns: i64) -> i64 {
    let times = interval_ns as f64 / bin_ns as f64;
    let is_same = (1.0 / SAME_INTERVAL..=SAME_INTERVAL).contains(&times);
    if is_same { bin_ns } else { usual_interval(interval_ns) }
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

    /// When the readings of a tick of 1 s come, ns, of a collector that reads so often.
    fn readings(tick: i64, interval_ns: i64) -> Vec<i64> {
        let in_tick = 1_000 * MS / interval_ns;
        (tick * in_tick..(tick + 1) * in_tick).map(|k| weft_wire::instants::reading_ns(k, interval_ns)).collect()
    }

    #[test]
    fn the_grid_is_that_of_the_interval_though_readings_come_at_uneven_distances() {
        for interval_ms in [10, 20, 50, 100, 200, 500] {
            let (interval_ns, tick_ns) = (interval_ms * MS, 1_000 * MS);
            let (mut bin_ns, mut before_ns) = (tick_ns, None);
            for tick in 1_796_000_000..1_796_002_000 {
                let read = readings(tick, interval_ns);
                let (first_ns, last_ns) = (read[0], read[read.len() - 1]);
                if let Some(interval_ns) = interval_of(before_ns, first_ns, last_ns, read.len() as i64, tick_ns) {
                    bin_ns = bin_of(bin_ns, interval_ns).min(tick_ns);
                }
                before_ns = Some(last_ns);
                assert!(bin_ns == interval_ns || tick < 1_796_000_010, "{interval_ms} ms: {bin_ns}");
            }
        }
        assert_eq!(interval_of(Some(0), 7, 7, 1, 1_000), None, "one reading a tick");
        assert_eq!(bin_of(1_000 * MS, 97 * MS), 100 * MS, "another interval");
    }

    #[test]
    fn each_uneven_reading_has_a_bin_of_its_own() {
        let (mut sent, interval_ns) = (Sent::default(), 100 * MS);
        let at: Vec<i64> = (1_796_000_000..1_796_000_060).flat_map(|tick| readings(tick, interval_ns)).collect();
        at.windows(2)
            .zip(1..)
            .for_each(|(pair, number)| sent.add(pair[0], pair[1], f64::from(number % 100), interval_ns));
        let bins = sent.on(Grid::Fine).unwrap();
        let kept = bins.up_to(bins.newest);
        let expected: Vec<f32> = (600 - BINS as u16..600).map(|number| f32::from(number % 100)).collect();
        let wrong = kept.iter().zip(&expected).filter(|(kept, expected)| kept != expected).count();
        assert!(wrong <= 4, "an offset that follows may put a reading beside its bin: {wrong} of {BINS}");
    }
}

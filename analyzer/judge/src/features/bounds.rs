//! How many packets a port had received at a moment at which it was not read.
//!
//! The two ends of a cable are never read at the same instant. But a count never falls, and a link carries no more than its
//! speed. Every reading therefore bounds the count at any other moment:
//!
//! ```text
//! count            ________•   high: no more than at the reading after
//!                 /   ?   ·
//!         •_____ / ______·     low: no less than at the reading before; from a reading on, the count moves no faster
//!        read    ↑      read   than the link carries
//!              asked
//! ```
//! Example: 1,000 packets/s, read at 0 s (0) and 1 s (1,000), asked for 0.9 s. The readings alone bound it to 0 … 1,000. A
//! link of 8 Mbit/s carries 2,000 packets/s of 500 bytes, so that from the reading at 1 s on it was at least
//! 1,000 − 2,000 · 0.1 = 800. Where the traffic rests from one reading to the next, both bounds are the same number.

use super::sample::Sample;

/// Bursts may be of packets half as large as the mean of now, so that a link carries twice as many of them.
const SMALLER: f64 = 2.0;
const BITS_PER_BYTE: f64 = 8.0;
const NS_PER_S: f64 = 1e9;

/// The least and the most that had been received; `None` when one side stays open. `bps` is the speed of the link where it
/// is known, `clocks_us` how far the stamps of the two ends may be apart. A link that carries more than its speed bounds
/// nothing by it, and where its counts contradict each other, nothing does.
pub fn received_by(readings: &[Sample], ts_ns: i64, bps: Option<i64>, clocks_us: u32) -> Option<(f64, f64)> {
    let clocks_ns = i64::from(clocks_us) * 1_000;
    let bounds = |bps| bounds(readings, ts_ns, most_per_ns(readings, bps), clocks_ns);
    let (low, high) = [bps, None].into_iter().map(bounds).find(|(low, high)| low <= high)?;
    (low.is_finite() && high.is_finite()).then_some((low, high))
}

fn bounds(readings: &[Sample], ts_ns: i64, most_per_ns: Option<f64>, clocks_ns: i64) -> (f64, f64) {
    let most = most_per_ns.unwrap_or(f64::INFINITY);
    let (mut low, mut high) = (f64::NEG_INFINITY, f64::INFINITY);
    for (read_ns, count) in readings.iter().filter_map(|r| Some((r.ts_ns, r.rx_packets?.get() as f64))) {
        let (until, since) = ((ts_ns + clocks_ns - read_ns) as f64, (read_ns + clocks_ns - ts_ns) as f64);
        low = low.max(if since <= 0.0 { count } else { count - most * since });
        high = high.min(if until <= 0.0 { count } else { count + most * until });
    }
    (low, high)
}

/// The most packets that the link can carry in a nanosecond.
fn most_per_ns(readings: &[Sample], bps: Option<i64>) -> Option<f64> {
    let counts = |r: &Sample| Some((r.rx_packets?.get() as f64, r.rx_bytes?.get() as f64));
    let (first, last) = (readings.iter().find_map(counts)?, readings.iter().rev().find_map(counts)?);
    let (packets, bytes) = (last.0 - first.0, last.1 - first.1);
    (packets > 0.0 && bytes > 0.0).then_some(bps? as f64 / (BITS_PER_BYTE / SMALLER * NS_PER_S) * packets / bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::Count;
    use nonmax::NonMaxI64;
    use proptest::prelude::*;

    const MS: i64 = 1_000_000;
    const CLOCKS_US: u32 = 2_000;

    fn reading(at_ms: i64, packets: i64) -> Sample {
        let count = |count: i64| -> Count { NonMaxI64::new(count) };
        Sample { ts_ns: at_ms * MS, rx_packets: count(packets), ..Sample::default() }
    }

    #[test]
    fn ends_read_at_the_same_instant_differ_by_no_more_than_their_clocks() {
        let carrying = |at: i64| Sample { rx_bytes: NonMaxI64::new(at * 1_000_000), ..reading(at * 1000, at * 990) };
        let readings = [carrying(1), carrying(2)];
        // 4 MB/s, packets of 1010 B, perhaps of half that: 7.92 a ms, clocks within 2 ms.
        let received_by = |at: i64, bps: Option<i64>| received_by(&readings, at * MS, bps, CLOCKS_US);
        let (low, high) = received_by(2000, Some(32_000_000)).unwrap();
        assert!((1980.0 - 15.84 - low).abs() + (1980.0 + 15.84 - high).abs() < 1e-6, "{low} {high}");
        assert_eq!(received_by(2000, None), None);
        assert_eq!(received_by(1500, None), Some((990.0, 1980.0)));
        // A link that carries ten times its planned speed is bounded by its counts alone.
        assert_eq!(received_by(1500, Some(800_000)), Some((990.0, 1980.0)));
    }

    #[test]
    fn readings_that_contradict_each_other_bound_nothing() {
        let readings = [reading(0, 1_000), reading(1000, 5)];
        for bps in [None, Some(1), Some(400_000_000_000)] {
            assert_eq!(received_by(&readings, 500 * MS, bps, CLOCKS_US), None);
        }
    }

    proptest! {
        #[test]
        fn the_true_count_lies_between_the_bounds(
            steps in prop::collection::vec(0..50_i64, 30),
            read in prop::collection::vec(0..30_usize, 2..6),
            asked in 0..30_usize,
        ) {
            let counts: Vec<i64> = steps.iter().scan(0, |sum, step| { *sum += step; Some(*sum) }).collect();
            let mut read = read;
            read.sort_unstable();
            let readings: Vec<Sample> = read.iter().map(|&at| reading(at as i64 * 10, counts[at])).collect();
            if let Some((low, high)) = received_by(&readings, asked as i64 * 10 * MS, None, 0) {
                prop_assert!((low..=high).contains(&(counts[asked] as f64)));
            }
        }
    }
}

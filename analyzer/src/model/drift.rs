//! Conservation along a cable: packets one end sent less packets the other received.
//!
//! The two ends are never read at the same instant. But a counter never falls, and a link carries no more than its speed:
//! between two readings of the receiver its count at the sender's reading lies within hard bounds. Where the traffic rests
//! for a moment the bounds meet, and the difference is exact. Per tick the tightest one is kept.

use super::sample::Sample;
use std::collections::VecDeque;

/// Ticks kept.
pub const TICKS: usize = 32;

/// Differences beyond this move the origin: half a packet must show in 24 bits.
const FINE: f64 = 1e6;

/// The two ends' clocks agree to within this, as nodes under NTP or PTP do.
const CLOCKS_NS: i64 = 2_000_000;

/// One tick of one direction of a cable, in 16 bytes: a fabric has hundreds of thousands of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Drift {
    /// Ticks since the counters began.
    pub tick: u32,
    /// The difference, less the origin's, lies between these.
    pub low: f32,
    pub high: f32,
    /// Packets sent since the drift before.
    pub sent: f32,
}

#[derive(Clone, Debug, Default)]
pub struct Conservation {
    pub ring: VecDeque<Drift>,
    origin: Option<Origin>,
}

/// What the ring's values are counted from.
#[derive(Clone, Copy, Debug)]
struct Origin {
    tick: i64,
    difference: f64,
    /// Packets sent up to the newest drift.
    sent: i64,
}

impl Drift {
    pub fn mid(&self) -> f64 {
        (f64::from(self.low) + f64::from(self.high)) / 2.0
    }
}

impl Conservation {
    /// `sender` and `receiver` are the readings of this tick, each with the last one before it in front; `bps` is the
    /// link's speed where it is known.
    pub fn tell(&mut self, tick: i64, sender: &[Sample], receiver: &[Sample], bps: Option<i64>) {
        let Some(first) = sender.first().map(|s| s.ts_ns) else { return };
        let new = sender.iter().filter(|s| sender.len() == 1 || s.ts_ns > first);
        let bounds = new.filter_map(|s| {
            let (low, high) = received_by(receiver, s.ts_ns, bps)?;
            let sent = s.tx_packets?;
            Some((sent as f64 - high, sent as f64 - low, sent))
        });
        let Some((low, high, sent)) = bounds.min_by(|a, b| (a.1 - a.0).total_cmp(&(b.1 - b.0))) else { return };
        let origin = self.origin.get_or_insert(Origin { tick, difference: (low + high) / 2.0, sent });
        let Ok(since) = u32::try_from(tick - origin.tick) else { return };
        if (low - origin.difference).abs() > FINE {
            let by = (low + high) / 2.0 - origin.difference;
            origin.difference += by;
            self.ring.iter_mut().for_each(|d| (d.low, d.high) = (d.low - by as f32, d.high - by as f32));
        }
        let (low, high) = ((low - origin.difference) as f32, (high - origin.difference) as f32);
        let drift = Drift { tick: since, low, high, sent: (sent - origin.sent).max(0) as f32 };
        origin.sent = sent;
        if self.ring.len() >= TICKS {
            self.ring.pop_front();
        }
        self.ring.push_back(drift);
    }

    /// The tick of a drift.
    pub fn tick_of(&self, drift: &Drift) -> i64 {
        self.origin.map_or(0, |o| o.tick) + i64::from(drift.tick)
    }

    pub fn restart(&mut self) {
        *self = Conservation::default();
    }
}

/// Bounds of the cumulative received packets at a moment; `None` outside the readings.
fn received_by(readings: &[Sample], ts_ns: i64, bps: Option<i64>) -> Option<(f64, f64)> {
    let before = readings.iter().rposition(|r| r.ts_ns <= ts_ns - CLOCKS_NS && r.rx_packets.is_some())?;
    let after = readings.iter().position(|r| r.ts_ns >= ts_ns + CLOCKS_NS && r.rx_packets.is_some())?;
    let (a, b) = (&readings[before], &readings[after]);
    let (ra, rb) = (a.rx_packets? as f64, b.rx_packets? as f64);
    let most = packets_per_ns(a, b, bps).unwrap_or(f64::INFINITY);
    let late = (ts_ns - a.ts_ns + CLOCKS_NS) as f64;
    let early = (b.ts_ns - ts_ns + CLOCKS_NS) as f64;
    Some(((rb - most * early).max(ra).min(rb), (ra + most * late).min(rb).max(ra)))
}

/// The most packets the link can carry, at half the size they have now: a burst may be of smaller ones.
fn packets_per_ns(a: &Sample, b: &Sample, bps: Option<i64>) -> Option<f64> {
    let packets = (b.rx_packets? - a.rx_packets?) as f64;
    let bytes = (b.rx_bytes? - a.rx_bytes?) as f64;
    (packets > 0.0 && bytes > 0.0).then_some(bps? as f64 / 4e9 * packets / bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(ts_ns: i64, tx: i64, rx: i64) -> Sample {
        Sample { ts_ns, tx_packets: Some(tx), rx_packets: Some(rx), ..Sample::default() }
    }

    const MS: i64 = 1_000_000;

    #[test]
    fn a_moment_of_rest_is_exact_and_traffic_is_bounded_by_its_neighbours() {
        let mut conservation = Conservation::default();
        let sender = [sample(0, 0, 0), sample(100 * MS, 1000, 0), sample(200 * MS, 1000, 0)];
        let receiver =
            [sample(-50 * MS, 0, 0), sample(50 * MS, 0, 500), sample(150 * MS, 0, 990), sample(250 * MS, 0, 990)];
        conservation.tell(1, &sender, &receiver, None);
        conservation.tell(2, &sender[..2], &receiver, None);
        // Ten are lost for good in both ticks; in the second they may be up to 490 more.
        let bounds = |at: usize| (conservation.ring[at].low, conservation.ring[at].high);
        assert_eq!((bounds(0), bounds(1)), ((0.0, 0.0), (0.0, 490.0)));
        assert_eq!(conservation.tick_of(&conservation.ring[1]), 2);
    }
}

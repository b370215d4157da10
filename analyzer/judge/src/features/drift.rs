//! Conservation along a cable: packets one end sent less packets the other received.
//!
//! The two ends are never read at the same instant. But a counter never falls, and a link carries no more than its speed:
//! every reading of the receiver bounds its count at the sender's reading. Where the traffic rests
//! for a moment the bounds meet, and the difference is exact. Per tick the tightest one is kept.

use super::packed;
use super::sample::{Count, Sample, rise};
use arraydeque::{ArrayDeque, behavior::Wrapping};
use serde::{Deserialize, Serialize};

/// Ticks kept.
pub const TICKS: usize = 32;

/// Differences beyond this move the origin: half a packet must show in 24 bits.
const FINE: f64 = 1e6;

/// The two ends' clocks agree to within this, as nodes under NTP or PTP do, until they are seen not to.
const CLOCKS_US: u32 = 2_000;
/// The stamps are off by no more than this, or by no more than the time between two readings where that is longer: a count
/// is not older than the last refresh, and a source is not read more often than it refreshes for long without being seen to.
const MOST_CLOCKS_US: u32 = 1_000_000;
/// Pauses of the readings beyond this say nothing of how often a source refreshes: of counters of packets that are known,
/// sFlow's, every 20 to 30 s, are the slowest.
const LONGEST_GAP_NS: i64 = 60_000_000_000;
/// Per tick, what is forgotten of the largest step: half in 177 ticks, so that one burst does not count for ever.
const STEP_KEPT: f32 = 255.0 / 256.0;
/// Half a packet: less is rounding.
const FELL: f64 = 0.5;
/// Ticks with traffic that must make sense, one after the other, before they may tell of loss.
const PROVEN: u8 = 20;

/// One tick of one direction of a cable, in 16 bytes: a fabric has hundreds of thousands of them.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Drift {
    /// Ticks since the counters began.
    pub tick: u32,
    /// The difference, less the origin's, lies between these.
    pub low: f32,
    pub high: f32,
    /// Packets sent since the drift before.
    pub sent: f32,
}

/// In place, so that a tick walks through memory and does not jump.
type Drifts = ArrayDeque<Drift, TICKS, Wrapping>;

/// The ring fills eight cache lines and the rest a ninth: a tick touches that one and the newest drift's.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[repr(align(64))]
pub struct Conservation {
    #[serde(with = "packed::ring")]
    pub ring: Drifts,
    /// Means nothing while the ring is empty.
    origin: Origin,
    /// No drift of the ring has a `high` below this.
    floor: f32,
    newest_low: f32,
    /// No `low` was above this.
    ceiling: f32,
    /// How far the clocks of the two ends, or the stamps of their readings, may be apart.
    clocks_us: u32,
    /// The most packets that one reading brought, of both ends together.
    largest_steps: f32,
    /// The longest time between two readings of an end, in tenths of a second.
    longest_gap_ds: u16,
    /// Ticks with traffic since that was last found too little, up to `PROVEN`.
    proven: u8,
}

const _: () = assert!(size_of::<Conservation>() == 9 * 64);

impl Default for Conservation {
    fn default() -> Conservation {
        Conservation {
            ring: Drifts::new(),
            origin: Origin::default(),
            floor: f32::INFINITY,
            newest_low: 0.0,
            ceiling: f32::NEG_INFINITY,
            clocks_us: CLOCKS_US,
            largest_steps: 0.0,
            longest_gap_ds: 0,
            proven: 0,
        }
    }
}

/// What the ring's values are counted from.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
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
    /// link's speed where it is known. `false`: packets came back, so the bounds were too narrow.
    pub fn tell(&mut self, tick: i64, sender: &[Sample], receiver: &[Sample], bps: Option<i64>) -> bool {
        if falls(sender, |s| s.tx_packets) || falls(receiver, |s| s.rx_packets) {
            self.restart();
            return true;
        }
        let Some(first) = sender.first().map(|s| s.ts_ns) else { return true };
        self.measure_readings(sender, receiver);
        let new = sender.iter().filter(|s| sender.len() == 1 || s.ts_ns > first);
        let bounds = new.filter_map(|s| {
            let (low, high) = received_by(receiver, s.ts_ns, bps, self.clocks_us)?;
            let sent = s.tx_packets?.get();
            Some((sent as f64 - high, sent as f64 - low, sent))
        });
        let Some((low, high, sent)) = bounds.min_by(|a, b| (a.1 - a.0).total_cmp(&(b.1 - b.0))) else { return true };
        if self.fell(high) {
            return false;
        }
        if self.ring.is_empty() {
            self.origin = Origin { tick, difference: (low + high) / 2.0, sent };
        }
        let Ok(since) = u32::try_from(tick.saturating_sub(self.origin.tick)) else {
            self.restart(); // longer ago than a ring can count
            return true;
        };
        let origin = &mut self.origin;
        if (low - origin.difference).abs() > FINE {
            let by = (low + high) / 2.0 - origin.difference;
            origin.difference += by;
            self.ring.iter_mut().for_each(|d| (d.low, d.high) = (d.low - by as f32, d.high - by as f32));
            self.floor = lowest(&self.ring);
            self.ceiling -= by as f32;
        }
        let (low, high) = ((low - origin.difference) as f32, (high - origin.difference) as f32);
        let drift = Drift { tick: since, low, high, sent: sent.saturating_sub(origin.sent).max(0) as f32 };
        if drift.sent > 0.0 {
            self.proven = PROVEN.min(self.proven + 1);
        }
        origin.sent = sent;
        if drift.low > self.floor {
            self.floor = lowest(&self.ring); // what was lowest may have left it
        }
        self.floor = self.floor.min(high);
        self.newest_low = low;
        self.ceiling = self.ceiling.max(low);
        self.ring.push_back(drift);
        true
    }

    /// No window of the ring can have lost more than this, packets.
    pub fn at_most_lost(&self) -> f64 {
        f64::from(self.newest_low - self.floor)
    }

    fn fell(&self, high: f64) -> bool {
        !self.ring.is_empty() && high - self.origin.difference < f64::from(self.ceiling) - FELL
    }

    fn measure_readings(&mut self, sender: &[Sample], receiver: &[Sample]) {
        let steps = largest_step(sender, |s| s.tx_packets) + largest_step(receiver, |s| s.rx_packets);
        self.largest_steps = (self.largest_steps * STEP_KEPT).max(steps);
        let gaps = [sender, receiver].into_iter().flat_map(|readings| readings.windows(2));
        let longest_ns = gaps.map(|w| w[1].ts_ns.saturating_sub(w[0].ts_ns)).max().unwrap_or(0);
        self.longest_gap_ds = self.longest_gap_ds.max((longest_ns.min(LONGEST_GAP_NS) / 100_000_000) as u16);
    }

    /// The most packets that one reading brought, of both ends together.
    pub fn largest_steps(&self) -> f64 {
        f64::from(self.largest_steps)
    }

    /// Packets lost for certain between two ticks, and packets sent; below 0 where more arrived than were sent. `None` when
    /// fewer than two ticks in between are known.
    pub fn lost_within(&self, first_tick: i64, last_tick: i64) -> Option<(f64, f64)> {
        let mut within = self.ring.iter().filter(|d| (first_tick..=last_tick).contains(&self.tick_of(d)));
        let first = within.next()?;
        let (last, sent) = within.fold((None, 0.0), |(_, sent), d| (Some(d), sent + f64::from(d.sent)));
        Some((f64::from(last?.low - first.high), sent))
    }

    pub fn clocks_us(&self) -> u32 {
        self.clocks_us
    }

    fn most_clocks_us(&self) -> u32 {
        MOST_CLOCKS_US.max(u32::from(self.longest_gap_ds) * 100_000)
    }

    pub fn widen(&mut self) {
        self.widen_to(self.most_clocks_us().min(self.clocks_us * 4));
    }

    /// What was told within narrower bounds is forgotten; how the ends are read is not.
    pub fn widen_to(&mut self, clocks_us: u32) {
        let Conservation { largest_steps, longest_gap_ds, .. } = *self;
        *self = Conservation { clocks_us, largest_steps, longest_gap_ds, ..Conservation::default() };
    }

    /// The bounds have held for long enough to be believed.
    pub fn is_proven(&self) -> bool {
        self.proven == PROVEN
    }

    /// However wide the bounds, they do not hold: the two ends count different packets, and loss cannot be told.
    pub fn is_at_odds(&self) -> bool {
        self.clocks_us >= self.most_clocks_us() && !self.is_proven()
    }

    /// The tick of a drift.
    pub fn tick_of(&self, drift: &Drift) -> i64 {
        self.origin.tick + i64::from(drift.tick)
    }

    /// The counters begin anew; the clocks are what they were. Counters that begin anew again and again prove nothing: only
    /// the ticks since the last time count.
    pub fn restart(&mut self) {
        let proven = self.proven.min(self.ring.len() as u8);
        self.widen_to(self.clocks_us);
        self.proven = proven;
    }
}

fn lowest(ring: &Drifts) -> f32 {
    ring.iter().map(|d| d.high).fold(f32::INFINITY, f32::min)
}

fn largest_step(readings: &[Sample], count: impl Fn(&Sample) -> Count) -> f32 {
    let steps = readings.windows(2).filter_map(|w| rise(count(&w[0]), count(&w[1])));
    steps.max().unwrap_or(0).max(0) as f32
}

/// Whether a count falls between two of these readings: it was set back, or is narrower than anybody said and went round.
/// What the readings before have in common with those after is then not known.
fn falls(readings: &[Sample], count: impl Fn(&Sample) -> Count) -> bool {
    !readings.iter().filter_map(count).is_sorted()
}

/// Bounds of the cumulative received packets at a moment; `None` when one side stays open. A link that carries more than
/// is known of it contradicts its speed: then its counts alone bound it, and where these contradict each other, nothing.
fn received_by(readings: &[Sample], ts_ns: i64, bps: Option<i64>, clocks_us: u32) -> Option<(f64, f64)> {
    let clocks_ns = i64::from(clocks_us) * 1_000;
    let bounds = |bps| bounds(readings, ts_ns, packets_per_ns(readings, bps), clocks_ns);
    let (low, high) = [bps, None].into_iter().map(bounds).find(|(low, high)| low <= high)?;
    (low.is_finite() && high.is_finite()).then_some((low, high))
}

/// Every reading gives some: before it the count was no higher, after it no lower, and from it the count moves no faster
/// than the link carries.
fn bounds(readings: &[Sample], ts_ns: i64, most: Option<f64>, clocks_ns: i64) -> (f64, f64) {
    let most = most.unwrap_or(f64::INFINITY);
    let (mut low, mut high) = (f64::NEG_INFINITY, f64::INFINITY);
    for (read_ns, count) in readings.iter().filter_map(|r| Some((r.ts_ns, r.rx_packets?.get() as f64))) {
        let (until, since) = ((ts_ns + clocks_ns - read_ns) as f64, (read_ns + clocks_ns - ts_ns) as f64);
        low = low.max(if since <= 0.0 { count } else { count - most * since });
        high = high.min(if until <= 0.0 { count } else { count + most * until });
    }
    (low, high)
}

/// The most packets the link can carry, at half the size they have now: a burst may be of smaller ones.
fn packets_per_ns(readings: &[Sample], bps: Option<i64>) -> Option<f64> {
    let counts = |r: &Sample| Some((r.rx_packets?.get() as f64, r.rx_bytes?.get() as f64));
    let (first, last) = (readings.iter().find_map(counts)?, readings.iter().rev().find_map(counts)?);
    let (packets, bytes) = (last.0 - first.0, last.1 - first.1);
    (packets > 0.0 && bytes > 0.0).then_some(bps? as f64 / 4e9 * packets / bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use nonmax::NonMaxI64;

    fn sample(ts_ns: i64, tx: i64, rx: i64) -> Sample {
        Sample { ts_ns, tx_packets: NonMaxI64::new(tx), rx_packets: NonMaxI64::new(rx), ..Sample::default() }
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

    #[test]
    fn ends_read_at_the_same_instant_differ_by_no_more_than_their_clocks() {
        let carrying = |at: i64| Sample {
            rx_bytes: NonMaxI64::new(at * 1_000_000),
            ..sample(at * 1000 * MS, at * 1000, at * 990)
        };
        let readings = [carrying(1), carrying(2)];
        // 4 MB/s, packets of 1010 B, perhaps of half that: 7.92 a ms, clocks within 2 ms.
        let received_by = |at: i64, bps: Option<i64>| received_by(&readings, at, bps, CLOCKS_US);
        let (low, high) = received_by(2000 * MS, Some(32_000_000)).unwrap();
        assert!((1980.0 - 15.84 - low).abs() + (1980.0 + 15.84 - high).abs() < 1e-6, "{low} {high}");
        assert_eq!(received_by(2000 * MS, None), None);
        assert_eq!(received_by(1500 * MS, None), Some((990.0, 1980.0)));
        // A link that carries ten times its planned speed is bounded by its counts alone.
        assert_eq!(received_by(1500 * MS, Some(800_000)), Some((990.0, 1980.0)));
    }

    #[test]
    fn a_count_that_falls_at_either_end_tells_nothing_and_the_next_tick_begins_anew() {
        let told = |fallen: [i64; 2], ts: [i64; 2]| {
            let mut conservation = Conservation::default();
            let at = |tick: i64| sample(tick * 1000 * MS, tick * 1000, tick * 1000);
            // The receiver rests until it is read again, so that each tick is told exactly.
            let rests = |sample: Sample| Sample { ts_ns: sample.ts_ns + 900 * MS, ..sample };
            for tick in 1..30 {
                let (before, now) = (at(tick - 1), at(tick));
                assert!(conservation.tell(tick, &[before, now], &[before, now, rests(now)], None));
            }
            let before = at(29);
            let after = sample(ts[1] * MS, 30_000 - fallen[0], 30_000 - fallen[1]);
            assert!(conservation.tell(30, &[before, after], &[before, after, rests(after)], Some(ts[0])));
            conservation
        };
        // A wrap at either end or both, and a clock two hours behind besides; with the link's speed known or not.
        for fallen in [[0, 29_900], [29_900, 0], [29_900, 29_900]] {
            for ts in [[1, 30_000], [1_000_000_000, 30_000], [1_000_000_000, 30_000 - 7_200_000]] {
                let mut conservation = told(fallen, ts);
                assert!(conservation.ring.is_empty() && conservation.is_proven(), "{fallen:?} {ts:?}");
                conservation.restart();
                assert!(!conservation.is_proven(), "counts that fall again and again prove nothing");
            }
        }
        assert_eq!(told([0, 0], [1_000_000_000, 30_000]).ring.len(), 30);
    }

    #[test]
    fn readings_that_contradict_each_other_bound_nothing() {
        let readings = [sample(0, 0, 1_000), sample(1000 * MS, 0, 5)];
        for bps in [None, Some(1), Some(400_000_000_000)] {
            assert_eq!(received_by(&readings, 500 * MS, bps, CLOCKS_US), None);
        }
    }
}

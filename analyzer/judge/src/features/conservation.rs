//! Conservation along one way of a cable: packets that one end sent less packets that the other end received.
//!
//! ```text
//! difference  =  tx_packets of the sender  −  rx_packets of the receiver at the same moment
//!
//! no loss        10 10 10 10 10 10          it stays what it was when the counters began
//! 1 % lost       10 20 30 40 50 60          of 1,000 packets a tick, it grows by 10 a tick
//! ```
//! The receiver is not read at the same moment, so that its count is known between two bounds (`bounds.rs`), and the
//! difference too. Of each tick the reading of the sender with the tightest bounds is kept. Where the traffic rests for a
//! moment the bounds meet, and the difference is exact.
//!
//! A difference that falls by more than the bounds leave shows that packets came back, which they cannot: the stamps of the
//! two ends were further apart than was thought, and the bounds are widened (`clocks.rs`).

use super::bounds::received_by;
use super::packed;
use super::sample::{Count, Sample, rise};
use arraydeque::{ArrayDeque, behavior::Wrapping};
use serde::{Deserialize, Serialize};

/// Ticks kept: the longest window of `detect/conservation` is 28 ticks, and one more is its beginning.
pub const TICKS: usize = 32;
/// Beyond this the differences are counted from a new origin: half a packet must show in a number of 24 bits, and 10⁶
/// halves take 21.
const MOST_FROM_ORIGIN: f64 = 1e6;
/// The clocks of two nodes under NTP or PTP agree to within this; further apart is learned (`clocks.rs`).
const CLOCKS_US: u32 = 2_000;
/// The stamps of two ends are taken to be no further apart than this, or than the time between two readings where that is
/// longer: a source that is read again and again after less than it takes to refresh its counts is seen to stand still.
const MOST_CLOCKS_US: u32 = 1_000_000;
/// Pauses of the readings beyond this say nothing of how seldom a source refreshes: of the known counters of packets those
/// of sFlow are the slowest, every 20 to 30 s.
const LONGEST_GAP_NS: i64 = 60_000_000_000;
/// What is kept of the largest step a tick: half of it after 177 ticks, so that one burst does not count for ever.
const STEP_KEPT: f32 = 255.0 / 256.0;
/// Half a packet: a smaller fall of the difference is rounding.
const FELL: f64 = 0.5;
/// Ticks with traffic, one after the other, in which the bounds must hold before the two ends may tell of a loss. A trace at
/// 1 Hz whose stamps were moved at random by up to 20 ms gave 280 false losses without this and 3 with it (journal of
/// 2026-11-25, seen once more).
const PROVEN: u8 = 20;

/// One tick of one way of a cable, in 16 bytes: a fabric has hundreds of thousands of cables.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// Ticks since the counters began.
    pub tick: u32,
    /// The difference, less the one at the origin, lies between these.
    pub low: f32,
    pub high: f32,
    /// Packets sent since the last tick that is kept.
    pub sent: f32,
}

/// In place, so that a tick walks through memory and does not jump.
type Ring = ArrayDeque<Difference, TICKS, Wrapping>;

/// The ring fills eight cache lines and the rest a ninth. A tick touches that one, and the one of the newest difference.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[repr(align(64))]
pub struct Conservation {
    #[serde(with = "packed::ring")]
    pub ring: Ring,
    /// Means nothing while the ring is empty.
    origin: Origin,
    /// The least `high` of the ring.
    floor: f32,
    newest_low: f32,
    /// The greatest `low` since the counters began.
    ceiling: f32,
    /// How far the stamps of the two ends may be apart.
    clocks_us: u32,
    /// The most packets that one reading brought, of both ends together.
    largest_steps: f32,
    /// The longest time between two readings of an end, in tenths of a second.
    longest_gap_ds: u16,
    /// Ticks with traffic in which the bounds held, up to [`PROVEN`].
    proven: u8,
}

const _: () = assert!(size_of::<Conservation>() == 9 * 64);

impl Default for Conservation {
    fn default() -> Conservation {
        Conservation {
            ring: Ring::new(),
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

/// The difference at one reading of the sender, and the packets that the sender had sent by then.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    low: f64,
    high: f64,
    sent: i64,
}

/// What the values of the ring are counted from.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Origin {
    tick: i64,
    difference: f64,
    /// Packets sent up to the newest difference.
    sent: i64,
}

impl Difference {
    pub fn mid(&self) -> f64 {
        (f64::from(self.low) + f64::from(self.high)) / 2.0
    }
}

impl Conservation {
    /// Takes in the readings of a tick, of either end each with the last one before the tick in front. `bps` is the speed of
    /// the link where it is known. `false`: packets came back, so that the bounds were too narrow.
    pub fn update(&mut self, tick: i64, sender: &[Sample], receiver: &[Sample], bps: Option<i64>) -> bool {
        if falls(sender, |s| s.tx_packets) || falls(receiver, |s| s.rx_packets) {
            self.restart();
            return true;
        }
        self.measure_readings(sender, receiver);
        let Some(bounds) = self.tightest(sender, receiver, bps) else { return true };
        if self.fell(bounds.high) {
            return false;
        }
        self.add(tick, bounds);
        true
    }

    /// The difference at that reading of the sender which bounds it best.
    fn tightest(&self, sender: &[Sample], receiver: &[Sample], bps: Option<i64>) -> Option<Bounds> {
        let first_ns = sender.first()?.ts_ns;
        let new = sender.iter().filter(|s| sender.len() == 1 || s.ts_ns > first_ns);
        let bounds = new.filter_map(|s| {
            let (low, high) = received_by(receiver, s.ts_ns, bps, self.clocks_us)?;
            let sent = s.tx_packets?.get();
            Some(Bounds { low: sent as f64 - high, high: sent as f64 - low, sent })
        });
        bounds.min_by(|a, b| (a.high - a.low).total_cmp(&(b.high - b.low)))
    }

    fn add(&mut self, tick: i64, Bounds { low, high, sent }: Bounds) {
        if self.ring.is_empty() {
            self.origin = Origin { tick, difference: (low + high) / 2.0, sent };
        }
        let Ok(since) = u32::try_from(tick.saturating_sub(self.origin.tick)) else {
            self.restart(); // longer ago than a ring can count
            return;
        };
        if (low - self.origin.difference).abs() > MOST_FROM_ORIGIN {
            self.move_origin((low + high) / 2.0);
        }
        let [low, high] = [low, high].map(|value| (value - self.origin.difference) as f32);
        let difference =
            Difference { tick: since, low, high, sent: sent.saturating_sub(self.origin.sent).max(0) as f32 };
        if difference.sent > 0.0 {
            self.proven = PROVEN.min(self.proven + 1);
        }
        self.origin.sent = sent;
        if difference.low > self.floor {
            self.floor = lowest(&self.ring); // what was lowest may have left it
        }
        self.floor = self.floor.min(high);
        self.newest_low = low;
        self.ceiling = self.ceiling.max(low);
        self.ring.push_back(difference);
    }

    fn move_origin(&mut self, difference: f64) {
        let by = difference - self.origin.difference;
        self.origin.difference += by;
        self.ring.iter_mut().for_each(|d| (d.low, d.high) = (d.low - by as f32, d.high - by as f32));
        self.floor = lowest(&self.ring);
        self.ceiling -= by as f32;
    }

    /// No part of the ring can have lost more packets than this.
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

    pub fn tick_of(&self, difference: &Difference) -> i64 {
        self.origin.tick + i64::from(difference.tick)
    }

    /// The counters begin anew; the clocks are what they were. Counters that begin anew again and again prove nothing: only
    /// the ticks since the last time count.
    pub fn restart(&mut self) {
        let proven = self.proven.min(self.ring.len() as u8);
        self.widen_to(self.clocks_us);
        self.proven = proven;
    }
}

fn lowest(ring: &Ring) -> f32 {
    ring.iter().map(|d| d.high).fold(f32::INFINITY, f32::min)
}

fn largest_step(readings: &[Sample], count: impl Fn(&Sample) -> Count) -> f32 {
    let steps = readings.windows(2).filter_map(|w| rise(count(&w[0]), count(&w[1])));
    steps.max().unwrap_or(0).max(0) as f32
}

/// Whether a count falls between two of these readings. The count was set back, or is narrower than its profile says and went
/// round: the readings before cannot be compared with those after.
fn falls(readings: &[Sample], count: impl Fn(&Sample) -> Count) -> bool {
    !readings.iter().filter_map(count).is_sorted()
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
        conservation.update(1, &sender, &receiver, None);
        conservation.update(2, &sender[..2], &receiver, None);
        // Ten are lost for good in both ticks; in the second they may be up to 490 more.
        let bounds = |at: usize| (conservation.ring[at].low, conservation.ring[at].high);
        assert_eq!((bounds(0), bounds(1)), ((0.0, 0.0), (0.0, 490.0)));
        assert_eq!(conservation.tick_of(&conservation.ring[1]), 2);
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
                assert!(conservation.update(tick, &[before, now], &[before, now, rests(now)], None));
            }
            let before = at(29);
            let after = sample(ts[1] * MS, 30_000 - fallen[0], 30_000 - fallen[1]);
            assert!(conservation.update(30, &[before, after], &[before, after, rests(after)], Some(ts[0])));
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
}

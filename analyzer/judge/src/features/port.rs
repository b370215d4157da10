//! What is remembered of one port of the fabric: some 2 KiB, whatever the number of its counters.

use super::bins::Sent;
use super::errors::Errors;
use super::health::{Health, Sign};
use super::link::Link;
use super::notices::Hears;
use super::packed;
use super::past::{Heat, Hot, Past};
use super::pauses::Pauses;
use super::queue::{Load, Queue, Span};
use super::sample::{Count, Sample, rise};
use super::short::ShortTick;
use super::trail::Trail;
use nonmax::NonMaxI64;
use serde::{Deserialize, Serialize};

/// Readings that are further apart than this many bins say nothing of what happened between them: one may be lost, not two.
const MOST_BINS_APART: f64 = 2.5;
/// A queue stands when it holds more than one jumbo packet with its headers, which may be under way to the wire.
const STANDING_BYTES: f32 = 9_216.0;
/// Bytes of a packet that Ethernet counters leave out: preamble 8, check sum 4, gap 12.
const FRAMING: f64 = 24.0;
/// Of a packet, where packets are not told: a mean of full data packets and short acknowledgements, smaller than that of any
/// training traffic, so that the link is held to be busier rather than less busy.
const USUAL_PACKET: f64 = 600.0;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct PortState {
    /// The last reading that has bytes, and what the last one before the tick of that reading told.
    pub last: Option<Sample>,
    before: Option<Before>,
    /// The last reading that has packets, which may be read less often than bytes.
    pub packets: Option<Sample>,
    /// Index of the last tick that had a row of this port.
    #[serde(with = "packed::count")]
    seen_tick: Count,
    pub health: Health,
    /// µs for which the port was held up, of this tick.
    pub paused_us: f32,
    /// Packets that arrived damaged, and packets that were dropped on arrival: those of this tick, half of those of the tick
    /// before, a quarter of those before that, and so on.
    pub damaged: f32,
    pub discarded: f32,
    /// Only where a counter of damage ever rose.
    pub errors: Option<Box<Errors>>,
    /// Empty unless a host ever paused its switch: at its own port, and at that of its switch.
    pub pauses: Pauses,
    /// Of a host's port that ever acted on a notification of congestion.
    pub hears: Hears,
    /// When the port was first read since its counters began, and how many packets it had received by then.
    #[serde(with = "packed::count")]
    pub begun_ns: Count,
    #[serde(with = "packed::count")]
    pub begun_packets: Count,
    pub link: Link,
    /// Only where a queue was ever seen to stand.
    pub queue: Option<Box<Queue>>,
    /// What the port had to send before that.
    load: Load,
    /// Only of ports that carry a job's bytes.
    pub sent: Option<Box<Sent>>,
    /// The last two minutes, coarsely: only of ports with a cable that have sent anything.
    pub past: Option<Box<Past>>,
    /// The same of every tick, both ways: only of ports of switches.
    pub trail: Option<Box<Trail>>,
    /// Packets of this tick that were damaged or dropped, and counted as such.
    #[serde(skip)]
    pub thrown: f32,
    /// Of this tick, what its readings showed of packets that wait.
    #[serde(skip)]
    pub heat: Heat,
    /// The tick in which the port's counters began anew the last time.
    #[serde(with = "packed::count")]
    reset_tick: Count,
    /// Time and epoch of the newest reading.
    #[serde(with = "packed::count")]
    epoch_ns: Count,
    epoch: i32,
}

/// Of a reading what the traffic of a tick is counted from.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Before {
    ts_ns: i64,
    #[serde(with = "packed::count")]
    tx_bytes: Count,
    #[serde(with = "packed::count")]
    rx_bytes: Count,
}

/// What a port did in a tick: from its last reading before the tick to its last one within.
#[derive(Clone, Copy, Debug)]
pub struct Moved {
    pub length_ns: i64,
    /// Bytes; below 0 where the count fell, `None` where one of the two readings does not tell it.
    pub sent: Option<i64>,
    pub received: Option<i64>,
}

/// What was sent between two readings of a port.
#[derive(Clone, Copy, Debug)]
struct Interval {
    from: Sample,
    to: Sample,
    bytes: i64,
}

/// How a port is read, and what it is planned to be.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    pub bin_ns: i64,
    pub tick_ns: i64,
    /// From the last reading before this tick to the last one in it: for so long the port may have been held in what this tick tells.
    pub told_ns: i64,
    pub planned_bps: Option<i64>,
}

impl Interval {
    fn seconds(&self) -> f64 {
        self.length_ns() as f64 / 1e9
    }

    fn length_ns(&self) -> i64 {
        self.to.ts_ns - self.from.ts_ns
    }

    /// Bits on the wire: Ethernet counters leave out preamble, gap and check sum of each packet.
    fn wire_bits(&self) -> f64 {
        let bytes = self.bytes as f64;
        let packets = rise(self.from.tx_packets, self.to.tx_packets).filter(|&packets| packets >= 0);
        8.0 * (bytes + FRAMING * packets.map_or(bytes / USUAL_PACKET, |packets| packets as f64))
    }
}

/// The part of the time for which a port was held that counted so many µs in so long.
fn held(paused_us: f32, told_ns: i64) -> f64 {
    (f64::from(paused_us) * 1e3 / told_ns as f64).min(1.0)
}

impl PortState {
    /// Takes in the epoch of a reading; true when it is another than before. Rows of different tiers come out of order.
    pub fn update_epoch(&mut self, ts_ns: i64, epoch: i32) -> bool {
        let last_ns = self.epoch_ns.map(|ns| ns.get());
        if last_ns.is_some_and(|last_ns| ts_ns < last_ns) {
            return false;
        }
        self.epoch_ns = NonMaxI64::new(ts_ns);
        let before = std::mem::replace(&mut self.epoch, epoch);
        last_ns.is_some() && before != epoch
    }

    /// A tick begins: what is a sum over the ticks before it counts half.
    pub fn begin_tick(&mut self) {
        (self.damaged, self.discarded, self.paused_us) = (self.damaged / 2.0, self.discarded / 2.0, 0.0);
        (self.heat, self.thrown) = (Heat::default(), 0.0);
    }

    /// Takes in what a row tells beside the traffic. How many packets the port has dropped on arrival since the row before.
    pub fn update_health(&mut self, ts_ns: i64, health: Health) -> f32 {
        self.damaged += self.health.rose(Sign::Damaged, &health) as f32;
        let discarded = self.health.rose(Sign::Discarded, &health) as f32;
        self.discarded += discarded;
        self.paused_us += self.health.rose(Sign::PausedUs, &health) as f32;
        let thrown = [Sign::Damaged, Sign::Discarded, Sign::Dropped].map(|sign| self.health.rose(sign, &health));
        self.thrown += thrown.map(|packets| packets as f32).iter().sum::<f32>();
        let rose = |sign: Sign| self.health.rose(sign, &health) > 0;
        self.heat.add(Hot::Dropped, rose(Sign::Dropped));
        self.heat.add(Hot::Marked, rose(Sign::Marked));
        self.heat.add(Hot::Held, rose(Sign::PausedUs) || rose(Sign::PauseFrames));
        if let Some(up) = health.link_up() {
            self.link.update_carrier(ts_ns, up);
        }
        if let Some(count) = health.get(Sign::DownEvents) {
            self.link.update_down_events(ts_ns, count);
        }
        self.health.update(&health);
        discarded
    }

    /// Event time of the last reading that told of its bytes, packets or link.
    pub fn last_told_ns(&self) -> Option<i64> {
        let link_ns = (self.link.up.is_some() || self.link.off.is_some()).then_some(self.link.since_ns);
        [self.last.map(|s| s.ts_ns), self.packets.map(|s| s.ts_ns), self.epoch_ns.map(|ns| ns.get()), link_ns]
            .into_iter()
            .flatten()
            .max()
    }

    /// Between the last reading and the last one before its tick; 0 before there are two.
    pub fn interval_ns(&self) -> i64 {
        self.before.zip(self.last).map_or(0, |(before, last)| last.ts_ns - before.ts_ns)
    }

    /// A tick has readings of this port.
    pub fn begin_readings(&mut self, tick: i64) {
        let before = |Sample { ts_ns, tx_bytes, rx_bytes, .. }| Before { ts_ns, tx_bytes, rx_bytes };
        (self.before, self.seen_tick) = (self.last.map(before), NonMaxI64::new(tick));
    }

    /// How long before a moment the last reading before its tick was; `None` where there was none.
    pub fn since_before_ns(&self, ts_ns: i64) -> Option<i64> {
        self.before.map(|before| ts_ns - before.ts_ns).filter(|&ns| ns > 0)
    }

    /// Index of the last tick that had a row of this port.
    pub fn seen_tick(&self) -> Option<i64> {
        self.seen_tick.map(|tick| tick.get())
    }

    /// The tick in which the port's counters began anew the last time.
    pub fn reset_tick(&self) -> Option<i64> {
        self.reset_tick.map(|tick| tick.get())
    }

    /// What the port did in a tick, where the tick has readings of its bytes.
    pub fn moved(&self, tick: i64) -> Option<Moved> {
        let (before, last) = self.before.zip(self.last).filter(|_| self.seen_tick() == Some(tick))?;
        let (sent, received) = (rise(before.tx_bytes, last.tx_bytes), rise(before.rx_bytes, last.rx_bytes));
        let length_ns = last.ts_ns - before.ts_ns;
        (length_ns > 0).then_some(Moved { length_ns, sent, received })
    }

    /// Takes in one reading of the traffic.
    pub fn update_traffic(&mut self, sample: Sample, setting: Setting) {
        self.begun_ns = self.begun_ns.or_else(|| NonMaxI64::new(sample.ts_ns));
        if sample.tx_packets.or(sample.rx_packets).is_some() {
            self.packets = Some(sample);
            self.begun_packets = self.begun_packets.or(sample.rx_packets);
        }
        if sample.tx_bytes.is_none() {
            return;
        }
        if let Some(last) = self.last.replace(sample) {
            let bytes = rise(last.tx_bytes, sample.tx_bytes).filter(|&bytes| bytes >= 0);
            let interval = bytes.map(|bytes| Interval { from: last, to: sample, bytes });
            let most_ns = (setting.bin_ns as f64 * MOST_BINS_APART) as i64;
            match interval.filter(|interval| (1..most_ns).contains(&interval.length_ns())) {
                Some(interval) => self.update_interval(interval, setting),
                None => self.queue.iter_mut().for_each(|queue| queue.interrupt()),
            }
        }
    }

    fn update_interval(&mut self, interval: Interval, setting: Setting) {
        if let Some(sent) = &mut self.sent {
            sent.add(interval.from.ts_ns, interval.to.ts_ns, interval.bytes as f64, setting.bin_ns);
        }
        self.update_queue(interval, setting);
    }

    fn update_queue(&mut self, interval: Interval, setting: Setting) {
        let Some((queue_bytes, planned_bps)) = interval.to.queue_bytes.zip(setting.planned_bps) else {
            self.queue.iter_mut().for_each(|queue| queue.interrupt());
            return;
        };
        let (seconds, stands) = (interval.seconds(), queue_bytes >= STANDING_BYTES);
        let held = held(self.paused_us, interval.length_ns().max(setting.told_ns));
        let span = Span {
            tick: ShortTick::of(interval.from.ts_ns.div_euclid(setting.tick_ns)),
            seconds: seconds as f32,
            busy_s: (interval.wire_bits() / planned_bps as f64) as f32,
            held_s: (held * seconds) as f32,
        };
        match &mut self.queue {
            Some(queue) => queue.add(stands, span),
            None if stands => self.queue.insert(Box::new(Queue::after(self.load))).add(stands, span),
            None => _ = self.load.add(span.busy()),
        }
    }

    /// The counters begin anew: nothing before may be compared with what comes.
    pub fn restart(&mut self, tick: i64) {
        (self.before, self.last, self.packets) = (None, None, None);
        self.queue.iter_mut().for_each(|queue| queue.interrupt());
        self.reset_tick = NonMaxI64::new(tick);
        (self.begun_ns, self.begun_packets) = (None, None);
        self.errors.iter_mut().for_each(|errors| errors.restart());
        self.pauses.restart();
        self.health.restart();
        self.link.restart_down_events();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: i64 = 1_000_000;

    #[test]
    fn a_port_is_held_for_as_much_of_the_time_whatever_lies_between_its_readings() {
        let mut port = PortState::default();
        // Read once in each second, held for half of the time. Ticks are a second long, what they tell of is not.
        for (tick, ts_ms) in [(1, 1_900), (2, 2_100), (3, 3_850)] {
            port.begin_readings(tick);
            let told_ns = port.since_before_ns(ts_ms * MS).unwrap_or(1_000 * MS);
            let setting = Setting { bin_ns: 1_000 * MS, tick_ns: 1_000 * MS, told_ns, planned_bps: None };
            let paused_us = (told_ns / 2 / 1_000) as f32;
            assert!((held(paused_us, told_ns) - 0.5).abs() < 1e-6, "{ts_ms} ms");
            let (ts_ns, tx_bytes) = (ts_ms * MS, NonMaxI64::new(ts_ms));
            port.update_traffic(Sample { ts_ns, tx_bytes, ..Sample::default() }, setting);
        }
        assert_eq!(port.since_before_ns(3_850 * MS), Some(1_750 * MS));
        assert_eq!(held(2e6, 1_000 * MS), 1.0, "no more than all of it");
    }
}

//! What is remembered of one port of the fabric: 2 KiB at most, whatever the number of its counters.

use super::backlog::{Backlog, Stretch};
use super::bins::Sent;
use super::health::{Health, Sign};
use super::link::Link;
use super::packed;
use super::past::{Heat, Hot, Past};
use super::sample::{Sample, rise};
use arraydeque::{ArrayDeque, behavior::Wrapping};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Intervals with a standing queue that are kept: half as many again as the rule of `detect/service_rate` that asks for the
/// most of them, which are 8.
const SERVICE_INTERVALS: usize = 12;
/// Ticks whose load is kept: at 1 s a tick the window of 8 s that `detect/service_rate` looks at, and one tick at either end.
const BUSY_TICKS: usize = 10;
/// An interval up to this long lies within one transfer, and does not span several: transfers of training last longer.
pub const SHORT_NS: i64 = 200_000_000;
/// Readings that are further apart than this many bins say nothing of what happened between them: one may be lost, not two.
const MOST_BINS_APART: f64 = 2.5;
/// A queue stands when it holds more than bursts leave on any busy port: more than the link sends in this time, a tenth of
/// a fabric's round trip under load (50 µs) …
const STANDING_S: f64 = 5e-6;
/// … and more than one jumbo packet with its headers.
const JUMBO_BYTES: f64 = 9_216.0;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct PortState {
    /// The last reading that has bytes, and the last one before the tick of that reading.
    pub last: Option<Sample>,
    before: Option<Sample>,
    /// The last reading that has packets, which may be read less often than bytes.
    pub packets: Option<Sample>,
    /// Index of the last tick that had a row of this port.
    pub seen_tick: Option<i64>,
    pub health: Health,
    /// µs for which the port was held up, of this tick.
    pub paused_us: i64,
    /// Packets that arrived damaged, and packets that were dropped on arrival: those of this tick, half of those of the tick
    /// before, a quarter of those before that, and so on.
    pub damaged: f32,
    pub discarded: f32,
    pub link: Link,
    /// The last intervals that began and ended with a standing queue.
    pub service: VecDeque<Service>,
    /// The load of the last ticks.
    #[serde(with = "packed::ring")]
    pub busy: ArrayDeque<Busy, BUSY_TICKS, Wrapping>,
    /// Only where a queue ever stood, and where a reading may span several transfers.
    pub backlog: Option<Box<Backlog>>,
    /// How many intervals in a row, up to the last, began and ended with a standing queue.
    backlogged: u32,
    /// Only of ports that carry a job's bytes.
    pub sent: Option<Box<Sent>>,
    /// The last two minutes, coarsely: only of ports with a cable that have sent anything.
    pub past: Option<Box<Past>>,
    /// Of this tick, what its readings showed of packets that wait.
    #[serde(skip)]
    pub heat: Heat,
    /// The tick in which the port's counters began anew the last time.
    pub reset_tick: Option<i64>,
    /// Time and epoch of the newest reading.
    epoch: Option<(i64, i32)>,
}

/// An interval that began and ended with a standing queue: the port sent at the rate of its link.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Service {
    pub ts_ns: i64,
    pub bps: f32,
    pub paused: bool,
    /// The intervals before and after it saw a queue too. The link was then busy throughout, and not at both ends alone.
    pub inside: bool,
}

/// What the readings of one tick say of a port's load.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Busy {
    /// End of the tick.
    pub end_ns: i64,
    /// Bits sent, in the time that the readings cover, and the highest rate of any interval.
    pub bits: f32,
    pub seconds: f32,
    pub peak_bps: f32,
    /// Readings of the queue, and those of them that saw it stand.
    pub readings: u16,
    pub standing: u16,
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
    pub planned_bps: Option<i64>,
}

impl Interval {
    fn seconds(&self) -> f64 {
        self.length_ns() as f64 / 1e9
    }

    fn length_ns(&self) -> i64 {
        self.to.ts_ns - self.from.ts_ns
    }

    fn bps(&self) -> f64 {
        self.bytes as f64 * 8e9 / self.length_ns() as f64
    }
}

/// At 400 Gbit/s 250 kB; at 10 Gbit/s one jumbo packet.
fn is_standing(queue_bytes: f32, planned_bps: Option<i64>) -> bool {
    f64::from(queue_bytes) >= (planned_bps.unwrap_or(0) as f64 / 8.0 * STANDING_S).max(JUMBO_BYTES)
}

impl PortState {
    /// Takes in the epoch of a reading; true when it is another than before. Rows of different tiers come out of order.
    pub fn update_epoch(&mut self, ts_ns: i64, epoch: i32) -> bool {
        match self.epoch {
            Some((last_ns, _)) if ts_ns < last_ns => false,
            before => {
                self.epoch = Some((ts_ns, epoch));
                before.is_some_and(|(_, before)| before != epoch)
            }
        }
    }

    /// A tick begins: what is a sum over the ticks before it counts half.
    pub fn begin_tick(&mut self) {
        (self.damaged, self.discarded, self.paused_us) = (self.damaged / 2.0, self.discarded / 2.0, 0);
        self.heat = Heat::default();
    }

    /// Takes in what a row tells beside the traffic.
    pub fn update_health(&mut self, ts_ns: i64, health: Health) {
        self.damaged += self.health.rose(Sign::Damaged, &health) as f32;
        self.discarded += self.health.rose(Sign::Discarded, &health) as f32;
        self.paused_us = self.paused_us.saturating_add(self.health.rose(Sign::PausedUs, &health));
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
    }

    /// Event time of the last reading that told of its bytes, packets or link.
    pub fn last_told_ns(&self) -> Option<i64> {
        let link_ns = (self.link.up.is_some() || self.link.off.is_some()).then_some(self.link.since_ns);
        [self.last.map(|s| s.ts_ns), self.packets.map(|s| s.ts_ns), self.epoch.map(|(ts_ns, _)| ts_ns), link_ns]
            .into_iter()
            .flatten()
            .max()
    }

    /// Between the last reading and the last one before its tick; 0 before there are two.
    pub fn interval_ns(&self) -> i64 {
        self.before.zip(self.last).map_or(0, |(before, last)| last.ts_ns - before.ts_ns)
    }

    /// The part of the time for which the port was held up in this tick.
    pub fn paused(&self, tick_ns: i64) -> f32 {
        self.paused_us as f32 * 1e3 / self.interval_ns().max(tick_ns) as f32
    }

    /// A tick has readings of this port.
    pub fn begin_readings(&mut self, tick: i64) {
        (self.before, self.seen_tick) = (self.last, Some(tick));
    }

    /// The last reading before a tick and the last one in it, where the tick has readings of this port's bytes.
    pub fn moved(&self, tick: i64) -> Option<(Sample, Sample)> {
        let both = self.before.zip(self.last).filter(|_| self.seen_tick == Some(tick));
        both.filter(|(before, last)| last.ts_ns > before.ts_ns)
    }

    /// Takes in one reading of the traffic.
    pub fn update_traffic(&mut self, sample: Sample, setting: Setting) {
        if sample.tx_packets.or(sample.rx_packets).is_some() {
            self.packets = Some(sample);
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
                None => self.backlogged = 0,
            }
        }
    }

    fn update_interval(&mut self, interval: Interval, setting: Setting) {
        if let Some(sent) = &mut self.sent {
            sent.add(interval.from.ts_ns, interval.to.ts_ns, interval.bytes as f64, setting.bin_ns);
        }
        self.update_service(interval, setting);
        self.update_busy(interval, setting);
        if interval.length_ns() > SHORT_NS {
            self.update_backlog(interval, setting);
        }
    }

    fn update_service(&mut self, interval: Interval, setting: Setting) {
        let stands = |sample: Sample| is_standing(sample.queue_bytes.unwrap_or(0.0), setting.planned_bps);
        if !(stands(interval.from) && stands(interval.to)) {
            self.backlogged = 0;
            return;
        }
        self.backlogged = self.backlogged.saturating_add(1);
        if let Some(before) = self.service.back_mut().filter(|_| self.backlogged >= 3) {
            before.inside = true;
        }
        if self.service.len() >= SERVICE_INTERVALS {
            self.service.pop_front();
        }
        let paused = self.paused_us > 0;
        let bps = interval.bps() as f32;
        self.service.push_back(Service { ts_ns: interval.to.ts_ns, bps, paused, inside: false });
    }

    fn update_busy(&mut self, interval: Interval, setting: Setting) {
        let end_ns = (interval.to.ts_ns.div_euclid(setting.tick_ns) + 1) * setting.tick_ns;
        if self.busy.back().is_none_or(|busy| busy.end_ns != end_ns) {
            self.busy.push_back(Busy { end_ns, ..Busy::default() });
        }
        let Some(busy) = self.busy.back_mut() else { return };
        let (bps, seconds) = (interval.bps(), interval.seconds());
        (busy.bits, busy.seconds) = (busy.bits + (bps * seconds) as f32, busy.seconds + seconds as f32);
        busy.peak_bps = busy.peak_bps.max(bps as f32);
        if let Some(queue_bytes) = interval.to.queue_bytes {
            busy.readings = busy.readings.saturating_add(1);
            let stands = is_standing(queue_bytes, setting.planned_bps);
            busy.standing = busy.standing.saturating_add(u16::from(stands));
        }
    }

    /// A port that is held up by pauses has a queue for another reason than its link.
    fn update_backlog(&mut self, interval: Interval, setting: Setting) {
        let told = interval.to.queue_bytes.zip(setting.planned_bps).filter(|_| self.paused_us == 0);
        let Some((queue_bytes, planned_bps)) = told else { return };
        let stands = is_standing(queue_bytes, setting.planned_bps);
        if !stands && self.backlog.is_none() {
            return;
        }
        let (bps, seconds) = (interval.bps(), interval.seconds());
        let reading = Stretch {
            since_ns: interval.from.ts_ns,
            readings: 1,
            standing: u16::from(stands),
            bits: (bps * seconds) as f32,
            seconds: seconds as f32,
            peak_bps: bps as f32,
        };
        self.backlog.get_or_insert_default().add(reading, planned_bps as f64);
    }

    /// The counters begin anew: nothing before may be compared with what comes.
    pub fn restart(&mut self, tick: i64) {
        (self.before, self.last, self.packets) = (None, None, None);
        (self.backlogged, self.backlog) = (0, None);
        self.reset_tick = Some(tick);
        self.health.restart();
        self.link.restart_down_events();
    }
}

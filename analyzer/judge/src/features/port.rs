//! What is remembered of one fabric port: some 2 KiB at most, whatever the number of its counters.

use super::backlog::{Backlog, Stretch};
use super::bins::Sent;
use super::link::Link;
use super::packed;
use super::sample::{Health, Sample, rise};
use arraydeque::{ArrayDeque, behavior::Wrapping};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Readings of the service rate kept.
const SERVICE_INTERVALS: usize = 12;
const BUSY_TICKS: usize = 10;
/// Sampling at which an interval lies within a transfer, and does not span several.
pub const SHORT_NS: i64 = 200_000_000;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct PortState {
    /// The last reading that had bytes, and the one before the tick that last told of this port.
    pub last: Option<Sample>,
    before: Option<Sample>,
    /// The last reading that had packets, which may be read less often.
    pub packets: Option<Sample>,
    /// Index of the last tick that carried a row of this port.
    pub seen_tick: Option<i64>,
    pub health: Health,
    /// What rose since the tick before, where both readings exist.
    pub paused_us: i64,
    /// Packets that arrived damaged, and that were dropped on arrival: this tick's, and half of what stood here before.
    pub damaged: f32,
    pub discarded: f32,
    pub link: Link,
    pub service: VecDeque<Service>,
    /// How busy it was, tick by tick; the last few.
    #[serde(with = "packed::ring")]
    pub busy: ArrayDeque<Busy, BUSY_TICKS, Wrapping>,
    /// Only where a queue ever stood, and where a reading may span several transfers.
    pub backlog: Option<Box<Backlog>>,
    /// Intervals running, up to the last, that began and ended with a standing queue.
    backlogged: u32,
    /// Only for ports that carry a job's bytes.
    pub sent: Option<Box<Sent>>,
    /// Tick in which its counters were last restarted.
    pub reset_tick: Option<i64>,
    /// As the latest reading has it, with that reading's time.
    epoch: Option<(i64, i32)>,
}

/// The rate of an interval that began and ended with a standing queue.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Service {
    pub ts_ns: i64,
    pub bps: f32,
    pub paused: bool,
    /// The intervals before and after saw a queue too: the link was busy throughout, and not just at both ends.
    pub inside: bool,
}

/// What a port's readings of one tick say of its load.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Busy {
    /// End of the tick.
    pub end_ns: i64,
    /// Bits sent, in the time that the readings cover, and the highest rate of any interval.
    pub bits: f32,
    pub seconds: f32,
    pub peak_bps: f32,
    /// Readings, and those that saw a standing queue.
    pub readings: u16,
    pub standing: u16,
}

/// A queue stands when it holds more than the few packets that bursts leave on any busy port: 5 µs of the planned rate
/// (a tenth of a fabric's round trip under load), and more than one jumbo packet.
fn standing_bytes(planned_bps: Option<i64>) -> f64 {
    const JUMBO_BYTES: f64 = 9_216.0;
    (planned_bps.unwrap_or(0) as f64 / 8.0 * 5e-6).max(JUMBO_BYTES)
}

fn push<T>(ring: &mut VecDeque<T>, value: T, room: usize) {
    while ring.len() >= room {
        ring.pop_front();
    }
    ring.push_back(value);
}

impl PortState {
    /// Takes in the epoch of a reading; true when it is another than before. Rows of different tiers come out of order.
    pub fn tell_epoch(&mut self, ts_ns: i64, epoch: i32) -> bool {
        match self.epoch {
            Some((last_ns, _)) if ts_ns < last_ns => false,
            before => {
                self.epoch = Some((ts_ns, epoch));
                before.is_some_and(|(_, before)| before != epoch)
            }
        }
    }

    /// Takes in the slower counters of this tick.
    pub fn tell_health(&mut self, ts_ns: i64, health: Health) {
        let known = self.health;
        let rose = |before, now| rise(before, now).unwrap_or(0).max(0);
        self.damaged += rose(known.rx_damaged, health.rx_damaged) as f32;
        self.discarded += rose(known.rx_discards, health.rx_discards) as f32;
        self.paused_us = self.paused_us.saturating_add(rose(known.rx_pause_us, health.rx_pause_us));
        if let Some(up) = health.link_up {
            self.link.update_carrier(ts_ns, up);
        }
        if let Some(count) = health.link_down_events {
            self.link.update_down_events(ts_ns, count.get());
        }
        self.health = Health {
            link_up: health.link_up.or(self.health.link_up),
            link_down_events: health.link_down_events.or(self.health.link_down_events),
            rx_damaged: health.rx_damaged.or(self.health.rx_damaged),
            rx_discards: health.rx_discards.or(self.health.rx_discards),
            rx_pause_us: health.rx_pause_us.or(self.health.rx_pause_us),
        };
    }

    /// Event time of the last reading that told of its bytes, packets or link.
    pub fn last_told_ns(&self) -> Option<i64> {
        let link_ns = (self.link.up.is_some() || self.link.off.is_some()).then_some(self.link.since_ns);
        [self.last.map(|s| s.ts_ns), self.packets.map(|s| s.ts_ns), self.epoch.map(|(ts_ns, _)| ts_ns), link_ns]
            .into_iter()
            .flatten()
            .max()
    }

    /// Between its last reading and the one before the tick of that; 0 before there are two.
    pub fn interval_ns(&self) -> i64 {
        self.before.zip(self.last).map_or(0, |(before, last)| last.ts_ns - before.ts_ns)
    }

    /// A tick tells of this port.
    pub fn begin(&mut self, tick: i64) {
        (self.before, self.seen_tick) = (self.last, Some(tick));
    }

    /// The last reading before a tick and the last one in it, where it told of this port's bytes.
    pub fn moved(&self, tick: i64) -> Option<(Sample, Sample)> {
        let told = self.before.zip(self.last).filter(|_| self.seen_tick == Some(tick));
        told.filter(|(before, last)| last.ts_ns > before.ts_ns)
    }

    /// Takes in one traffic reading: the service rate if a queue stood, and the bytes sent on the grid.
    pub fn tell_traffic(&mut self, sample: Sample, bin_ns: i64, tick_ns: i64, planned_bps: Option<i64>) {
        if sample.tx_packets.or(sample.rx_packets).is_some() {
            self.packets = Some(sample);
        }
        if sample.tx_bytes.is_none() {
            return;
        }
        if let Some(last) = self.last {
            let dt = sample.ts_ns - last.ts_ns;
            let sent = rise(last.tx_bytes, sample.tx_bytes);
            // A pause of readings longer than a few bins says nothing of what happened inside it.
            if let Some(bytes) = sent.filter(|&b| b >= 0 && dt > 0 && dt < bin_ns * 5 / 2) {
                if let Some(grids) = &mut self.sent {
                    grids.add(last.ts_ns, sample.ts_ns, bytes as f64, bin_ns);
                }
                let bps = bytes as f64 * 8e9 / dt as f64;
                let standing = standing_bytes(planned_bps);
                self.tell_service(last, sample, bps, standing);
                self.tell_busy(sample, dt, bps, standing, tick_ns);
                if dt > SHORT_NS {
                    self.tell_backlog(sample, dt, bps, standing, planned_bps);
                }
            } else {
                self.backlogged = 0;
            }
        }
        self.last = Some(sample);
    }

    fn tell_service(&mut self, last: Sample, now: Sample, bps: f64, standing_bytes: f64) {
        let queued = |s: Sample| f64::from(s.queue_bytes.unwrap_or(0.0)) >= standing_bytes;
        if !(queued(last) && queued(now)) {
            self.backlogged = 0;
            return;
        }
        self.backlogged = self.backlogged.saturating_add(1);
        if let Some(before) = self.service.back_mut().filter(|_| self.backlogged >= 3) {
            before.inside = true;
        }
        let paused = self.paused_us > 0;
        push(
            &mut self.service,
            Service { ts_ns: now.ts_ns, bps: bps as f32, paused, inside: false },
            SERVICE_INTERVALS,
        );
    }

    fn tell_busy(&mut self, sample: Sample, dt: i64, bps: f64, standing_bytes: f64, tick_ns: i64) {
        let end_ns = (sample.ts_ns.div_euclid(tick_ns) + 1) * tick_ns;
        if self.busy.back().is_none_or(|b| b.end_ns != end_ns) {
            self.busy.push_back(Busy { end_ns, ..Busy::default() });
        }
        let Some(busy) = self.busy.back_mut() else { return };
        let seconds = dt as f64 / 1e9;
        (busy.bits, busy.seconds) = (busy.bits + (bps * seconds) as f32, busy.seconds + seconds as f32);
        busy.peak_bps = busy.peak_bps.max(bps as f32);
        if let Some(queue) = sample.queue_bytes {
            busy.readings = busy.readings.saturating_add(1);
            busy.standing = busy.standing.saturating_add(u16::from(f64::from(queue) >= standing_bytes));
        }
    }

    fn tell_backlog(&mut self, sample: Sample, dt: i64, bps: f64, standing_bytes: f64, planned_bps: Option<i64>) {
        let Some((queue, planned_bps)) = sample.queue_bytes.zip(planned_bps).filter(|_| self.paused_us == 0) else {
            return;
        };
        let (seconds, stands) = (dt as f64 / 1e9, f64::from(queue) >= standing_bytes);
        if !stands && self.backlog.is_none() {
            return;
        }
        let reading = Stretch {
            since_ns: sample.ts_ns - dt,
            readings: 1,
            standing: u16::from(stands),
            bits: (bps * seconds) as f32,
            seconds: seconds as f32,
            peak_bps: bps as f32,
        };
        self.backlog.get_or_insert_default().tell(reading, planned_bps as f64);
    }

    /// Counters begin anew: nothing before may be compared with what comes.
    pub fn restart(&mut self, tick: i64) {
        (self.before, self.last, self.packets) = (None, None, None);
        (self.backlogged, self.backlog) = (0, None);
        self.reset_tick = Some(tick);
        self.health = Health { link_up: self.health.link_up, ..Health::default() };
        self.link.restart_down_events();
    }
}

//! Damage that the receiving end of a link counts: since when more of it comes than before, and how surely.
//!
//! Of each counter of a port that ever rose its usual rate is known: errors a packet, or a second of those that come without
//! packets too. A tick that brings e errors where r·n are usual (r a packet, n packets) is held against six alternatives, in
//! which they come λ times as often:
//!
//! ```text
//! x  =  min( e / b , 1 )          b = max(1, λ·r·n): one error, or what the alternative expects where that is more
//! ℓ  =  min( x ln λ − ln( 1 + (λ−1)·r·n/b ) ,  3 nats )         λ = 3, 10, 30, 100, 1,000, 10,000
//! ```
//! and the ℓ of each are summed since it began to hold (`episode.rs`). For x from 0 to 1 λ^x lies below the straight
//! line 1 + (λ−1)·x. So if no more than r·n errors come on the mean, e^ℓ is 1 or less on the mean, however the errors are
//! distributed: many at once on one day are no more than one event.
//!
//! ```text
//! errors, tick by tick    0 0 0 0 0 1 0 0 0 0 900 0 0 0 0 17 25 36 8 21 30 12 19    r·n = 0.001
//! nats                                2.9       5.8          8.7 … and 2.9 more in each tick: 22.9 after 8 ticks with errors
//! ```
//! What is usual is the greater of what a sound link may do by its standard and of what this counter did itself. A tick is
//! suspicious, and does not count as usual, if any alternative has more than 3 nats in it or in the next one.

use super::episode::{self, Episode, SUSPICIOUS, Told};
use super::followed::stream_of;
use super::{Count, Features};
use crate::fabric::PortId;
use crate::statistics::mixture_nats;
use serde::{Deserialize, Serialize};

/// A counter of damage that the receiving end of a link counts.
#[derive(Debug)]
pub struct Read {
    pub counter: &'static str,
    pub per: Per,
    /// Counters that count the part of it that this link has done: what else is in it (frames that are too long, or that came
    /// damaged already) says nothing of the link. Where a row tells one of them it goes by that one alone.
    pub finer: &'static [&'static str],
}

/// What errors are counted against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Per {
    /// Damaged packets come with packets.
    Packet,
    /// Symbols pass at the same rate whether or not they carry packets.
    Second,
    /// What a sound link does not do at all, whatever passes: it is counted against seconds too.
    Seldom,
}

const fn read(counter: &'static str, per: Per) -> Read {
    Read { counter, per, finer: &[] }
}

/// All counters of this meaning in the catalogue: those of ports, then, from [`OF_GPU_LINKS`] on, those of links between GPUs.
pub const READS: [Read; 10] = [
    read("rx_crc_errors", Per::Packet),
    read("rx_local_physical_errors", Per::Packet),
    Read { finer: &["rx_crc_errors", "rx_local_physical_errors"], ..read("rx_errors", Per::Packet) },
    read("symbol_errors", Per::Second),
    read("fec_uncorrectable_blocks", Per::Second),
    read("local_link_integrity_errors", Per::Second),
    read("crc_errors", Per::Second),
    read("replays", Per::Second),
    read("recoveries", Per::Seldom),
    read("symbol_errors", Per::Second),
];
pub const OF_GPU_LINKS: usize = 6;

/// A link is sound by its standard if no more than one of 10¹² bits is damaged (IEEE 802.3 for links without forward error
/// correction, InfiniBand volume 2; with correction they promise less).
const SOUND_BITS: f64 = 1e-12;
/// The bits of the largest usual packet: a jumbo packet of 9,216 bytes.
const PACKET_BITS: f64 = 9_216.0 * 8.0;
/// The speed of a link whose speed nobody tells: the fastest there are. It may damage most.
const FASTEST_BPS: f64 = 800e9;
/// A sound link between GPUs trains once, when its driver is loaded, and never again under load: one published threshold is *any*
/// (reference/faults.md, 13). One a day, a second.
const SELDOM: f64 = 1.0 / 86_400.0;
/// λ of the alternatives: between two of them lies no more than half an order of magnitude where few errors come, and one
/// where many do.
const RATIOS: [f64; 6] = [3.0, 10.0, 30.0, 100.0, 1e3, 1e4];
/// What is known of a rate before anything is counted: half an error at the rate of a sound link (Jeffreys' prior of a Poisson
/// rate is that of half an event).
const PRIOR: f64 = 0.5;
/// The past is halved when it holds so many ticks with errors, so that a link that was mended is a sound one after a while.
const MOST_HITS: f64 = 128.0;

/// The counters of one port that ever rose.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Errors {
    streams: Vec<Stream>,
}

/// One counter.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Stream {
    /// Its place in [`READS`].
    counter: u8,
    /// What this tick brought so far; `None` where nothing is told, or nothing can be compared.
    #[serde(skip)]
    fresh: Option<f64>,
    usual: Usual,
    /// The last tick's errors and what they were counted against: usual if the next one is not suspicious either.
    pending: (f64, f64),
    /// What it was counted against at the last tick that told it.
    before: Option<f64>,
    alternatives: [Episode; RATIOS.len()],
}

/// What errors are counted against, packets or seconds: all up to now, and those up to when the port was first read, so many
/// ticks ago. None between the two had an error before the counter rose first.
#[derive(Clone, Copy, Debug)]
struct Against {
    in_all: f64,
    begun: f64,
    ticks: f64,
}

/// What was counted while nothing was suspicious.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Usual {
    errors: f64,
    /// Packets or seconds.
    against: f64,
    /// Ticks with errors.
    hits: f64,
}

/// More errors come than usual.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rising {
    /// Its place in [`READS`].
    pub counter: usize,
    pub nats: f64,
    pub since_tick: i64,
    pub until_tick: i64,
    /// Errors since then.
    pub errors: f64,
    /// Errors a packet or a second, from then to the last of them and usually.
    pub rate: f64,
    pub usual: f64,
}

impl Usual {
    /// Errors a packet or a second, and the error of that number: of few events it may be twice as many.
    fn rate(&self, sound: f64) -> f64 {
        let own = (PRIOR + self.errors) / (PRIOR / sound + self.against) * (1.0 + 1.0 / self.hits.max(1.0).sqrt());
        own.max(sound)
    }

    fn add(&mut self, errors: f64, against: f64) {
        self.errors += errors;
        self.against += against;
        self.hits += f64::from(u8::from(errors > 0.0));
        if self.hits >= MOST_HITS {
            *self = Usual { errors: self.errors / 2.0, against: self.against / 2.0, hits: self.hits / 2.0 };
        }
    }
}

/// ℓ of a tick that brings so many errors where so many are usual, for errors that come `ratio` times as often.
fn nats(ratio: f64, errors: f64, usual: f64) -> f64 {
    let burst = (ratio * usual).max(1.0);
    (errors / burst).min(1.0) * ratio.ln() - ((ratio - 1.0) * usual / burst).ln_1p()
}

impl Stream {
    fn new(counter: u8) -> Stream {
        Stream {
            counter,
            fresh: None,
            usual: Usual::default(),
            pending: (0.0, 0.0),
            before: None,
            alternatives: Default::default(),
        }
    }

    fn per(&self) -> Per {
        READS[usize::from(self.counter)].per
    }

    /// Takes in what this tick brought, counted against packets or seconds.
    fn step(&mut self, tick: i64, against: Against, sound: f64) {
        let Some(errors) = self.fresh.take() else { return };
        let mut more = self.before.map_or(0.0, |before| against.in_all - before);
        if self.usual == Usual::default() {
            let past = against.in_all - against.begun;
            more = past / against.ticks.max(1.0);
            self.usual.against = past - more;
        }
        self.before = Some(against.in_all);
        // A damaged packet has come too, and is not among those received.
        let among = more.max(0.0) + if self.per() == Per::Packet { errors } else { 0.0 };
        let usual = self.usual.rate(sound) * among;
        for (alternative, ratio) in self.alternatives.iter_mut().zip(RATIOS) {
            alternative.step(tick, nats(ratio, errors, usual) as f32, errors as f32, among as f32, errors > 0.0);
        }
        if episode::strongest(&self.alternatives).is_over() {
            self.alternatives = Default::default();
        }
        let (errors, among) = std::mem::replace(&mut self.pending, (errors, among));
        if episode::strongest(&self.alternatives).sum.nats() <= SUSPICIOUS {
            self.usual.add(errors, among);
        }
    }

    fn rising(&self, tick: i64, sound: f64) -> Rising {
        let nats = mixture_nats(&self.alternatives.map(|alternative| alternative.sum));
        let Told { since_tick, until_tick, amount: errors, rate } = episode::strongest(&self.alternatives).told(tick);
        let usual = self.usual.rate(sound);
        Rising { counter: usize::from(self.counter), nats, since_tick, until_tick, errors, rate, usual }
    }
}

impl Errors {
    /// Notes a reading of this tick: by how much a counter rose; `None` where it was set back.
    pub(super) fn note(&mut self, counter: u8, rise: Option<i64>) {
        let stream = stream_of(&mut self.streams, |stream| stream.counter == counter, || Stream::new(counter));
        match rise {
            Some(rise) => stream.fresh = Some(stream.fresh.unwrap_or(0.0) + rise as f64),
            None => (stream.fresh, stream.before) = (None, None),
        }
    }

    /// Takes in what was noted in a tick.
    pub(super) fn step(&mut self, passed: Passed) {
        let (now_s, begun_s) = passed.seconds;
        let ticks = ((now_s - begun_s) * 1e9 / passed.tick_ns as f64).round();
        for stream in &mut self.streams {
            let among = match stream.per() {
                Per::Packet => passed.packets,
                Per::Second | Per::Seldom => Some(passed.seconds),
            };
            if let Some((in_all, begun)) = among {
                let sound = sound(stream.per(), passed.planned_bps);
                stream.step(passed.tick, Against { in_all, begun, ticks }, sound);
            }
        }
    }

    /// Of its counters the one of which it is surest that more comes than usual.
    pub(super) fn rising(&self, tick: i64, planned_bps: Option<i64>) -> Option<Rising> {
        let rising = self.streams.iter().map(|stream| stream.rising(tick, sound(stream.per(), planned_bps)));
        rising.max_by(|a, b| a.nats.total_cmp(&b.nats))
    }

    /// The counters begin anew; the link is the same.
    pub(super) fn restart(&mut self) {
        self.streams.iter_mut().for_each(|stream| (stream.fresh, stream.before) = (None, None));
    }
}

/// The rate of errors that a sound link may have: a packet, or a second at its speed.
fn sound(per: Per, planned_bps: Option<i64>) -> f64 {
    match per {
        Per::Packet => SOUND_BITS * PACKET_BITS,
        Per::Second => SOUND_BITS * planned_bps.filter(|&bps| bps > 0).map_or(FASTEST_BPS, |bps| bps as f64),
        Per::Seldom => SELDOM,
    }
}

/// What a link's counters are counted against in a tick.
#[derive(Clone, Copy, Debug)]
pub(super) struct Passed {
    pub tick: i64,
    pub tick_ns: i64,
    /// Packets received up to now, and up to when the link was first read; `None` where nobody counts them.
    pub packets: Option<(f64, f64)>,
    /// The same moments, s.
    pub seconds: (f64, f64),
    pub planned_bps: Option<i64>,
}

impl Features {
    /// Takes in what was counted in this tick, once the traffic of the tick is known.
    pub(super) fn update_errors(&mut self) {
        let Features { ports, topology, erring, .. } = self;
        for port in erring.drain(..) {
            let state = &mut ports[port];
            let Some(mut errors) = state.errors.take() else { continue };
            let now_s = self.now_ns as f64 / 1e9;
            errors.step(Passed {
                tick: self.tick,
                tick_ns: self.tick_ns,
                packets: state.packets.and_then(|s| packets(s.rx_packets)).zip(packets(state.begun_packets)),
                seconds: (now_s, state.begun_ns.map_or(now_s, |ns| ns.get() as f64 / 1e9)),
                planned_bps: topology.ports[port].planned_bps,
            });
            state.errors = Some(errors);
        }
    }

    /// Of the counters of damage of a port the one of which it is surest that more comes than usual. `None` where none of them
    /// ever rose.
    pub fn errors_rising(&self, port: PortId) -> Option<Rising> {
        self.ports[port].errors.as_ref()?.rising(self.tick, self.topology.ports[port].planned_bps)
    }

    /// How many errors of a counter come at a port, a packet or a second: of late or usually, whichever is more. 0 where it never
    /// rose.
    pub fn errors_rate(&self, port: PortId, counter: usize) -> f64 {
        let mut streams = self.ports[port].errors.iter().flat_map(|errors| &errors.streams);
        let stream = streams.find(|stream| usize::from(stream.counter) == counter);
        stream.map_or(0.0, |stream| {
            let rising = stream.rising(self.tick, sound(stream.per(), self.topology.ports[port].planned_bps));
            rising.rate.max(rising.usual)
        })
    }
}

fn packets(count: Count) -> Option<f64> {
    count.map(|count| count.get() as f64)
}

#[cfg(test)]
mod tests;

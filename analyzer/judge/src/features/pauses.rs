//! Hosts that hold up what is sent to them: since when they do so more than before, and how surely.
//!
//! A host that cannot take in what arrives tells its switch to pause. That some hosts do so at times is healthy, so that
//! each is compared with its own past, whatever the distribution: a second is a *hit* when the host paused for longer in it
//! than in nine of ten seconds before, and hits are held against three alternatives, in which they come with another
//! probability p than the p₀ of the past:
//!
//! ```text
//! p₀  =  (hits + √hits) / (seconds + 2)                the past, and the error of it
//! ℓ   =  ln (p/p₀)  of a hit,  3 nats at most          p = 0.3, 0.6, 0.9, of those above p₀
//!        ln ((1−p)/(1−p₀))  of any other second
//!
//! paused, ms a second   0 0 0 0 0 0 0 0 0 0 217 332 333 340 338 319 338 333     a past of 84 such seconds: p₀ = 0.023
//! nats                                      3   6   9   12  15  18  21  23    said: 22.9 nats
//! ```
//! The ℓ are summed since an alternative began to hold (`episode.rs`), and what is suspicious does not count as past.
//!
//! Pauses spread: a switch that may not send fills up and pauses those that send to it, and they are held up in turn. The host at
//! the root pauses, and nobody pauses it. So what counts of a host is by how much it pauses more than it is paused.

use super::Count;
use super::Features;
use super::episode::{self, Episode, SUSPICIOUS, Told};
use super::packed;
use super::short::Short;
use crate::fabric::PortId;
use crate::statistics::mixture_nats;
use arraydeque::{ArrayDeque, behavior::Wrapping};
use nonmax::NonMaxI64;
use serde::{Deserialize, Serialize};

/// Counters of what a host's port paused its switch by, and of what it was paused by in the same unit; its switch port tells the
/// same by the other one of the two. Those of a priority each are added up.
#[derive(Clone, Copy, Debug)]
pub struct Read {
    pub sent: &'static str,
    pub received: &'static str,
    pub unit: Unit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// µs for which the neighbour may not send.
    Microseconds,
    Frames,
}

/// One of the two counters of a row.
pub type Way = fn(&Read) -> &'static str;

impl Read {
    /// Those that tell the same more exactly: the time says more than the frames, for one frame may hold for long, and the next
    /// one end it.
    pub fn finer(&self) -> impl Iterator<Item = &'static Read> {
        let is_finer = self.unit == Unit::Frames;
        READS.iter().filter(move |read| is_finer && read.unit == Unit::Microseconds)
    }
}

/// All counters of this meaning in the catalogue.
pub static READS: [Read; 5] = [
    Read { sent: "tx_pause_us", received: "rx_pause_us", unit: Unit::Microseconds },
    Read { sent: "tx_pause_us_p", received: "rx_pause_us_p", unit: Unit::Microseconds },
    Read { sent: "tx_pause_frames", received: "rx_pause_frames", unit: Unit::Frames },
    Read { sent: "tx_pfc_frames", received: "rx_pfc_frames", unit: Unit::Frames },
    Read { sent: "tx_pause_frames_p", received: "rx_pause_frames_p", unit: Unit::Frames },
];

/// Ticks are taken together to bins of at least this length: within one iteration of a job a host may pause for some tenths
/// of a second in a row, and these are one event.
pub const BIN_NS: i64 = 1_000_000_000;
/// Bins of the past that the tenth of longest pauses is taken from.
const PAST: usize = 60;
/// A hit is above this part of them.
const QUANTILE: f64 = 0.9;
/// Bins of the past before anything is judged: of fewer than 20 two are above the quantile.
const LEAST_PAST: f32 = 20.0;
/// The past is halved when it holds so many bins, an hour, so that it follows what the host's jobs do.
const MOST_PAST: f32 = 3_600.0;
const ALTERNATIVES: [f32; 3] = [0.3, 0.6, 0.9];
/// p₀ is no more than this, so that a past full of hits has a logarithm.
const MOST_USUAL: f32 = 0.99;

/// The counters of one port, of a host or of a switch that is cabled to one, that ever rose.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Pauses {
    streams: Box<[Stream]>,
}

/// One counter.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Stream {
    /// Its place in [`READS`].
    counter: u8,
    /// What the host paused its switch by since the last bin, `None` where nothing was told, and what it was paused by.
    sent: Option<f32>,
    received: f32,
    /// The end of the last bin, ns; `None` where nothing can be compared with it.
    #[serde(with = "packed::count")]
    bin_ns: Count,
    past: Past,
    /// The last bin, and whether it is a hit: past if the next one is not suspicious either.
    pending: Option<(Short, bool)>,
    alternatives: [Episode; ALTERNATIVES.len()],
}

/// A host pauses its switch more than it did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Surging {
    /// Its place in [`READS`].
    pub counter: usize,
    pub nats: f64,
    pub since_tick: i64,
    pub until_tick: i64,
    /// µs or frames a second, since then and in nine of ten seconds before at most.
    pub rate: f64,
    pub usual: f64,
}

/// What was seen while nothing was suspicious.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Past {
    /// µs or frames a second in the last bins.
    #[serde(with = "packed::ring")]
    last: ArrayDeque<Short, PAST, Wrapping>,
    /// Bins, and hits among them.
    bins: f32,
    hits: f32,
}

impl Past {
    /// A past of so many bins without pauses.
    fn of_nothing(bins: f32) -> Past {
        let bins = bins.max(0.0);
        let mut past = Past { bins: bins.min(MOST_PAST), ..Past::default() };
        (0..PAST.min(bins as usize)).for_each(|_| _ = past.last.push_back(Short::NOUGHT));
        past
    }

    /// Where the quantile stands among the bins in order: at 54 of 60.
    fn place(&self) -> usize {
        (self.last.len() as f64 * QUANTILE) as usize
    }

    /// Nine of ten bins were below this. Counting them says the same as [`Past::quantile`], without sorting.
    fn is_hit(&self, rate: Short) -> bool {
        let (old, new) = self.last.as_slices();
        let below = |bins: &[Short]| bins.iter().filter(|&&bin| bin < rate).count();
        rate > Short::NOUGHT && below(old) + below(new) > self.place()
    }

    /// What nine of ten bins were not above.
    fn quantile(&self) -> f32 {
        let mut last: Vec<Short> = self.last.iter().copied().collect();
        let at = self.place();
        (at < last.len()).then(|| *last.select_nth_unstable(at).1).and_then(Short::get).unwrap_or(f32::INFINITY)
    }

    /// p₀. One hit counts as seen, so that it is above 0.
    fn usual(&self) -> f32 {
        let hits = self.hits + 1.0;
        ((hits + hits.sqrt()) / (self.bins + 2.0)).min(MOST_USUAL)
    }

    fn add(&mut self, rate: Short, is_hit: bool) {
        self.last.push_back(rate);
        self.bins += 1.0;
        self.hits += f32::from(u8::from(is_hit));
        if self.bins >= MOST_PAST {
            (self.bins, self.hits) = (self.bins / 2.0, self.hits / 2.0);
        }
    }
}

/// ℓ of a bin for hits that come with probability `p`; `None` where the past has as many.
fn nats(p: f32, usual: f32, is_hit: bool) -> Option<f32> {
    let ratio = if is_hit { p / usual } else { (1.0 - p) / (1.0 - usual) };
    (p > usual).then(|| ratio.ln())
}

impl Stream {
    fn new(counter: u8) -> Stream {
        Stream {
            counter,
            sent: None,
            received: 0.0,
            bin_ns: None,
            past: Past::default(),
            pending: None,
            alternatives: Default::default(),
        }
    }

    /// A bin has ended, of which something was told. `begun_ns`: the port was first read then, and has paused nobody up to now.
    fn step(&mut self, tick: i64, now_ns: i64, begun_ns: i64) {
        let Some(sent) = self.sent.take() else { return };
        let more = (sent - std::mem::take(&mut self.received)).max(0.0);
        let seconds = (now_ns - self.bin_ns.map_or(now_ns - BIN_NS, |ns| ns.get())) as f32 / 1e9;
        if self.past.bins == 0.0 {
            self.past = Past::of_nothing((now_ns - begun_ns) as f32 / BIN_NS as f32 - 1.0);
        }
        self.bin_ns = NonMaxI64::new(now_ns);
        let rate = Short::of(Some(more / seconds));
        let is_hit = self.past.is_hit(rate);
        if self.past.bins >= LEAST_PAST {
            let usual = self.past.usual();
            for (alternative, p) in self.alternatives.iter_mut().zip(ALTERNATIVES) {
                match nats(p, usual, is_hit) {
                    Some(nats) => alternative.step(tick, nats, more, seconds, is_hit),
                    None => *alternative = Episode::default(),
                }
            }
        }
        if episode::strongest(&self.alternatives).is_over() {
            self.alternatives = Default::default();
        }
        let before = self.pending.replace((rate, is_hit));
        if !self.is_suspicious() {
            before.into_iter().for_each(|(rate, is_hit)| self.past.add(rate, is_hit));
        }
    }

    fn unit(&self) -> Unit {
        READS[usize::from(self.counter)].unit
    }

    fn restart(&mut self) {
        (self.sent, self.received, self.bin_ns) = (None, 0.0, None);
    }

    fn is_suspicious(&self) -> bool {
        episode::strongest(&self.alternatives).sum.nats() > SUSPICIOUS
    }

    fn surging(&self, tick: i64) -> Surging {
        let Told { since_tick, until_tick, rate, .. } = episode::strongest(&self.alternatives).told(tick);
        let nats = mixture_nats(&self.alternatives.map(|alternative| alternative.sum));
        let usual = f64::from(self.past.quantile());
        Surging { counter: usize::from(self.counter), nats, since_tick, until_tick, rate, usual }
    }
}

impl Pauses {
    /// The port never paused its switch.
    pub fn is_empty(&self) -> bool {
        self.streams.is_empty()
    }

    /// Notes by how much a counter of what the host sent rose in this tick; `None` where it was set back. Frames are followed only
    /// until a time is, which may be told in other rows ([`Read::finer`]). `false`: this counter is not followed.
    pub(super) fn note_sent(&mut self, counter: u8, rise: Option<i64>) -> bool {
        match READS[usize::from(counter)].unit {
            Unit::Microseconds if self.streams.iter().any(|stream| stream.unit() == Unit::Frames) => {
                let streams = std::mem::take(&mut self.streams).into_vec();
                self.streams = streams.into_iter().filter(|stream| stream.unit() == Unit::Microseconds).collect();
            }
            Unit::Microseconds => {}
            Unit::Frames if self.streams.iter().any(|stream| stream.unit() == Unit::Microseconds) => return false,
            Unit::Frames => {}
        }
        if self.streams.iter().all(|stream| stream.counter != counter) {
            let streams = std::mem::take(&mut self.streams).into_vec();
            self.streams = streams.into_iter().chain([Stream::new(counter)]).collect();
        }
        let Some(stream) = self.streams.iter_mut().find(|stream| stream.counter == counter) else { return false };
        match rise {
            Some(rise) => stream.sent = Some(stream.sent.unwrap_or(0.0) + rise as f32),
            None => stream.restart(),
        }
        true
    }

    /// The same of what it received. Alone it is nothing: who only is paused has no stream.
    pub(super) fn note_received(&mut self, counter: u8, rise: Option<i64>) {
        let stream = self.streams.iter_mut().find(|stream| stream.counter == counter);
        stream.into_iter().for_each(|stream| stream.received += rise.unwrap_or(0) as f32);
    }

    /// The counters begin anew; the host is the same.
    pub(super) fn restart(&mut self) {
        self.streams.iter_mut().for_each(Stream::restart);
    }
}

impl Features {
    /// Takes in the bin that ends with this tick, if one does.
    pub(super) fn update_pauses(&mut self) {
        let ticks = (BIN_NS / self.tick_ns).max(1);
        let ends = (self.tick + 1).rem_euclid(ticks) == 0;
        for port in self.pausing.drain(..).filter(|_| ends) {
            let state = &mut self.ports[port];
            let begun_ns = state.begun_ns.map_or(self.now_ns, |ns| ns.get());
            let streams = &mut state.pauses.streams;
            streams.iter_mut().for_each(|stream| stream.step(self.tick, self.now_ns, begun_ns));
            if streams.iter().any(Stream::is_suspicious) {
                self.ports_with.pauses.insert(port);
            } else if !self.ports_with.pauses.is_empty() {
                self.ports_with.pauses.remove(&port);
            }
        }
    }

    /// Of the counters of pauses that a port tells of a host the one of which it is surest that the host pauses more than before.
    /// `None` where it never paused its switch.
    pub fn pauses_surging(&self, port: PortId) -> Option<Surging> {
        let streams = self.ports[port].pauses.streams.iter();
        streams.map(|stream| stream.surging(self.tick)).max_by(|a, b| a.nats.total_cmp(&b.nats))
    }
}

#[cfg(test)]
mod tests;

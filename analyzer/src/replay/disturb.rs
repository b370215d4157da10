//! A worse network than the recording had: frames late, doubled and out of order, the same way for the same seed.

use bytes::Bytes;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::str::FromStr;
use weft_wire::{Frame, WireError};

/// `late=D` holds one frame in ten back by up to D of event time; `duplicate=P` sends a fraction P twice, the second up to
/// D (or 2 s) later; `shuffle` delays every frame by up to 2 s, so that they arrive in another order. Delays do not add
/// up: a frame arrives at most max(D, 2 s) after its flush.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Disturb {
    pub late_ns: i64,
    pub duplicate: f64,
    pub shuffle: bool,
    pub seed: u64,
}

const SHUFFLE_NS: i64 = 2_000_000_000;
/// One frame in this many is late.
const ONE_IN: u64 = 10;

impl FromStr for Disturb {
    type Err = String;

    fn from_str(text: &str) -> Result<Disturb, String> {
        let mut disturb = Disturb::default();
        for part in text.split(',').filter(|p| !p.is_empty()) {
            match part.split_once('=').unwrap_or((part, "")) {
                ("late", value) => {
                    disturb.late_ns = duration_ns(value).ok_or(format!("late={value}: write late=2s"))?
                }
                ("duplicate", value) => {
                    let fraction = value.parse().ok().filter(|f| (0.0..=1.0).contains(f));
                    disturb.duplicate = fraction.ok_or(format!("duplicate={value}: write a fraction, 0 to 1"))?;
                }
                ("shuffle", "") => disturb.shuffle = true,
                ("seed", value) => disturb.seed = value.parse().map_err(|_| format!("seed={value}: write a number"))?,
                (other, _) => return Err(format!("{other}: write late=D, duplicate=P, shuffle, seed=N")),
            }
        }
        Ok(disturb)
    }
}

/// `2s`, `500ms`, `1m`.
fn duration_ns(text: &str) -> Option<i64> {
    let split = text.find(|c: char| c.is_ascii_alphabetic())?;
    let value: f64 = text[..split].parse().ok().filter(|v: &f64| (0.0..1e6).contains(v))?;
    let unit = match &text[split..] {
        "ms" => 1e6,
        "s" => 1e9,
        "m" => 60e9,
        _ => return None,
    };
    Some((value * unit) as i64)
}

/// One message on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub key: String,
    pub payload: Bytes,
}

/// By arrival, then by number: equal times keep the order of sending.
#[derive(Debug, PartialEq, Eq)]
struct Held {
    arrival_ns: i64,
    number: u64,
    message: Message,
}

impl Ord for Held {
    fn cmp(&self, other: &Held) -> std::cmp::Ordering {
        (self.arrival_ns, self.number).cmp(&(other.arrival_ns, other.number))
    }
}

impl PartialOrd for Held {
    fn partial_cmp(&self, other: &Held) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// Holds messages until their disturbed time of arrival. What it holds is bounded by the longest delay.
#[derive(Debug)]
pub struct Disturber {
    disturb: Disturb,
    dice: u64,
    number: u64,
    held: BinaryHeap<Reverse<Held>>,
}

impl Disturber {
    pub fn new(disturb: Disturb) -> Disturber {
        Disturber { disturb, dice: disturb.seed ^ 0x9e37_79b9_7f4a_7c15, number: 0, held: BinaryHeap::new() }
    }

    /// splitmix64: every seed is good.
    fn roll(&mut self) -> u64 {
        self.dice = self.dice.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.dice ^ (self.dice >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn up_to(&mut self, limit_ns: i64) -> i64 {
        (self.roll() % (limit_ns.max(0) as u64 + 1)) as i64
    }

    /// How long after its flush a message arrives.
    fn delay_ns(&mut self) -> i64 {
        let shuffled = if self.disturb.shuffle { self.up_to(SHUFFLE_NS) } else { 0 };
        let is_late = self.disturb.late_ns > 0 && self.roll().is_multiple_of(ONE_IN);
        let late = if is_late { self.up_to(self.disturb.late_ns) } else { 0 };
        shuffled.max(late)
    }

    /// Sends the frames of one tick; returns the latest flush time among them, the event time that they bring.
    pub fn send_all(&mut self, frames: Vec<Frame>) -> Result<i64, WireError> {
        let mut now_ns = i64::MIN;
        for frame in frames {
            now_ns = now_ns.max(frame.flush_ts_ns);
            let payload = Bytes::from(frame.encode()?);
            self.send(frame.flush_ts_ns, Message { key: frame.collector, payload });
        }
        Ok(now_ns)
    }

    fn send(&mut self, flush_ns: i64, message: Message) {
        let delay_ns = self.delay_ns();
        let twice = self.disturb.duplicate > 0.0 && (self.roll() as f64 / u64::MAX as f64) < self.disturb.duplicate;
        if twice {
            let again = self.up_to(self.disturb.late_ns.max(SHUFFLE_NS));
            self.hold(flush_ns.saturating_add(delay_ns.max(again)), message.clone());
        }
        self.hold(flush_ns.saturating_add(delay_ns), message);
    }

    fn hold(&mut self, arrival_ns: i64, message: Message) {
        self.number += 1;
        self.held.push(Reverse(Held { arrival_ns, number: self.number, message }));
    }

    /// The next message that arrives no later than `now_ns`, with its time of arrival.
    pub fn arrived(&mut self, now_ns: i64) -> Option<(i64, Message)> {
        if self.held.peek()?.0.arrival_ns > now_ns {
            return None;
        }
        self.held.pop().map(|Reverse(held)| (held.arrival_ns, held.message))
    }
}

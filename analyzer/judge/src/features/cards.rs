//! Network cards that do not answer their driver, by what the driver says of them in the kernel's log, and by the bytes that they
//! do not send.
//!
//! ```text
//! bytes a slot    4.1 MB   4.0 MB   4.2 MB   0   0   0   0   0        slots of four ticks (`past.rs`)
//!                                          ├─── silent since ──▶
//! the driver says                                    ▲ "… timeout. Will cause a leak of a command resource"
//! ```
//! A driver notices late: a command of mlx5 has a minute, the kernel's watchdog of transmit queues five seconds. So the port is looked
//! back at from the moment on at which the driver says it, over the 128 ticks of `past.rs`. The words alone prove nothing: a card may
//! miss one command and work on. Bytes alone prove nothing either: all ports of a job stand still when one of them does.
//!
//! A card whose firmware hangs may answer no question for its counters. Then its port is silent from the last reading on that told
//! its bytes, as long as its collector is heard.
//!
//! Nothing is kept of other ports; of each of these some 200 bytes, until ten minutes after it was silent last and after the last words.

use super::Features;
use super::past::{Past, SLOT_TICKS, SLOTS};
use super::port::PortState;
use crate::fabric::{LinkEvent, is_time};
use serde::{Deserialize, Serialize};

/// What drivers and the kernel say of a card that does not answer (`collector/src/sources/kmsg/lines.rs` passes it on).
const WORDS: [&str; 7] = [
    "timeout. Will cause a leak of a command resource", // mlx5_core: a command to the firmware was not answered within a minute
    "device's health compromised",                      // mlx5_core: the firmware's own counter stands still
    "Fatal error ",                                     // mlx5_core: the card's sensors
    "Error (timeout:",                                  // bnxt_en: a command to the firmware was not answered
    " timeout after ",                                  // ionic: the same
    "failed: TIMEOUT (",                                // ionic: the same
    "NETDEV WATCHDOG: ",                                // the kernel: a queue has something to send and sends nothing
];
/// Of what it sent at most in a slot, the part below which a port is silent: what a host says to its neighbours of itself, LLDP and
/// the like, is far less than a thousandth of what it sends for a job.
const SILENT: f64 = 1e-3;
/// A port was at work that has sent this part of its speed in a slot: 100 Mbit/s of 100 Gbit/s.
const AT_WORK: f64 = 1e-3;
/// The speed of a port of which nobody tells it, bit/s: the slowest that fabrics of GPUs are built of.
const SLOWEST_BPS: f64 = 10e9;
/// A port that is read every second cannot be read if nothing is told of its bytes for two.
const UNREAD: i64 = 2;
/// A card is forgotten so long after it was silent last, and after the last words.
const REMEMBERED_NS: i64 = 600_000_000_000;
/// Characters of the driver's words that are kept.
const MOST_WORDS: usize = 160;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// The driver's last words, and when they came.
    pub words: String,
    pub said_ns: i64,
    /// The most bytes that it sent in a slot.
    most: f64,
    pub silence: Option<Silence>,
    silent_until_ns: i64,
    /// The last tick that told its bytes, or that they cannot be read.
    pub told_tick: i64,
}

/// A port has sent next to nothing since then.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Silence {
    pub since_ns: i64,
    /// Its counters cannot be read.
    pub is_unread: bool,
}

/// The moment of a tick, and how long ticks are.
#[derive(Clone, Copy)]
struct Now {
    tick: i64,
    tick_ns: i64,
    now_ns: i64,
}

impl Card {
    fn new(words: &str, said_ns: i64) -> Card {
        let words = words.chars().filter(|c| !c.is_control()).take(MOST_WORDS).collect();
        Card { words, said_ns, most: 0.0, silence: None, silent_until_ns: i64::MIN, told_tick: i64::MIN }
    }

    /// Bytes a second that it sent at most.
    pub fn most_a_second(&self, tick_ns: i64) -> f64 {
        self.most / (SLOT_TICKS * tick_ns) as f64 * 1e9
    }

    /// It has sent as much as ports do that work for a job.
    pub fn was_at_work(&self, tick_ns: i64, planned_bps: Option<i64>) -> bool {
        let bps = planned_bps.map_or(SLOWEST_BPS, |bps| bps as f64);
        self.most_a_second(tick_ns) * 8.0 >= AT_WORK * bps
    }

    /// Takes in a tick. `is_heard`: the collector that reads it tells something in this tick.
    fn take(&mut self, port: &PortState, is_heard: bool, now: Now) {
        let (Some(past), Some(last)) = (&port.past, port.last) else { return };
        // The words may come when the counts cannot be read any more: what it sent before stands in its past.
        self.most = slots(now).filter_map(|slot| past.sent(slot)).fold(self.most, f64::max);
        if last.ts_ns > now.now_ns - now.tick_ns {
            self.told_tick = now.tick;
            self.silence = self.silence_by_bytes(past, now);
        } else if is_heard && self.most > 0.0 && now.now_ns - last.ts_ns > UNREAD * port.interval_ns().max(now.tick_ns)
        {
            self.told_tick = now.tick;
            self.silence = self.silence.or(Some(Silence { since_ns: last.ts_ns, is_unread: true }));
        }
        // Counters that begin anew are those of a card that was reset, or of a node that was started again.
        let is_reset = |since_ns: i64| port.reset_tick().is_some_and(|tick| tick * now.tick_ns > since_ns);
        self.silence = self.silence.filter(|silence| !is_reset(silence.since_ns));
        if self.silence.is_some() {
            self.silent_until_ns = now.now_ns;
        }
    }

    fn silence_by_bytes(&self, past: &Past, now: Now) -> Option<Silence> {
        let is_loud = |slot: &i64| past.sent(*slot).is_some_and(|sent| sent > SILENT * self.most);
        match slots(now).rev().find(is_loud) {
            _ if self.most <= 0.0 => None,
            // From the first slot on that is known to be silent: of one that is not known nothing is said.
            Some(loud) => {
                let first = slots(now).find(|&slot| slot > loud && past.sent(slot).is_some())?;
                Some(Silence { since_ns: first * SLOT_TICKS * now.tick_ns, is_unread: false })
            }
            // It has been silent for longer than its past is kept.
            None => self.silence,
        }
    }
}

/// The slots whose past is kept, oldest first.
fn slots(now: Now) -> std::ops::RangeInclusive<i64> {
    let newest = now.tick.div_euclid(SLOT_TICKS);
    newest - SLOTS as i64 + 1..=newest
}

fn is_of_a_card(event: &LinkEvent) -> bool {
    event.event == "kernel" && is_time(event.ts_ns) && WORDS.iter().any(|words| event.text.contains(words))
}

impl Features {
    /// Takes in what drivers say in this tick, once its traffic is known, and who is silent.
    pub(super) fn update_cards(&mut self, events: &[LinkEvent]) {
        let Features { topology, cards, ports, devices, tick, tick_ns, now_ns, .. } = self;
        for event in events.iter().filter(|event| is_of_a_card(event)) {
            let Some(port) = topology.find_port(&event.device, &event.port) else { continue };
            let said = Card::new(&event.text, event.ts_ns);
            let card = cards.entry(port).or_insert_with(|| said.clone());
            (card.words, card.said_ns) = (said.words, said.said_ns);
        }
        let now = Now { tick: *tick, tick_ns: *tick_ns, now_ns: *now_ns };
        cards.retain(|&port, card| {
            let is_heard = devices[topology.ports[port].device].silent.is_none();
            card.take(&ports[port], is_heard, now);
            now.now_ns - card.said_ns.max(card.silent_until_ns) < REMEMBERED_NS
        });
    }
}

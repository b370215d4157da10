//! Network cards that do not answer their driver, by what the driver says of them in the kernel's log, and by the bytes that they
//! do not send.
//!
//! ```text
//! bytes a slot    4.1 MB   4.0 MB   4.2 MB   0   0   0   0   0        slots of four ticks (`past.rs`)
//!                                          ├─── silent since ──▶
//! the driver says                                    ▲ "… timeout. Will cause a leak of a command resource"
//! ```
//! A driver notices late: a command of mlx5 has a minute, the kernel's watchdog of transmit queues five seconds. So the port is looked
//! back at from the moment on at which the driver says it. The words alone prove nothing: a card may miss one command and work on.
//! Bytes alone prove nothing either: all ports of a job stand still when one of them does.
//!
//! Nothing is kept of other ports; of each of these some 200 bytes, for as long as they are silent or were said to be in trouble
//! within the last ten minutes.

use super::Features;
use super::past::{Past, SLOT_TICKS, SLOTS};
use crate::fabric::{LinkEvent, PortId, is_time};
use serde::{Deserialize, Serialize};

/// What drivers and the kernel say of a card that does not answer (`collector/src/sources/kmsg/lines.rs` passes it on).
const WORDS: [&str; 6] = [
    "timeout. Will cause a leak of a command resource", // mlx5_core: a command to the firmware was not answered within a minute
    "device's health compromised",                      // mlx5_core: the firmware's own counter stands still
    "Fatal error ",                                     // mlx5_core: the card's sensors
    "Error (timeout:",                                  // bnxt_en: a command to the firmware was not answered
    " timeout after ",                                  // ionic: the same
    "NETDEV WATCHDOG: ",                                // the kernel: a queue has something to send and sends nothing
];
/// Of what it sent at most in a slot, the part below which a port is silent: what a host says to its neighbours of itself, LLDP and
/// the like, is far less than a thousandth of what it sends for a job.
const SILENT: f64 = 1e-3;
/// A card is forgotten that sends, and that nothing was said of for so long.
const REMEMBERED_NS: i64 = 600_000_000_000;
/// Characters of the driver's words that are kept.
const MOST_WORDS: usize = 160;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// The driver's last words, and when they came.
    pub words: String,
    said_ns: i64,
    /// The most bytes that it sent in a slot.
    most: f64,
    /// It has sent next to nothing since then, ns.
    pub silent_since_ns: Option<i64>,
    /// The last tick that told its bytes.
    pub told_tick: i64,
}

impl Card {
    fn new(words: &str, said_ns: i64) -> Card {
        let words = words.chars().filter(|c| !c.is_control()).take(MOST_WORDS).collect();
        Card { words, said_ns, most: 0.0, silent_since_ns: None, told_tick: i64::MIN }
    }

    /// Bytes a second that it sent at most.
    pub fn most_a_second(&self, tick_ns: i64) -> f64 {
        self.most / (SLOT_TICKS * tick_ns) as f64 * 1e9
    }

    fn take(&mut self, past: &Past, tick: i64, tick_ns: i64) {
        let newest = tick.div_euclid(SLOT_TICKS);
        let slots = || (newest - SLOTS as i64 + 1..=newest).rev();
        self.most = slots().filter_map(|slot| past.sent(slot)).fold(self.most, f64::max);
        // A slot that is not known, because the counts cannot be read, is neither silent nor loud.
        let is_loud = |slot: &i64| past.sent(*slot).is_some_and(|sent| sent > SILENT * self.most);
        if past.sent(newest).is_some() {
            self.told_tick = tick;
        }
        let loud = slots().find(is_loud);
        self.silent_since_ns = match (loud, self.silent_since_ns) {
            _ if self.most <= 0.0 => None,
            (Some(slot), _) if slot == newest => None,
            (Some(slot), _) => Some((slot + 1) * SLOT_TICKS * tick_ns),
            // It has been silent for longer than its past is kept.
            (None, since_ns) => since_ns,
        };
    }
}

fn is_of_a_card(event: &LinkEvent) -> bool {
    event.event == "kernel" && is_time(event.ts_ns) && WORDS.iter().any(|words| event.text.contains(words))
}

impl Features {
    /// Takes in what drivers say in this tick, once its traffic is known.
    pub(super) fn update_cards(&mut self, events: &[LinkEvent]) {
        let Features { topology, cards, ports, tick, tick_ns, now_ns, .. } = self;
        for event in events.iter().filter(|event| is_of_a_card(event)) {
            let Some(port) = topology.find_port(&event.device, &event.port) else { continue };
            let said = Card::new(&event.text, event.ts_ns);
            let card = cards.entry(port).or_insert_with(|| said.clone());
            (card.words, card.said_ns) = (said.words, said.said_ns);
        }
        cards.retain(|&port, card| {
            if let Some(past) = &ports[port].past {
                card.take(past, *tick, *tick_ns);
            }
            card.silent_since_ns.is_some() || *now_ns - card.said_ns < REMEMBERED_NS
        });
    }

    /// Of a port of which a driver said that it does not answer.
    pub fn card(&self, port: PortId) -> Option<&Card> {
        self.cards.get(&port)
    }
}

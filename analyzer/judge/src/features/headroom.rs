//! Switches that drop what they have paused for: since when, and how surely.
//!
//! A switch that asks a neighbour to pause keeps room, its *headroom*, for what is still under way: what the cable holds, and what
//! the neighbour sends before it obeys. With enough of it, nothing is dropped on arrival however long the queue grows; a switch
//! that both pauses a neighbour and drops what that neighbour sends has too little.
//!
//! A tick counts in which the switch paused a neighbour. It is a *hit* when it also dropped something that came in by such a port.
//! Hits are held against three alternatives, in which they come with the probability p, where p₀ is usual:
//!
//! ```text
//! p₀  =  the greater of (hits + 1 + √(hits + 1)) / (ticks + 2) of this switch and of all switches together, before
//! ℓ   =  ln (p/p₀)  of a hit,  3 nats at most          p = 0.3, 0.6, 0.9, of those above p₀
//!        ln ((1−p)/(1−p₀))  of any other tick
//! ```
//! The ℓ are summed since an alternative began to hold (`episode.rs`), and what is suspicious does not count as past. Example:
//! leaf2 paused a neighbour in 40 ticks and dropped in none; p₀ is 0.048. Nine ticks in which it drops are 25 nats.
//!
//! Switches drop on arrival for other reasons as well: filters, unknown networks, frames that are too long. These come whether or
//! not the port pauses anybody, so that beside the hits all ports are counted, tick by tick, by whether they paused and whether they
//! dropped.
//!
//! 130 bytes a switch that ever paused a neighbour.

use super::Features;
use super::episode::{self, Episode, SUSPICIOUS, Told};
use super::past::Hot;
use crate::fabric::{DeviceId, PortId};
use crate::statistics::mixture_nats;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

const ALTERNATIVES: [f32; 3] = [0.3, 0.6, 0.9];
/// Ticks in which the switch paused a neighbour before anything is judged: p₀ is then 0.09 at most where nothing was dropped.
const LEAST_PAST: f32 = 20.0;
/// The past is halved when it holds so many ticks, an hour at 1 Hz, so that it follows what is set up.
const MOST_PAST: f32 = 3_600.0;
/// p₀ is no more than this, so that a past full of hits has a logarithm.
const MOST_USUAL: f32 = 0.99;

/// One switch.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Headroom {
    /// Ticks in which it paused a neighbour, and hits among them.
    ticks: f32,
    hits: f32,
    /// The last tick, and whether it is a hit: past if the next one is not suspicious either.
    pending: Option<bool>,
    alternatives: [Episode; ALTERNATIVES.len()],
    /// Since the strongest alternative began: ports times ticks, by whether they paused and whether they dropped.
    ports: [[f32; 2]; 2],
    /// Ticks since then in which any port dropped.
    drop_ticks: f32,
    /// The most ports that dropped in one tick since then.
    at_once: u16,
    /// The port that last dropped what it had paused for, by its place among the switch's ports.
    port: u16,
}

/// What the ports of a switch did in one tick.
#[derive(Clone, Copy, Debug, Default)]
struct Did {
    /// By whether the port paused, and whether it dropped.
    ports: [[u16; 2]; 2],
    /// A port that did both.
    port: Option<u16>,
    packets: f32,
}

/// A switch drops what it has paused for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lacking {
    pub nats: f64,
    pub since_tick: i64,
    pub until_tick: i64,
    /// Packets dropped since then.
    pub dropped: f64,
    /// Of the ports times ticks that dropped, how many had paused; and of all.
    pub dropped_paused: (f64, f64),
    pub all_paused: (f64, f64),
    /// Ticks that dropped, and the most ports in one of them.
    pub drop_ticks: f64,
    pub at_once: usize,
    pub port: PortId,
}

fn usual(hits: f32, ticks: f32) -> f32 {
    (hits + 1.0 + (hits + 1.0).sqrt()) / (ticks + 2.0)
}

impl Headroom {
    fn nats(&self) -> f32 {
        episode::strongest(&self.alternatives).sum.nats()
    }

    /// `elsewhere`: (hits, ticks) of all switches together.
    fn step(&mut self, tick: i64, did: Did, elsewhere: (f32, f32)) {
        let pauses = did.ports[1].iter().sum::<u16>() > 0;
        let drops = did.ports[0][1] + did.ports[1][1];
        for (sum, now) in self.ports.as_flattened_mut().iter_mut().zip(did.ports.as_flattened()) {
            *sum += f32::from(*now);
        }
        self.drop_ticks += f32::from(u8::from(drops > 0));
        self.at_once = self.at_once.max(drops);
        if !pauses {
            return;
        }
        let is_hit = did.port.is_some();
        self.port = did.port.unwrap_or(self.port);
        if self.ticks >= LEAST_PAST {
            let usual = usual(self.hits, self.ticks).max(usual(elsewhere.0, elsewhere.1)).min(MOST_USUAL);
            for (alternative, p) in self.alternatives.iter_mut().zip(ALTERNATIVES) {
                let ratio = if is_hit { p / usual } else { (1.0 - p) / (1.0 - usual) };
                match p > usual {
                    true => alternative.step(tick, ratio.ln(), did.packets, 1.0, is_hit),
                    false => *alternative = Episode::default(),
                }
            }
        }
        if episode::strongest(&self.alternatives).is_over() {
            self.alternatives = Default::default();
        }
        if self.nats() <= 0.0 {
            (self.ports, self.drop_ticks, self.at_once) = Default::default();
        }
        let before = self.pending.replace(is_hit);
        if self.nats() <= SUSPICIOUS {
            before.into_iter().for_each(|is_hit| self.remember(is_hit));
        }
    }

    fn remember(&mut self, is_hit: bool) {
        self.ticks += 1.0;
        self.hits += f32::from(u8::from(is_hit));
        if self.ticks >= MOST_PAST {
            (self.ticks, self.hits) = (self.ticks / 2.0, self.hits / 2.0);
        }
    }
}

impl Features {
    /// Takes in the tick. Only ports count of which the far end tells whether it is paused.
    pub(super) fn update_headroom(&mut self) {
        let mut discarding: HashMap<PortId, f32> = HashMap::new();
        for (port, packets) in std::mem::take(&mut self.discarding) {
            *discarding.entry(port).or_default() += packets;
        }
        let (mut hits, mut ticks) = (0.0, 0.0);
        for state in self.devices.iter().filter_map(|state| state.headroom.as_deref()) {
            (hits, ticks) = (hits + state.hits, ticks + state.ticks);
        }
        for device in 0..self.devices.len() {
            if !self.topology.devices[device].is_switch {
                continue;
            }
            let did = self.did(device, &discarding);
            let pauses = did.ports[1] != [0, 0];
            let known = &mut self.devices[device].headroom;
            if pauses || known.is_some() {
                known.get_or_insert_default().step(self.tick, did, (hits, ticks));
            }
        }
    }

    fn did(&self, device: DeviceId, discarding: &HashMap<PortId, f32>) -> Did {
        let mut did = Did::default();
        for (at, &port) in (0..).zip(&self.topology.devices[device].ports) {
            let Some(far) = self.topology.far(port).map(|far| &self.ports[far]) else { continue };
            if !far.heat.tells(Hot::Held) {
                continue;
            }
            let dropped = discarding.get(&port).copied().unwrap_or(0.0);
            let (paused, drops) = (far.heat.shows(Hot::Held), dropped > 0.0);
            did.ports[usize::from(paused)][usize::from(drops)] += 1;
            if paused && drops {
                (did.port, did.packets) = (Some(at), did.packets + dropped);
            }
        }
        did
    }

    /// How surely a switch drops what it has paused for; `None` where it never paused a neighbour.
    pub fn headroom_lacking(&self, device: DeviceId) -> Option<Lacking> {
        let headroom = self.devices[device].headroom.as_deref()?;
        let Told { since_tick, until_tick, amount, .. } = episode::strongest(&headroom.alternatives).told(self.tick);
        let [[cool, other], [paused, both]] = headroom.ports.map(|row| row.map(f64::from));
        Some(Lacking {
            nats: mixture_nats(&headroom.alternatives.map(|alternative| alternative.sum)),
            since_tick,
            until_tick,
            dropped: amount,
            dropped_paused: (both, both + other),
            all_paused: (both + paused, both + paused + cool + other),
            drop_ticks: f64::from(headroom.drop_ticks),
            at_once: usize::from(headroom.at_once),
            port: *self.topology.devices[device].ports.get(usize::from(headroom.port))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tick(paused: u16, both: u16, other: u16) -> Did {
        let port = (both > 0).then_some(0);
        Did { ports: [[8 - paused - both - other, other], [paused, both]], port, packets: f32::from(both) * 100.0 }
    }

    fn headroom(ticks: impl IntoIterator<Item = Did>, elsewhere: (f32, f32)) -> Headroom {
        let mut headroom = Headroom::default();
        (0..).zip(ticks).for_each(|(at, did)| headroom.step(at, did, elsewhere));
        headroom
    }

    fn nats(headroom: &Headroom) -> f64 {
        mixture_nats(&headroom.alternatives.map(|alternative| alternative.sum))
    }

    #[test]
    fn drops_where_the_switch_has_paused_are_evidence_against_its_own_past_and_that_of_all() {
        let sound = || (0..40).map(|_| tick(3, 0, 0));
        let lacks = |ticks: i64| sound().chain((0..ticks).map(|_| tick(1, 4, 0)));
        let clean = (0.0, 300.0);
        assert!(nats(&headroom(sound(), clean)) <= 0.0);
        let found = headroom(lacks(9), clean);
        assert!((24.0..28.0).contains(&nats(&found)), "{}", nats(&found));
        assert_eq!((found.ports, found.drop_ticks, found.at_once), ([[27.0, 0.0], [9.0, 36.0]], 9.0, 4));
        // All switches drop in half of the ticks in which they pause.
        assert!(nats(&headroom(lacks(9), (150.0, 300.0))) < 6.0);
        // It has dropped from the beginning: nothing is known of how it was before.
        assert!(nats(&headroom((0..60).map(|_| tick(1, 4, 0)), clean)) < 1.0);
        // Too short a past.
        assert_eq!(nats(&headroom((0..10).map(|_| tick(3, 0, 0)).chain((0..9).map(|_| tick(0, 4, 0))), clean)), 0.0);
    }

    #[test]
    fn ticks_without_pauses_say_nothing_and_ticks_without_drops_end_it() {
        let sound = || (0..40).map(|_| tick(3, 0, 0));
        let every_second = (0..18).map(|at| if at % 2 == 0 { tick(1, 4, 0) } else { tick(0, 0, 0) });
        let found = headroom(sound().chain(every_second), (0.0, 300.0));
        assert!(nats(&found) > 24.0, "{}", nats(&found));
        let mended = sound().chain((0..12).map(|_| tick(1, 4, 0))).chain((0..12).map(|_| tick(3, 0, 0)));
        assert!(nats(&headroom(mended, (0.0, 300.0))) <= f64::from(SUSPICIOUS));
    }
}

//! The PCIe link of network cards: which use fewer lanes, or a lower speed, than they can.
//!
//! ```text
//! pcie_width      16  16   8   8   8      lanes in use
//! pcie_max_width  16  16  16  16  16      lanes that the card can use
//!                          ▲ below since this reading, and it was more before
//! ```
//! 16 bytes of each card that tells its PCIe link; of one that is below what it can a little more.

use super::Features;
use super::cells::{Cells, cell, times};
use crate::fabric::{EntityTable, PortId, PortRef, TickBatch, Topology};
use nonmax::NonMaxU32;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use weft_wire::Table;

/// Lanes, and speed in halves of a GT/s, so that the 2.5 GT/s of the first generation is a whole number. 0: not told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Lanes {
    pub width: u16,
    halves: u16,
}

impl Lanes {
    fn told(self, width: Option<f64>, gtps: Option<f64>) -> Lanes {
        Lanes {
            width: width.map_or(self.width, |width| width as u16),
            halves: gtps.map_or(self.halves, |gtps| (gtps * 2.0).round() as u16),
        }
    }

    pub fn gtps(self) -> f64 {
        f64::from(self.halves) / 2.0
    }

    /// Bits a second that it carries one way, its coding aside.
    pub fn bps(self) -> f64 {
        f64::from(self.width.max(1)) * self.gtps() * 1e9
    }

    pub fn is_below(self, other: Lanes) -> bool {
        let is = |own: u16, other: u16| own > 0 && own < other;
        is(self.width, other.width) || is(self.halves, other.halves)
    }
}

/// What one card says of its PCIe link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    pub now: Lanes,
    pub can: Lanes,
    /// The most that it has used.
    best: Lanes,
}

impl Link {
    pub fn is_below(&self) -> bool {
        self.now.is_below(self.can)
    }

    /// It used more before.
    pub fn fell(&self) -> bool {
        self.now.is_below(self.best)
    }
}

/// A card, and its port in this process once it was heard.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Card {
    link: Link,
    #[serde(skip)]
    port: Option<NonMaxU32>,
}

const _: () = assert!(size_of::<Card>() == 16);

/// What cards of one kind use.
pub type Kinds = BTreeMap<(String, Lanes), Vec<Lanes>>;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Pcie {
    by_slot: Vec<Card>,
    /// By slot: cards that are below what they can, or were.
    below: BTreeMap<u32, Below>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Below {
    at: PortRef,
    #[serde(skip)]
    pub port: PortId,
    pub link: Link,
    pub since_ns: Option<i64>,
    /// The last tick that told it.
    pub tick: i64,
}

impl Pcie {
    pub fn below(&self) -> impl Iterator<Item = &Below> {
        self.below.values()
    }

    pub fn tells(&self) -> bool {
        self.by_slot.iter().any(|card| card.link != Link::default())
    }

    /// What cards use, by their place in the node (the port's name) and by what they can. Goes through all cards.
    pub fn kinds(&self, topology: &Topology) -> Kinds {
        let mut kinds = Kinds::new();
        for card in self.by_slot.iter().filter(|card| card.link.now != Lanes::default()) {
            let Some(port) = card.port else { continue };
            let name = topology.name(port.get() as PortId).port;
            kinds.entry((name, card.link.can)).or_default().push(card.link.now);
        }
        kinds
    }

    /// Gives every port its number in this process; what is gone is forgotten.
    pub fn find_in(&mut self, topology: &Topology) {
        self.below.retain(|_, below| {
            let port = topology.find_port(&below.at.device, &below.at.port);
            below.port = port.unwrap_or_default();
            port.is_some()
        });
    }

    pub fn forget(&mut self) {
        *self = Pcie::default();
    }
}

impl Features {
    pub(super) fn update_pcie(&mut self, batches: &[TickBatch], entities: &EntityTable) {
        for batch in batches.iter().filter(|batch| batch.table == Table::Nic) {
            let [width, speed, most_width, most_speed] =
                ["pcie_width", "pcie_speed_gtps", "pcie_max_width", "pcie_max_speed_gtps"]
                    .map(|counter| Cells::of(batch, counter));
            if width.is_none() && speed.is_none() {
                continue;
            }
            let time = times(batch);
            for (row, &id) in batch.entities.iter().enumerate() {
                let told = [&width, &speed, &most_width, &most_speed].map(|cells| cell(cells, row));
                let Some(ts_ns) = time(row).filter(|_| told.iter().any(Option::is_some)) else { continue };
                let [width, speed, most_width, most_speed] = told;
                let Some(port) = self.port_of(id, entities) else { continue };
                let slot = self.slots.of(id);
                if self.pcie.by_slot.len() <= slot {
                    self.pcie.by_slot.resize(slot + 1, Card::default());
                }
                let card = &mut self.pcie.by_slot[slot];
                card.port = NonMaxU32::new(port as u32);
                let link = &mut card.link;
                link.can = link.can.told(most_width, most_speed);
                // A card that is gone reads as 0 lanes: nothing is known of it then.
                link.now = link.now.told(width.filter(|w| *w >= 1.0), speed.filter(|gtps| *gtps > 0.0));
                let best =
                    Lanes { width: link.best.width.max(link.now.width), halves: link.best.halves.max(link.now.halves) };
                link.best = best;
                let (link, tick) = (*link, self.tick);
                if width.or(speed).is_some() {
                    self.note_pcie(slot, port, link, ts_ns, tick);
                }
            }
        }
    }

    fn note_pcie(&mut self, slot: usize, port: PortId, link: Link, ts_ns: i64, tick: i64) {
        let Features { pcie, topology, .. } = self;
        let slot = slot as u32;
        if !link.is_below() && !pcie.below.contains_key(&slot) {
            return;
        }
        let begin = || Below { at: topology.name(port), port, link, since_ns: None, tick };
        let below = pcie.below.entry(slot).or_insert_with(begin);
        let since_ns = below.since_ns.unwrap_or(ts_ns);
        (below.port, below.link, below.tick) = (port, link, tick);
        below.since_ns = link.is_below().then_some(since_ns);
    }
}

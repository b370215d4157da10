//! GPUs by what each says of itself: clocks that are held down, memory that fails, and GPUs that are lost.
//!
//! Kept of each GPU that tells its clock and what holds it down, or counts errors or Xids: some 200 bytes. Of none else.

mod clocks;
mod rows;
mod xids;

pub use clocks::{Held, Why};
pub use xids::FALLEN_OFF;

use super::Features;
use crate::fabric::{EntityTable, InsideId, LinkEvent, PortRef, TickBatch, Topology, is_time};
use clocks::Clock;
use rows::{Columns, Row};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use weft_wire::Table;
use xids::Says;

/// Ticks for which a GPU must fail to be read while another one of its node is read: one reading may meet a driver that is busy.
const UNREADABLE_TICKS: u32 = 3;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Gpus {
    by_slot: Vec<Option<Gpu>>,
    /// By name: GPUs that are lost, or were.
    #[serde(with = "super::packed::pairs")]
    lost: BTreeMap<PortRef, Lost>,
    /// By name: GPUs whose memory failed.
    #[serde(with = "super::packed::pairs")]
    memory: BTreeMap<PortRef, Memory>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Gpu {
    pub at: PortRef,
    /// Its number in this process, once something was wrong with it.
    #[serde(skip)]
    pub inside: Option<InsideId>,
    /// The last tick that told its clock.
    pub clock_tick: i64,
    clock: Clock,
    pub held: Option<Held>,
    /// The last tick that told anything of it, and for how many rows it could not be read since.
    pub told_tick: i64,
    unreadable: u32,
    unreadable_since_ns: i64,
    /// As last read; NaN where they were not.
    uncorrectable: f64,
    failures: f64,
    xids: f64,
}

const _: () = assert!(size_of::<Gpu>() <= 192, "beside its names");

/// How it is known that a GPU is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LostBy {
    Xid(u32),
    /// Its readings fail while those of another GPU of its node do not.
    Unreadable,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Lost {
    #[serde(skip)]
    pub inside: InsideId,
    pub by: LostBy,
    pub since_ns: i64,
    /// It told something of itself again, in this tick at last.
    pub back_tick: Option<i64>,
}

/// What failed in a GPU's memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MemoryBy {
    Xid(u32),
    /// `ecc_uncorrectable` rose.
    Uncorrectable,
    /// `remap_failures` rose.
    Remap,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Memory {
    #[serde(skip)]
    pub inside: InsideId,
    pub by: MemoryBy,
    pub since_ns: i64,
    /// When it failed the last time, and in which tick that was seen.
    pub until_ns: i64,
    pub until_tick: i64,
    /// Errors, or Xids, since then.
    pub errors: f64,
    pub told_tick: i64,
}

impl Gpu {
    fn new(at: PortRef) -> Gpu {
        Gpu {
            at,
            inside: None,
            clock_tick: i64::MIN,
            clock: Clock::default(),
            held: None,
            told_tick: i64::MIN,
            unreadable: 0,
            unreadable_since_ns: 0,
            uncorrectable: f64::NAN,
            failures: f64::NAN,
            xids: f64::NAN,
        }
    }
}

/// What a row says that is new.
enum News {
    Xid(Says),
    /// So many errors more.
    Memory(MemoryBy, f64),
}

impl Gpu {
    fn take(&mut self, tick: i64, row: Row) -> Vec<News> {
        match (row.is_alive, row.is_unreadable) {
            (true, _) => (self.told_tick, self.unreadable) = (tick, 0),
            (false, true) => {
                self.unreadable_since_ns = if self.unreadable == 0 { row.ts_ns } else { self.unreadable_since_ns };
                self.unreadable = self.unreadable.saturating_add(1);
            }
            (false, false) => {}
        }
        self.clock.most_mhz = row.most_mhz.unwrap_or(self.clock.most_mhz);
        if let Some((mhz, reasons)) = row.mhz.zip(row.reasons) {
            self.clock = Clock { ts_ns: row.ts_ns, reasons, mhz, most_mhz: self.clock.most_mhz.max(mhz) };
            self.clock_tick = tick;
        }
        let xid = rose(&mut self.xids, row.xids).and(row.last_xid).and_then(xids::of_code).map(News::Xid);
        let memory = [
            rose(&mut self.uncorrectable, row.uncorrectable).map(|more| News::Memory(MemoryBy::Uncorrectable, more)),
            rose(&mut self.failures, row.failures).map(|more| News::Memory(MemoryBy::Remap, more)),
        ];
        memory.into_iter().chain([xid]).flatten().collect()
    }
}

/// By how much a count rose since it was read last, where it did.
fn rose(last: &mut f64, told: Option<f64>) -> Option<f64> {
    let told = told?;
    let more = told - std::mem::replace(last, told);
    (more > 0.0).then_some(more)
}

impl Gpus {
    pub fn all(&self) -> impl Iterator<Item = &Gpu> {
        self.by_slot.iter().flatten()
    }

    pub fn lost(&self) -> impl Iterator<Item = &Lost> {
        self.lost.values()
    }

    pub fn memory(&self) -> impl Iterator<Item = &Memory> {
        self.memory.values()
    }

    /// Gives every part its number in this process.
    pub fn take_in(&mut self, topology: &mut Topology) {
        self.lost.iter_mut().for_each(|(at, lost)| lost.inside = topology.take_in(at));
        self.memory.iter_mut().for_each(|(at, memory)| memory.inside = topology.take_in(at));
        for gpu in self.by_slot.iter_mut().flatten().filter(|gpu| gpu.held.is_some()) {
            gpu.inside = Some(topology.take_in(&gpu.at));
        }
    }

    pub fn forget(&mut self) {
        *self = Gpus::default();
    }
}

impl Features {
    pub(super) fn update_gpus(&mut self, batches: &[TickBatch], events: &[LinkEvent], entities: &EntityTable) {
        for batch in batches.iter().filter(|batch| batch.table == Table::Gpu) {
            self.update_gpu_rows(batch, entities);
        }
        // An Xid that its collector cannot give to a GPU is of no GPU that could be accused.
        for event in events.iter().filter(|event| is_time(event.ts_ns) && !event.port.is_empty()) {
            if let Some(says) = xids::read(&event.event, &event.text) {
                self.note_gpu(&PortRef::new(&*event.device, &*event.port), event.ts_ns, News::Xid(says));
            }
        }
        self.update_held();
        self.update_unreadable();
    }

    fn update_gpu_rows(&mut self, batch: &TickBatch, entities: &EntityTable) {
        let columns = Columns::of(batch);
        for (row, &id) in batch.entities.iter().enumerate() {
            let Some(row) = columns.row(row) else { continue };
            let name = || {
                let entity = entities.get(id);
                PortRef::new(&*entity.device, &*entity.port)
            };
            let slot = self.slots.of(id);
            if self.gpus.by_slot.len() <= slot {
                self.gpus.by_slot.resize(slot + 1, None);
            }
            let known = &mut self.gpus.by_slot[slot];
            if known.is_none() && row.tells() {
                *known = Some(Gpu::new(name()));
            }
            let news = known.as_mut().map_or_else(Vec::new, |gpu| gpu.take(self.tick, row));
            for news in news {
                self.note_gpu(&name(), row.ts_ns, news);
            }
            if row.is_alive && !(self.gpus.lost.is_empty() && self.gpus.memory.is_empty()) {
                self.note_alive(&name(), row.ts_ns);
            }
        }
    }

    /// A GPU that is lost is so until it tells something of itself that is newer.
    fn note_alive(&mut self, at: &PortRef, ts_ns: i64) {
        let Features { gpus, tick, tick_ns, .. } = self;
        if let Some(lost) = gpus.lost.get_mut(at).filter(|lost| ts_ns > lost.since_ns + *tick_ns) {
            lost.back_tick = Some(*tick);
        }
        if let Some(memory) = gpus.memory.get_mut(at) {
            memory.told_tick = *tick;
        }
    }

    fn note_gpu(&mut self, at: &PortRef, ts_ns: i64, news: News) {
        match news {
            News::Xid(Says::Lost(code)) => self.note_lost(at, ts_ns, LostBy::Xid(code)),
            News::Xid(Says::Memory(code)) => self.note_memory(at, ts_ns, MemoryBy::Xid(code), 1.0),
            News::Memory(by, errors) => self.note_memory(at, ts_ns, by, errors),
        }
    }

    fn note_lost(&mut self, at: &PortRef, since_ns: i64, by: LostBy) {
        if self.gpus.lost.get(at).is_none_or(|known| known.back_tick.is_some()) {
            let inside = self.topology.take_in(at);
            self.gpus.lost.insert(at.clone(), Lost { inside, by, since_ns, back_tick: None });
        }
    }

    fn note_memory(&mut self, at: &PortRef, ts_ns: i64, by: MemoryBy, errors: f64) {
        let tick = self.tick;
        let Features { gpus, topology, .. } = self;
        let begin = || {
            let inside = topology.take_in(at);
            Memory { inside, by, since_ns: ts_ns, until_ns: ts_ns, until_tick: tick, errors: 0.0, told_tick: tick }
        };
        let memory = gpus.memory.entry(at.clone()).or_insert_with(begin);
        (memory.until_ns, memory.until_tick) = (ts_ns, tick);
        // An Xid and a counter may tell of the same error: the Xid names it, the counter counts.
        match (memory.by, by) {
            (known, by) if known == by => memory.errors += errors,
            (MemoryBy::Xid(_), _) => {}
            _ => (memory.by, memory.errors) = (by, errors),
        }
    }

    fn update_held(&mut self) {
        let tick = self.tick;
        let told = |gpu: &&Gpu| gpu.clock_tick == tick;
        let asks = self.gpus.all().filter(told).any(|gpu| clocks::asks_peers(gpu.clock));
        let usual =
            if asks { clocks::usual(self.gpus.all().filter(told).map(|gpu| gpu.clock)) } else { BTreeMap::new() };
        let Features { gpus, topology, .. } = self;
        for gpu in gpus.by_slot.iter_mut().flatten().filter(|gpu| gpu.clock_tick == tick) {
            gpu.held = gpu.clock.held(gpu.held, usual.get(&clocks::kind(gpu.clock)).copied());
            if gpu.held.is_some() && gpu.inside.is_none() {
                gpu.inside = Some(topology.take_in(&gpu.at));
            }
        }
    }

    /// Where all GPUs of a node cannot be read, their driver or its reader is in trouble, and none of them is.
    fn update_unreadable(&mut self) {
        let gone: Vec<(PortRef, i64)> = self
            .gpus
            .all()
            .filter(|gpu| gpu.unreadable >= UNREADABLE_TICKS && gpu.told_tick > i64::MIN)
            .map(|gpu| (gpu.at.clone(), gpu.unreadable_since_ns))
            .collect();
        if gone.is_empty() {
            return;
        }
        let told = self.gpus.all().filter(|gpu| gpu.told_tick == self.tick);
        let speaking: BTreeSet<String> = told.map(|gpu| gpu.at.device.clone()).collect();
        for (at, since_ns) in gone.into_iter().filter(|(at, _)| speaking.contains(&at.device)) {
            self.note_lost(&at, since_ns, LostBy::Unreadable);
        }
    }
}

#[cfg(test)]
mod tests;

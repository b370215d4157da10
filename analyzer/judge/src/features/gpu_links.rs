//! Links between GPUs: which of them are down, and which count more errors than a sound one.
//!
//! A node of 8 GPUs has 144 NVLinks. Of a sound one a single bit is remembered: that it was up once, without which a link that is
//! down is down by design (a board without its bridge). What is wrong with a link is remembered from its first error on.
//!
//! ```text
//! link_up      1  1  1  0  0  1       down since the first 0; a link that was never 1 is not down
//! crc_errors   7  7  7  7 31 80       0 0 0 0 24 49: the evidence is that of ports (errors.rs)
//! ```
//! Beside the evidence of `errors.rs`, which takes eight ticks at least, a link is seen to fail where it counts [`HEAVY`] errors a
//! second, tick after tick.

use super::Features;
use super::cells::{Cells, times};
use super::errors::{Errors, OF_GPU_LINKS, Passed, READS, Rising};
use crate::fabric::{Entity, EntityTable, InsideId, PortRef, TickBatch, Topology};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use weft_wire::Table;

/// Errors a second that no sound link counts: the published threshold (reference/faults.md, 13), a hundred times what the standard
/// allows.
pub const HEAVY: f64 = 100.0;
const COUNTERS: usize = READS.len() - OF_GPU_LINKS;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct GpuLinks {
    /// By slot, 64 a word: the link was up once.
    seen_up: Vec<u64>,
    /// When the first link was first read: until its first error a link had none since then.
    begun_ns: Option<i64>,
    /// By slot: links with which something is or was wrong.
    troubled: BTreeMap<u32, GpuLink>,
    /// Links that told of errors in this tick.
    #[serde(skip)]
    noted: Vec<u32>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GpuLink {
    pub at: PortRef,
    /// Its number in this process.
    #[serde(skip)]
    pub inside: InsideId,
    /// Since when it is down.
    pub down_since_ns: Option<i64>,
    /// The last ticks that told its state, and one of its counters.
    pub state_tick: i64,
    pub count_tick: i64,
    errors: Errors,
    /// By counter: what this tick brought, and for how many ticks it has been [`HEAVY`] now.
    rose: [f64; COUNTERS],
    heavy: [u32; COUNTERS],
}

impl GpuLink {
    fn new(at: PortRef, topology: &mut Topology) -> GpuLink {
        GpuLink {
            inside: take_in(&at, topology),
            at,
            down_since_ns: None,
            state_tick: i64::MIN,
            count_tick: i64::MIN,
            errors: Errors::default(),
            rose: [0.0; COUNTERS],
            heavy: [0; COUNTERS],
        }
    }

    /// The GPU that it belongs to: `gpu3` of `gpu3/link7`.
    pub fn gpu(&self) -> &str {
        gpu_of(&self.at.port)
    }

    /// Of its counters the one of which it is surest that more comes than usual; for how many ticks it has counted [`HEAVY`].
    pub fn rising(&self, tick: i64) -> Option<(Rising, u32)> {
        let rising = self.errors.rising(tick, None)?;
        let heavy = self.heavy.iter().copied().max().unwrap_or(0);
        Some((rising, heavy))
    }

    fn step(&mut self, tick: i64, tick_ns: i64, now_s: f64, begun_s: f64) {
        let seconds = (now_s, begun_s);
        self.errors.step(Passed { tick, tick_ns, packets: None, seconds, planned_bps: None });
        let apart = if self.count_tick > i64::MIN { (tick - self.count_tick).max(1) } else { 1 };
        let most = HEAVY * apart as f64 * tick_ns as f64 / 1e9;
        for (rose, heavy) in self.rose.iter_mut().zip(&mut self.heavy) {
            *heavy = if std::mem::take(rose) >= most { heavy.saturating_add(1) } else { 0 };
        }
        self.count_tick = tick;
    }
}

impl GpuLinks {
    /// Links with which something is or was wrong.
    pub fn troubled(&self) -> impl Iterator<Item = &GpuLink> {
        self.troubled.values()
    }

    /// How many links were up once.
    pub fn known(&self) -> usize {
        self.seen_up.iter().map(|word| word.count_ones() as usize).sum()
    }

    pub fn tells(&self) -> bool {
        self.begun_ns.is_some()
    }

    /// Gives every part its number in this process.
    pub fn take_in(&mut self, topology: &mut Topology) {
        self.troubled.values_mut().for_each(|link| link.inside = take_in(&link.at, topology));
    }

    pub fn forget(&mut self, is_it: impl Fn(&GpuLink) -> bool) {
        self.troubled.retain(|_, link| !is_it(link));
    }

    fn was_up(&self, slot: usize) -> bool {
        self.seen_up.get(slot / 64).is_some_and(|word| word & (1 << (slot % 64)) != 0)
    }

    fn note_up(&mut self, slot: usize) {
        if self.seen_up.len() <= slot / 64 {
            self.seen_up.resize(slot / 64 + 1, 0);
        }
        self.seen_up[slot / 64] |= 1 << (slot % 64);
    }
}

/// The link's number, and its GPU's: several links of one GPU are a trouble of the GPU.
fn take_in(at: &PortRef, topology: &mut Topology) -> InsideId {
    topology.take_in(&PortRef::new(&*at.device, gpu_of(&at.port)));
    topology.take_in(at)
}

fn gpu_of(port: &str) -> &str {
    port.split('/').next().unwrap_or_default()
}

fn name(entity: &Entity) -> PortRef {
    PortRef::new(&*entity.device, &*entity.port)
}

impl Features {
    /// Notes by how much a counter of a link rose; `None` where it was set back.
    pub(super) fn note_gpu_link(&mut self, entity: &Entity, counter: u8, rise: Option<i64>) {
        let slot = self.slots.of(entity.id) as u32;
        let Features { gpu_links, topology, .. } = self;
        let begins = rise.is_some_and(|rise| rise > 0);
        if !begins && !gpu_links.troubled.contains_key(&slot) {
            return;
        }
        let begin = || GpuLink::new(name(entity), topology);
        let link = gpu_links.troubled.entry(slot).or_insert_with(begin);
        link.errors.note(counter, rise);
        link.rose[usize::from(counter) - OF_GPU_LINKS] += rise.unwrap_or(0) as f64;
        gpu_links.noted.push(slot);
    }

    /// Once all rows of a tick are noted.
    pub(super) fn update_gpu_links(&mut self, batches: &[TickBatch], entities: &EntityTable) {
        for batch in batches.iter().filter(|batch| batch.table == Table::GpuLink) {
            self.update_link_states(batch, entities);
        }
        let Features { gpu_links, tick, tick_ns, now_ns, .. } = self;
        let now_s = *now_ns as f64 / 1e9;
        let begun_s = gpu_links.begun_ns.map_or(now_s, |ns| ns as f64 / 1e9);
        let mut noted = std::mem::take(&mut gpu_links.noted);
        noted.sort_unstable();
        noted.dedup();
        for slot in noted {
            if let Some(link) = gpu_links.troubled.get_mut(&slot) {
                link.step(*tick, *tick_ns, now_s, begun_s);
            }
        }
    }

    fn update_link_states(&mut self, batch: &TickBatch, entities: &EntityTable) {
        let time = times(batch);
        let states = Cells::of(batch, "link_up");
        for (row, &id) in batch.entities.iter().enumerate() {
            let Some(ts_ns) = time(row) else { continue };
            self.gpu_links.begun_ns.get_or_insert(ts_ns);
            let Some(up) = states.as_ref().and_then(|states| states.get(row)) else { continue };
            let slot = self.slots.of(id);
            let Features { gpu_links, topology, tick, .. } = self;
            if up > 0.0 {
                gpu_links.note_up(slot);
            }
            if up <= 0.0 && gpu_links.was_up(slot) {
                let begin = || GpuLink::new(name(entities.get(id)), topology);
                gpu_links.troubled.entry(slot as u32).or_insert_with(begin).down_since_ns.get_or_insert(ts_ns);
            }
            if let Some(link) = gpu_links.troubled.get_mut(&(slot as u32)) {
                link.state_tick = *tick;
                link.down_since_ns = link.down_since_ns.filter(|_| up <= 0.0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testkit::{Extra, Scene, iteration, star};

    /// One second after another in which the link tells this.
    fn told(seconds: &[&'static [(&'static str, f64)]]) -> Scene {
        let mut scene = Scene::new(star(2));
        for told in seconds {
            let told = vec![("h1", "gpu3/link7", *told)];
            scene.second(|_, at| iteration(at, 1_070_000_000, 0), Extra { told, ..Extra::default() });
        }
        scene
    }

    #[test]
    fn a_link_is_down_that_was_up() {
        const UP: &[(&str, f64)] = &[("link_up", 1.0)];
        const DOWN: &[(&str, f64)] = &[("link_up", 0.0)];
        let down = |seconds: &[&'static [(&'static str, f64)]]| {
            let scene = told(seconds);
            let links = &scene.engine.features().gpu_links;
            links
                .troubled()
                .next()
                .map(|link| (link.at.port.clone(), link.gpu().to_owned(), link.down_since_ns.is_some()))
        };
        let link = |down: bool| Some(("gpu3/link7".to_owned(), "gpu3".to_owned(), down));
        assert_eq!(down(&[DOWN, DOWN]), None, "it was never up");
        assert_eq!(down(&[UP, UP]), None, "nothing is remembered of a sound link");
        assert_eq!((down(&[UP, DOWN]), down(&[UP, DOWN, UP])), (link(true), link(false)));
    }

    #[test]
    fn errors_are_remembered_from_the_first_rise_on() {
        const NONE: &[(&str, f64)] = &[("crc_errors", 40.0)];
        const MANY: &[(&str, f64)] = &[("crc_errors", 400.0)];
        const MORE: &[(&str, f64)] = &[("crc_errors", 800.0)];
        let heavy = |seconds: &[&'static [(&'static str, f64)]]| {
            let scene = told(seconds);
            let (features, link) = (scene.engine.features(), scene.engine.features().gpu_links.troubled().next());
            link.map(|link| link.rising(features.tick).map(|(rising, heavy)| (READS[rising.counter].counter, heavy)))
        };
        assert_eq!(heavy(&[NONE, NONE]), None);
        assert_eq!(heavy(&[NONE, MANY]), Some(Some(("crc_errors", 1))));
        assert_eq!(heavy(&[NONE, MANY, MORE]), Some(Some(("crc_errors", 2))));
        assert_eq!(heavy(&[NONE, MANY, MORE, MORE]), Some(Some(("crc_errors", 0))));
        assert_eq!(heavy(&[NONE, MANY, NONE]), Some(Some(("crc_errors", 0))), "set back");
    }
}

//! What ingest remembers of one collector.

use super::dedup::{Before, BootStream};
use super::event::IngestEvent;
use super::park::Park;
use super::quality::Blindness;
use super::resolve::KnownInventory;
use super::sequence::SequenceSet;
use super::stats::CollectorStatus;
use super::twins::{Heard, Twins};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use weft_wire::{Fingerprint, Frame, Inventory};

/// Incarnations remembered: a late frame of the one before still counts; older ones are gone for good.
const MAX_BOOTS: usize = 4;
/// Versions of the inventory remembered over those incarnations.
const MAX_INVENTORIES: usize = 8;
/// Schemas of one collector whose blindness is kept.
const MAX_SCHEMAS: usize = 64;

/// What is kept over a restart: which frames of an incarnation have been counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    pub boot: u64,
    /// Ranges of sequence numbers, ends included.
    pub ranges: Vec<(u64, u64)>,
    pub last_flush_ns: i64,
    /// Frames that the collector had given up on by then; `None` in a mark of an older weft.
    #[serde(default)]
    pub dropped: Option<u64>,
}

#[derive(Debug)]
pub struct Collector {
    pub id: u32,
    pub name: Arc<str>,
    /// Oldest first.
    boots: Vec<BootStream>,
    /// Marks of an earlier run, by incarnation, until its first frame comes.
    marks: BTreeMap<u64, Mark>,
    inventories: Vec<Arc<KnownInventory>>,
    pub park: Park,
    twins: Twins,
    pub last_flush_ns: Option<i64>,
    blindness: HashMap<Fingerprint, Blindness>,
    pub status: CollectorStatus,
}

impl Collector {
    pub fn new(id: u32, name: &str, marks: Vec<Mark>) -> Collector {
        Collector {
            id,
            name: name.into(),
            boots: Vec::new(),
            marks: marks.into_iter().map(|mark| (mark.boot, mark)).collect(),
            inventories: Vec::new(),
            park: Park::default(),
            twins: Twins::default(),
            last_flush_ns: None,
            blindness: HashMap::new(),
            status: CollectorStatus { collector: name.to_owned(), ..Default::default() },
        }
    }

    /// The stream of an incarnation, and the flush time before it when this frame shows a restart.
    pub fn stream(&mut self, frame: &Frame) -> (&mut BootStream, Option<i64>) {
        if let Some(at) = self.boots.iter().position(|b| b.boot == frame.boot) {
            return (&mut self.boots[at], None);
        }
        let mark = self.marks.remove(&frame.boot);
        let before = self.last_flush_ns.or_else(|| self.marks.values().map(|m| m.last_flush_ns).max());
        let restarted = before.filter(|_| mark.is_none());
        // An incarnation that begins has dropped nothing yet.
        let begun = restarted.map(|flush_ns| Before { flush_ns, dropped: Some(0) });
        let known = mark.as_ref().map(|mark| Before { flush_ns: mark.last_flush_ns, dropped: mark.dropped });
        let counted = SequenceSet::from_ranges(mark.into_iter().flat_map(|m| m.ranges));
        // Known and restarted: it began at 0. Known from an earlier run: nothing after its mark may be missing.
        let head = match (counted.max(), restarted) {
            (Some(max), _) => frame.sequence.min(max.saturating_add(1)),
            (None, Some(_)) => 0,
            (None, None) => frame.sequence,
        };
        if self.boots.len() == MAX_BOOTS {
            self.boots.remove(0);
        }
        self.boots.push(BootStream::new(frame.boot, head, counted, known.or(begun)));
        let last = self.boots.len() - 1;
        (&mut self.boots[last], restarted)
    }

    pub fn streams(&mut self) -> impl Iterator<Item = &mut BootStream> {
        self.boots.iter_mut()
    }

    /// Every frame that the newest incarnation flushed up to this time has come.
    pub fn complete_through_ns(&self) -> Option<i64> {
        self.boots.last().and_then(BootStream::complete_through_ns)
    }

    pub fn marks(&self) -> Vec<Mark> {
        let last_flush_ns = self.last_flush_ns.unwrap_or_default();
        let mark = |b: &BootStream| Mark {
            boot: b.boot,
            ranges: b.counted.ranges().collect(),
            last_flush_ns,
            dropped: b.dropped(),
        };
        self.boots.iter().map(mark).chain(self.marks.values().cloned()).collect()
    }

    /// Returns false when that version is known already.
    pub fn learn(&mut self, inventory: Inventory) -> bool {
        let same = |k: &Arc<KnownInventory>| (k.boot, k.version) == (inventory.boot, inventory.version);
        if self.inventories.iter().any(same) {
            return false;
        }
        self.status.devices = inventory.devices.iter().map(|d| d.device.clone()).collect();
        self.status.ports = inventory.ports.len();
        self.status.flush_period_ms = inventory.flush_period_ms;
        self.status.inventory_version = inventory.version;
        if self.inventories.len() == MAX_INVENTORIES {
            self.inventories.remove(0);
        }
        self.inventories.push(Arc::new(KnownInventory::new(inventory)));
        true
    }

    /// The inventory a frame was made under. A newer one of the same incarnation serves too: a collector does not give
    /// an index another meaning while it lives, and after a rewind the older version may not be there any more.
    pub fn inventory(&self, boot: u64, version: u64) -> Option<Arc<KnownInventory>> {
        let of_boot = self.inventories.iter().filter(|k| k.boot == boot && k.version >= version);
        of_boot.min_by_key(|k| k.version).cloned()
    }

    /// Some where another collector of this name is heard instead of this frame's: the event that says so, the first time.
    pub fn is_twin(&mut self, frame: &Frame) -> Option<Option<IngestEvent>> {
        let Heard::Twin { heard, is_first } = self.twins.hear(frame.boot, frame.flush_ts_ns) else { return None };
        self.status.twin_frames += 1;
        let event = IngestEvent::Twins { collector: self.name.to_string(), heard, set_aside: frame.boot };
        Some(is_first.then_some(event))
    }

    /// A later frame of an earlier time: the collector's clock was set back. One that is merely late has an earlier number.
    pub fn is_set_back(&self, frame: &Frame, patience_ns: i64) -> bool {
        let status = &self.status;
        frame.boot == status.boot
            && frame.sequence > status.sequence
            && self.last_flush_ns.is_some_and(|last| frame.flush_ts_ns < last.saturating_sub(patience_ns))
    }

    /// Its clock was set back: when it was last heard of lies in what is now the future.
    pub fn forget_times(&mut self) {
        (self.last_flush_ns, self.status.last_seen_ns) = (None, 0);
    }

    /// Takes the header's and the rows' word for how the collector does.
    pub fn note(&mut self, frame: &Frame) {
        self.last_flush_ns = self.last_flush_ns.max(Some(frame.flush_ts_ns));
        for section in frame.sections.iter().filter(|s| s.schema.table.is_wide()) {
            let fingerprint = section.schema.fingerprint();
            if self.blindness.len() < MAX_SCHEMAS || self.blindness.contains_key(&fingerprint) {
                self.blindness.insert(fingerprint, Blindness::of(section));
            }
        }
        if frame.flush_ts_ns < self.status.last_seen_ns {
            return;
        }
        let status = &mut self.status;
        status.last_seen_ns = frame.flush_ts_ns;
        (status.boot, status.sequence) = (frame.boot, frame.sequence);
        status.clock_error_us = frame.clock_error_us;
        status.drops = frame.dropped_frames;
        status.saturated = self.blindness.values().map(|b| b.saturated).sum();
        status.failed = self.blindness.values().map(|b| b.failed).sum();
        status.blind = self.blindness.values().map(|b| b.total()).sum();
        if status.blind > 0 || !status.blind_counters.is_empty() {
            self.name_blind();
        }
    }

    fn name_blind(&mut self) {
        let known = self.inventories.last();
        let name = |(port, counter, reason): &(i32, String, &str)| {
            let port = known.and_then(|k| k.port(*port)).map_or("?", |p| &*p.port);
            format!("{port}/{counter}: {reason}")
        };
        let mut names: Vec<String> = self.blindness.values().flat_map(|b| b.named.iter().map(name)).collect();
        names.sort_unstable();
        self.status.blind_counters = names;
    }
}

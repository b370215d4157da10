//! Rows gathered by tick, and the closing of ticks.

use super::resolve::{KnownInventory, Resolver};
use crate::inventory::EntityId;
use crate::tick::{LinkEvent, Silence, StepMark, Tick, TickBatch};
use arrow_array::RecordBatch;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use weft_wire::{Fingerprint, TableSchema};

/// Where rows come from. Its order is the order of rows in a tick.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    pub name: Arc<str>,
    pub flush_ns: i64,
    pub boot: u64,
    pub sequence: u64,
    pub section: u32,
    pub collector: u32,
}

#[derive(Debug)]
struct Part {
    origin: Origin,
    known: Arc<KnownInventory>,
    schema: Arc<TableSchema>,
    batch: RecordBatch,
}

#[derive(Debug, Default)]
struct Pending {
    parts: Vec<Part>,
    events: Vec<LinkEvent>,
    steps: Vec<StepMark>,
    /// Collector → latest flush that told of this tick.
    told: HashMap<u32, i64>,
}

/// A collector that has told of a closed tick.
#[derive(Debug)]
struct Member {
    name: Arc<str>,
    last_ns: i64,
    known: Arc<KnownInventory>,
}

/// A tick, and what had to be left out of it.
#[derive(Debug)]
pub struct Closed {
    pub tick: Tick,
    /// Rows of ports that no inventory names.
    pub unknown_rows: usize,
}

#[derive(Debug)]
pub struct Aligner {
    tick_ns: i64,
    pending: BTreeMap<i64, Pending>,
    closed_through: Option<i64>,
    /// Judged by closed ticks only, so that who is silent does not depend on the order of arrival.
    members: BTreeMap<u32, Member>,
    pub resolver: Resolver,
}

impl Aligner {
    pub fn new(tick_ns: i64) -> Aligner {
        let (pending, members, resolver) = Default::default();
        Aligner { tick_ns, pending, closed_through: None, members, resolver }
    }

    pub fn closed_through(&self) -> Option<i64> {
        self.closed_through
    }

    pub fn is_closed(&self, tick: i64) -> bool {
        self.closed_through.is_some_and(|closed| tick <= closed)
    }

    /// Index of the first tick that holds something and is not closed.
    pub fn first_pending(&self) -> Option<i64> {
        self.pending.first_key_value().map(|(&tick, _)| tick)
    }

    pub fn last_pending(&self) -> Option<i64> {
        self.pending.last_key_value().map(|(&tick, _)| tick)
    }

    fn open(&mut self, tick: i64, origin: &Origin) -> Option<&mut Pending> {
        if self.is_closed(tick) {
            return None;
        }
        let pending = self.pending.entry(tick).or_default();
        let told = pending.told.entry(origin.collector).or_insert(origin.flush_ns);
        *told = origin.flush_ns.max(*told);
        Some(pending)
    }

    /// False when the tick is closed: the rows are late.
    pub fn add_rows(
        &mut self,
        tick: i64,
        origin: &Origin,
        known: &Arc<KnownInventory>,
        schema: &Arc<TableSchema>,
        batch: RecordBatch,
    ) -> bool {
        let Some(pending) = self.open(tick, origin) else { return false };
        let (origin, known, schema) = (origin.clone(), known.clone(), schema.clone());
        pending.parts.push(Part { origin, known, schema, batch });
        true
    }

    pub fn add_event(&mut self, origin: &Origin, event: LinkEvent) -> bool {
        let tick = event.ts_ns.div_euclid(self.tick_ns);
        self.open(tick, origin).map(|pending| pending.events.push(event)).is_some()
    }

    /// A mark belongs to the tick in which it ended: before that nobody could know it.
    pub fn add_step(&mut self, origin: &Origin, step: StepMark) -> bool {
        let tick = step.end_ns.div_euclid(self.tick_ns);
        self.open(tick, origin).map(|pending| pending.steps.push(step)).is_some()
    }

    /// A frame without rows: its collector lives, and had nothing to say of this tick.
    pub fn add_sign_of_life(&mut self, tick: i64, origin: &Origin) -> bool {
        self.open(tick, origin).is_some()
    }

    /// Drops what is pending after `tick`; returns the rows lost.
    pub fn drop_after(&mut self, tick: i64) -> usize {
        let dropped = self.pending.split_off(&(tick + 1));
        dropped.values().flat_map(|p| &p.parts).map(|part| part.batch.num_rows()).sum()
    }

    /// Closes all ticks up to `through`, in order. Ticks nobody told of do not exist.
    pub fn close_through(&mut self, through: i64) -> Vec<Closed> {
        let later = self.pending.split_off(&through.saturating_add(1));
        let due = std::mem::replace(&mut self.pending, later);
        let closed = due.into_iter().map(|(index, pending)| self.close(index, pending)).collect();
        self.closed_through = self.closed_through.max(Some(through));
        closed
    }

    fn close(&mut self, index: i64, mut pending: Pending) -> Closed {
        pending.parts.sort_unstable_by(|a, b| a.origin.cmp(&b.origin));
        pending.events.sort_unstable_by(|a, b| event_order(a).cmp(&event_order(b)));
        pending.steps.sort_unstable_by(|a, b| step_order(a).cmp(&step_order(b)));
        let silent = self.silent(&pending);
        let (batches, unknown_rows) = self.gather(pending.parts);
        let start_ns = index * self.tick_ns;
        let end_ns = start_ns + self.tick_ns;
        let tick = Tick { index, start_ns, end_ns, batches, events: pending.events, steps: pending.steps, silent };
        Closed { tick, unknown_rows }
    }

    /// Who told of an earlier tick and not of this one; and notes who told of this one.
    fn silent(&mut self, pending: &Pending) -> Vec<Silence> {
        let mut silent: Vec<_> =
            self.members.iter().filter(|(id, _)| !pending.told.contains_key(id)).map(|(_, m)| m.silence()).collect();
        silent.sort_unstable_by(|a, b| a.collector.cmp(&b.collector));
        for part in &pending.parts {
            self.note(part);
        }
        for (collector, &flush_ns) in &pending.told {
            if let Some(member) = self.members.get_mut(collector) {
                member.last_ns = member.last_ns.max(flush_ns);
            }
        }
        silent
    }

    fn note(&mut self, part: &Part) {
        let Part { origin, known, .. } = part;
        let new = || Member { name: origin.name.clone(), last_ns: origin.flush_ns, known: known.clone() };
        let member = self.members.entry(origin.collector).or_insert_with(new);
        if !Arc::ptr_eq(&member.known, known) {
            member.known = known.clone();
        }
    }

    /// Rows of one schema become one batch: detectors work on wide batches, and a fleet sends narrow ones.
    fn gather(&mut self, parts: Vec<Part>) -> (Vec<TickBatch>, usize) {
        let mut unknown_rows = 0;
        let mut groups: BTreeMap<(weft_wire::Table, Fingerprint), Group> = BTreeMap::new();
        for Part { origin, known, schema, batch } in parts {
            let (entities, batch, unknown) = self.resolver.resolve(origin.collector, &known, schema.table, batch);
            unknown_rows += unknown;
            let group = groups.entry((schema.table, schema.fingerprint())).or_insert_with(|| Group::new(schema));
            group.entities.extend(entities);
            group.batches.push(batch);
        }
        (groups.into_values().filter_map(Group::finish).collect(), unknown_rows)
    }
}

impl Member {
    fn silence(&self) -> Silence {
        let flush_period_ns = i64::from(self.known.flush_period_ms) * 1_000_000;
        let (collector, devices) = (self.name.to_string(), self.known.devices.clone());
        Silence { collector, devices, last_ns: self.last_ns, flush_period_ns }
    }
}

struct Group {
    schema: Arc<TableSchema>,
    entities: Vec<EntityId>,
    batches: Vec<RecordBatch>,
}

impl Group {
    fn new(schema: Arc<TableSchema>) -> Group {
        Group { schema, entities: Vec::new(), batches: Vec::new() }
    }

    fn finish(mut self) -> Option<TickBatch> {
        let batch = match self.batches.len() {
            1 => self.batches.pop()?,
            _ => arrow_select::concat::concat_batches(self.schema.arrow(), &self.batches).ok()?,
        };
        let some = batch.num_rows() > 0;
        some.then_some(TickBatch { table: self.schema.table, schema: self.schema, entities: self.entities, batch })
    }
}

fn event_order(e: &LinkEvent) -> (i64, &str, &str, &str, &str) {
    (e.ts_ns, &e.device, &e.port, &e.event, &e.text)
}

fn step_order(s: &StepMark) -> (i64, i64, &str, i32, &str, i64, &str) {
    (s.end_ns, s.start_ns, &s.job, s.rank, &s.device, s.step, &s.phase)
}

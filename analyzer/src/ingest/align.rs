//! Rows gathered by tick, and the closing of ticks.

use super::resolve::{KnownInventory, Resolver};
use arrow_array::RecordBatch;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use weft_judge::fabric::EntityId;
use weft_judge::fabric::{LinkEvent, Silence, StepMark, Tick, TickBatch};
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
    /// Collector → flush time of its latest frame with rows of this tick, ns.
    reported: HashMap<u32, i64>,
}

/// A collector that has reported in a closed tick.
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
    pub failed: Vec<FailedRows>,
}

/// Rows that weft itself failed to take in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedRows {
    pub place: Place,
    pub collector: u32,
    pub rows: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Finding the ports of rows.
    Resolve,
    /// Joining the rows of one schema.
    Concat,
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
        let reported = pending.reported.entry(origin.collector).or_insert(origin.flush_ns);
        *reported = origin.flush_ns.max(*reported);
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

    /// Drops what is pending after `tick`; returns the rows lost, events and marks among them.
    pub fn drop_after(&mut self, tick: i64) -> usize {
        let dropped = self.pending.split_off(&(tick + 1));
        let rows = |p: &Pending| p.parts.iter().map(|part| part.batch.num_rows()).sum::<usize>();
        dropped.values().map(|p| rows(p) + p.events.len() + p.steps.len()).sum()
    }

    /// Time goes back to this tick: rows of it and of later ticks are taken again. Nobody is silent before they have been heard of
    /// in the new time.
    pub fn reopen(&mut self, first: i64) {
        self.closed_through = Some(first - 1);
        self.members.clear();
    }

    /// Closes all ticks up to `through`, in order. A tick without rows of any collector does not exist.
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
        let Gathered { batches, unknown_rows, failed } = self.gather(pending.parts);
        let start_ns = index * self.tick_ns;
        let end_ns = start_ns + self.tick_ns;
        let tick = Tick { index, start_ns, end_ns, batches, events: pending.events, steps: pending.steps, silent };
        Closed { tick, unknown_rows, failed }
    }

    /// Collectors that reported in an earlier tick and not in this one; and notes which did in this one.
    fn silent(&mut self, pending: &Pending) -> Vec<Silence> {
        let mut silent: Vec<_> = self
            .members
            .iter()
            .filter(|(id, _)| !pending.reported.contains_key(id))
            .map(|(_, m)| m.silence())
            .collect();
        silent.sort_unstable_by(|a, b| a.collector.cmp(&b.collector));
        for part in &pending.parts {
            self.note(part);
        }
        for (collector, &flush_ns) in &pending.reported {
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
    fn gather(&mut self, parts: Vec<Part>) -> Gathered {
        let mut gathered = Gathered::default();
        let mut groups: BTreeMap<(weft_wire::Table, Fingerprint), Group> = BTreeMap::new();
        for Part { origin, known, schema, batch } in parts {
            let collector = origin.collector;
            let resolved = self.resolver.resolve(collector, &known, schema.table, batch);
            gathered.unknown_rows += resolved.unknown;
            if resolved.failed > 0 {
                gathered.failed.push(FailedRows { place: Place::Resolve, collector, rows: resolved.failed });
            }
            let group = groups.entry((schema.table, schema.fingerprint())).or_insert_with(|| Group::new(schema));
            group.entities.extend(resolved.entities);
            group.collectors.push(collector);
            group.batches.push(resolved.batch);
        }
        groups.into_values().for_each(|group| group.finish(&mut gathered));
        gathered
    }
}

impl Member {
    fn silence(&self) -> Silence {
        let flush_period_ns = i64::from(self.known.flush_period_ms) * 1_000_000;
        let (collector, devices) = (self.name.to_string(), self.known.devices.clone());
        Silence { collector, devices, last_ns: self.last_ns, flush_period_ns }
    }
}

/// The batches of a tick, and what had to be left out of them.
#[derive(Default)]
struct Gathered {
    batches: Vec<TickBatch>,
    unknown_rows: usize,
    failed: Vec<FailedRows>,
}

struct Group {
    schema: Arc<TableSchema>,
    entities: Vec<EntityId>,
    /// Of each batch, whose it is.
    collectors: Vec<u32>,
    batches: Vec<RecordBatch>,
}

impl Group {
    fn new(schema: Arc<TableSchema>) -> Group {
        Group { schema, entities: Vec::new(), collectors: Vec::new(), batches: Vec::new() }
    }

    /// Rows that cannot be joined are left out and counted for the collector that sent them.
    fn finish(self, gathered: &mut Gathered) {
        let joined = match self.batches.as_slice() {
            [one] => Ok(one.clone()),
            all => arrow_select::concat::concat_batches(self.schema.arrow(), all),
        };
        match joined {
            Ok(batch) if batch.num_rows() == 0 => {}
            Ok(batch) => gathered.batches.push(TickBatch {
                table: self.schema.table,
                schema: self.schema,
                entities: self.entities,
                batch,
            }),
            Err(_) => gathered.failed.extend(
                self.collectors.iter().zip(&self.batches).map(|(&collector, batch)| FailedRows {
                    place: Place::Concat,
                    collector,
                    rows: batch.num_rows(),
                }),
            ),
        }
    }
}

fn event_order(e: &LinkEvent) -> (i64, &str, &str, &str, &str) {
    (e.ts_ns, &e.device, &e.port, &e.event, &e.text)
}

fn step_order(s: &StepMark) -> (i64, i64, &str, i32, &str, i64, &str) {
    (s.end_ns, s.start_ns, &s.job, s.rank, &s.device, s.step, &s.phase)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::{ArrayRef, StringArray};
    use weft_wire::Table;

    #[test]
    fn rows_that_cannot_be_joined_are_counted_for_the_collector_that_sent_them() {
        let schema = Arc::new(TableSchema::wide(Table::Nic, &["rx_bytes"]).unwrap());
        // As wide as its schema says and of other types: no joining of the two.
        let foreign = |rows: usize| {
            let columns = schema.arrow().fields().iter().map(|field| {
                let column = Arc::new(StringArray::from(vec!["x"; rows])) as ArrayRef;
                (field.name().clone(), column)
            });
            RecordBatch::try_from_iter(columns).unwrap()
        };
        let batches = vec![foreign(2), foreign(3)];
        let mut group = Group::new(schema);
        (group.collectors, group.batches) = (vec![4, 9], batches);
        let mut gathered = Gathered::default();
        group.finish(&mut gathered);
        let failed = |collector, rows| FailedRows { place: Place::Concat, collector, rows };
        assert_eq!((gathered.batches.len(), gathered.failed), (0, vec![failed(4, 2), failed(9, 3)]));
    }
}

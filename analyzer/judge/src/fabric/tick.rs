//! A closed tick: everything that is known of one interval of event time. The engine judges tick by tick. Example: at a tick
//! of 1 s, tick 1,700,000,000 holds all rows, events and marks from 22:13:20 to 22:13:21 UTC of 2023-11-14.
//!
//! Its content depends on the data alone, never on the order of arrival: batches are sorted by (collector, sequence,
//! section), events and marks by time, so a replay of the same data gives the same ticks.

use crate::fabric::EntityId;
use arrow_array::RecordBatch;
use std::ops::Range;
use std::sync::Arc;
use weft_wire::{Table, TableSchema};

/// What may be a time, ns since 1970: from 1897 to 2116. The difference of any two of them, and their sum with hours, fits
/// its 64 bits, so that judging needs no checks of its own. Ingest lets no other stamp in.
const TIMES: Range<i64> = -(1 << 61)..1 << 62;

pub fn is_time(ts_ns: i64) -> bool {
    TIMES.contains(&ts_ns)
}

#[derive(Clone, Debug)]
pub struct Tick {
    /// `start_ns / tick_ns`.
    pub index: i64,
    pub start_ns: i64,
    pub end_ns: i64,
    pub batches: Vec<TickBatch>,
    pub events: Vec<LinkEvent>,
    pub steps: Vec<StepMark>,
    /// Collectors of the inventory of which no frame for this tick has come.
    pub silent: Vec<Silence>,
}

/// Rows of one schema of a wide table, of one collector or several. `batch` has the key columns of [`TableSchema`] and then
/// a column a counter.
#[derive(Clone, Debug)]
pub struct TickBatch {
    pub table: Table,
    pub schema: Arc<TableSchema>,
    /// The entity of each row: the collector's `port` column, resolved.
    pub entities: Vec<EntityId>,
    pub batch: RecordBatch,
}

#[derive(Clone, Debug, PartialEq)]
pub struct LinkEvent {
    pub ts_ns: i64,
    pub device: String,
    pub port: String,
    /// `link_down`, `link_up`, `xid`, `kernel`, `maintenance`, `change`.
    pub event: String,
    pub text: String,
}

/// A mark of the training loop.
#[derive(Clone, Debug, PartialEq)]
pub struct StepMark {
    pub job: String,
    pub rank: i32,
    pub device: String,
    pub step: i64,
    /// `compute`, `communicate`, `wait`, `io`, or empty for the whole step.
    pub phase: String,
    pub start_ns: i64,
    pub end_ns: i64,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Silence {
    pub collector: String,
    pub devices: Vec<String>,
    /// Event time of the last frame of it.
    pub last_ns: i64,
    pub flush_period_ns: i64,
}

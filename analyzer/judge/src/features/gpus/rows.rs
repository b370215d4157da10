//! What one row of table `gpu` says.

use crate::fabric::TickBatch;
use crate::features::cells::{Cells, cell, times};
use arrow_array::Array;
use arrow_array::cast::AsArray;
use weft_wire::{Quality, QualityFlag};

/// A GPU that answers tells one of these in every row.
const ALIVE: [&str; 5] =
    ["temperature_c", "utilization_percent", "sm_clock_mhz", "power_w", "memory_utilization_percent"];
/// The place of the flags of a row among its key columns.
const QUALITY: usize = 4;

#[derive(Clone, Copy, Debug)]
pub struct Row {
    pub ts_ns: i64,
    pub is_alive: bool,
    /// Reading it failed: it is not merely left out.
    pub is_unreadable: bool,
    pub mhz: Option<f64>,
    pub most_mhz: Option<f64>,
    pub reasons: Option<u32>,
    pub uncorrectable: Option<f64>,
    pub failures: Option<f64>,
    pub xids: Option<f64>,
    pub last_xid: Option<u32>,
}

impl Row {
    /// It tells something that is remembered of a GPU.
    pub fn tells(&self) -> bool {
        self.reasons.is_some() || [self.uncorrectable, self.failures, self.xids].iter().any(Option::is_some)
    }
}

/// The columns of a batch.
pub struct Columns<'a> {
    batch: &'a TickBatch,
    alive: [Option<Cells<'a>>; ALIVE.len()],
    told: [Option<Cells<'a>>; 7],
}

impl<'a> Columns<'a> {
    pub fn of(batch: &'a TickBatch) -> Columns<'a> {
        let told = [
            "sm_clock_mhz",
            "max_sm_clock_mhz",
            "throttle_reasons",
            "ecc_uncorrectable",
            "remap_failures",
            "xid",
            "last_xid",
        ];
        let of = |counter: &str| Cells::of(batch, counter);
        Columns { batch, alive: ALIVE.map(of), told: told.map(of) }
    }

    /// `None` of a row whose time is no time.
    pub fn row(&self, row: usize) -> Option<Row> {
        let ts_ns = times(self.batch)(row)?;
        let is_alive = self.alive.iter().any(|cells| cell(cells, row).is_some());
        let [mhz, most_mhz, reasons, uncorrectable, failures, xids, last] =
            self.told.each_ref().map(|cells| cell(cells, row));
        Some(Row {
            ts_ns,
            is_alive,
            is_unreadable: !is_alive && self.could_not_be_read(row),
            mhz,
            most_mhz,
            reasons: reasons.map(|bits| bits as u32),
            uncorrectable,
            failures,
            xids,
            last_xid: last.map(|code| code as u32),
        })
    }

    fn could_not_be_read(&self, row: usize) -> bool {
        let flags = self.batch.batch.column(QUALITY).as_binary_opt::<i32>().filter(|flags| flags.is_valid(row));
        let flags = flags.and_then(|flags| QualityFlag::parse_row(flags.value(row))).unwrap_or_default();
        let counters = &self.batch.schema.counters;
        let is_alive = |column: u16| counters.get(usize::from(column)).is_some_and(|name| ALIVE.contains(&&**name));
        flags.iter().any(|flag| flag.quality == Quality::Failed && is_alive(flag.column))
    }
}

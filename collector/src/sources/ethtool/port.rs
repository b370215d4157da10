//! One port: its names learnt, its values read, left alone for a while when they fail or are slow.

use super::names::{Choice, NAME, catalogue_driver, choose};
use crate::backoff::Backoff;
use crate::board::{Board, CellId, EntityId};
use crate::clock::{Window, now_ns};
use crate::ethtool::{Edge, Outcome, Statistics, driver};
use crate::schedule::Round;
use std::io;
use std::time::{Duration, Instant};
use tracing::{info, warn};
use weft_wire::{Table, Tier};

/// A reading that costs more is made at normal ticks only. Eight ports read ten times a second take 1 % of a core at 125 µs.
const DEAR_US: f32 = 125.0;
/// So many slow readings in a row are the driver's doing; fewer may be a busy machine's.
const SLOW_IN_A_ROW: u32 = 3;
/// The line of `--explain` that speaks of the port's statistics as a whole.
const WHOLE: &str = "(statistics)";

pub struct Port {
    entity: EntityId,
    /// None until they were learnt.
    table: Option<StatisticsTable>,
    /// Speaks of the port's statistics as a whole.
    whole: CellId,
    backoff: Backoff,
    slow_in_a_row: u32,
    is_dear: bool,
}

/// Names, and where their values go.
struct StatisticsTable {
    statistics: Statistics,
    /// By place.
    cells: Vec<(CellId, Tier)>,
    lanes: Vec<(EntityId, CellId, usize)>,
    wants_fast: bool,
}

/// What became of a reading.
#[derive(Debug, PartialEq, Eq)]
pub enum Pass {
    Done,
    Gone,
}

impl Port {
    pub fn new(entity: EntityId) -> Port {
        let (backoff, whole) = (Backoff::default(), CellId::NONE);
        Port { entity, table: None, whole, backoff, slow_in_a_row: 0, is_dear: false }
    }

    pub fn entity(&self) -> EntityId {
        self.entity
    }

    pub fn withdraw(self, board: &mut Board) {
        let lanes = self.table.into_iter().flat_map(|table| table.lanes);
        lanes.for_each(|(lane, _, _)| board.withdraw(lane, NAME));
        board.withdraw(self.entity, NAME);
    }

    pub fn read(&mut self, edge: &dyn Edge, name: &str, round: &Round, slow: Duration, board: &mut Board) -> Pass {
        let start = Instant::now();
        let wants_fast = self.table.as_ref().is_some_and(|table| table.wants_fast) && !self.is_dear;
        if !self.backoff.is_ready(start) || !(wants_fast || round.wants(Tier::Normal)) {
            return Pass::Done;
        }
        let pass = self.try_read(edge, name, round, board);
        let took = start.elapsed();
        // Names are learnt at slow ticks: that may take its time.
        let is_slow = took > slow && !round.wants(Tier::Slow);
        self.slow_in_a_row = if is_slow { self.slow_in_a_row + 1 } else { 0 };
        match pass {
            Err(error) if is_gone(&error) => return Pass::Gone,
            Err(error) => self.back_off(name, &error.to_string(), board),
            Ok(()) if self.slow_in_a_row >= SLOW_IN_A_ROW => {
                self.back_off(name, &format!("slow: {} ms for one reading", took.as_millis()), board);
            }
            Ok(()) if self.backoff.succeeded() => info!(port = name, "statistics are readable again"),
            Ok(()) => {}
        }
        Pass::Done
    }

    fn try_read(&mut self, edge: &dyn Edge, name: &str, round: &Round, board: &mut Board) -> io::Result<()> {
        let mut learnt_now = false;
        if self.table.is_none() {
            self.learn(edge, name, board)?;
            learnt_now = true;
        }
        let start = Instant::now();
        let Some(table) = &mut self.table else { return Ok(()) };
        if table.statistics.read(edge, name)? == Outcome::Changed {
            if learnt_now {
                return Err(io::Error::other("its number of statistics changes from reading to reading"));
            }
            self.forget(board);
            return self.try_read(edge, name, round, board);
        }
        let took = start.elapsed();
        let took_us = took.as_secs_f32() * 1e6;
        self.is_dear = took_us > DEAR_US;
        table.write(self.entity, Window::lasting(took), took_us, round, board);
        Ok(())
    }

    fn learn(&mut self, edge: &dyn Edge, name: &str, board: &mut Board) -> io::Result<()> {
        // A driver without a name of its own, or without statistics, is no failure.
        let driver = unless_unsupported(driver(edge, name))?.unwrap_or_default();
        let key = catalogue_driver(&driver);
        self.whole = board.cell(self.entity, NAME, &key, WHOLE).unwrap_or(CellId::NONE);
        let statistics = unless_unsupported(Statistics::learn(edge, name))?.unwrap_or_default();
        let choice = choose(board.identity().port_table(), &key, statistics.names());
        if let Some(mut row) = board.row(self.entity, now_ns()) {
            row.absent(self.whole, choice.summary(&driver, statistics.names().len()));
        }
        self.table = Some(StatisticsTable::offer(statistics, &choice, &key, self.entity, board));
        Ok(())
    }

    /// The names are no longer true. Those that come back keep their cells.
    fn forget(&mut self, board: &mut Board) {
        let Some(table) = self.table.take() else { return };
        table.lanes.iter().for_each(|(lane, _, _)| board.withdraw(*lane, NAME));
        board.withdraw(self.entity, NAME);
    }

    fn back_off(&mut self, name: &str, why: &str, board: &mut Board) {
        if let Some(wait) = self.backoff.failed(Instant::now()) {
            warn!(port = name, why, wait_s = wait.as_secs(), "driver statistics are left alone for a while");
        }
        if self.whole == CellId::NONE {
            self.whole = board.cell(self.entity, NAME, NAME, WHOLE).unwrap_or(CellId::NONE);
        }
        let Some(mut row) = board.row(self.entity, now_ns()) else { return };
        row.fail(self.whole, why);
        for (cell, _) in self.table.iter().flat_map(|table| &table.cells) {
            row.fail_unless_absent(*cell, why);
        }
    }
}

impl StatisticsTable {
    fn offer(
        statistics: Statistics,
        choice: &Choice,
        driver: &str,
        entity: EntityId,
        board: &mut Board,
    ) -> StatisticsTable {
        let mut cells = vec![(CellId::NONE, Tier::Slow); statistics.names().len()];
        for named in choice.mapped.iter().chain(&choice.extra) {
            let cell = board.cell(entity, NAME, driver, &named.raw).unwrap_or(CellId::NONE);
            cells[named.place] = (cell, tier(entity, cell, board));
        }
        for raw in &choice.missing {
            let cell = board.cell(entity, NAME, driver, raw).unwrap_or(CellId::NONE);
            if let Some(mut row) = board.row(entity, now_ns()) {
                row.absent(
                    cell,
                    "the catalogue names it for this driver, and the driver has no statistic of that name here",
                );
            }
        }
        let mut lanes = Vec::new();
        let port = board.get(entity).map(|entity| entity.port.clone()).unwrap_or_default();
        for of_lane in &choice.lanes {
            let lane = board.entity(Table::Lane, &format!("{port}/l{}", of_lane.lane));
            lanes.extend(board.cell(lane, NAME, driver, &of_lane.raw).map(|cell| (lane, cell, of_lane.place)));
        }
        let wants_fast = cells.iter().any(|(cell, tier)| *cell != CellId::NONE && *tier == Tier::Fast);
        StatisticsTable { statistics, cells, lanes, wants_fast }
    }

    fn write(&self, entity: EntityId, window: Window, took_us: f32, round: &Round, board: &mut Board) {
        let took_us = took_us / self.cells.len().max(1) as f32;
        if let Some(mut row) = board.row(entity, window) {
            row.took_us(took_us);
            for ((cell, tier), value) in self.cells.iter().zip(self.statistics.values()) {
                if *cell != CellId::NONE && round.wants(*tier) {
                    row.uint(*cell, value);
                }
            }
        }
        if !round.wants(Tier::Slow) {
            return;
        }
        for (lane, cell, place) in &self.lanes {
            if let (Some(mut row), Some(value)) = (board.row(*lane, window), self.statistics.value(*place)) {
                row.took_us(took_us);
                row.uint(*cell, value);
            }
        }
    }
}

fn tier(entity: EntityId, cell: CellId, board: &Board) -> Tier {
    board.get(entity).and_then(|entity| entity.cell(cell)).map_or(Tier::Slow, |cell| cell.tier())
}

impl Choice {
    /// What was found of the port as a whole.
    fn summary(&self, driver: &str, count: usize) -> String {
        if count == 0 {
            let driver = if driver.is_empty() { "its driver" } else { driver };
            return format!("{driver} counts nothing by itself here");
        }
        let mut said = format!("{driver} has {count} statistics");
        if self.rings > 0 {
            said += &format!(
                "; {} of single rings and channels are left out: the port's counters hold their sums",
                self.rings
            );
        }
        if self.beyond > 0 {
            said += &format!("; {} are left out, more than are kept of one port", self.beyond);
        }
        said
    }
}

/// EOPNOTSUPP: the driver answers no such command. That is how a tunnel says that it counts nothing by itself.
fn unless_unsupported<T>(asked: io::Result<T>) -> io::Result<Option<T>> {
    match asked {
        Err(error) if error.raw_os_error() == Some(libc::EOPNOTSUPP) => Ok(None),
        asked => asked.map(Some),
    }
}

/// The interface has gone, or has another name: `netdev` will say which.
fn is_gone(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::ENODEV | libc::ENXIO))
}

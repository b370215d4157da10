//! One port (or GPU, or host): its description, and the cells that sources fill.

use super::cell::{Cell, CellId, Reading, Step, Target};
use super::devices::DeviceId;
use crate::clock::Window;
use std::collections::BTreeMap;
use std::fmt::Display;
use weft_wire::{ExtraRow, Part, Table};

/// Names an entity; one that has gone is never mistaken for its successor in the same slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EntityId {
    pub(super) slot: u32,
    pub(super) index: i32,
}

impl EntityId {
    /// The `port` column of this collector's batches.
    pub fn index(self) -> i32 {
        self.index
    }
}

/// The part in the position, and what it says it can do.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Descriptor {
    pub driver: String,
    pub speed_bps: Option<i64>,
    pub part: Part,
    pub position: String,
    pub labels: BTreeMap<String, String>,
}

#[derive(Debug)]
pub struct Entity {
    pub index: i32,
    /// Whose port it is.
    pub device: DeviceId,
    pub table: Table,
    pub port: String,
    pub epoch: i32,
    pub descriptor: Descriptor,
    cells: Vec<Cell>,
    /// When the row's bytes were read, in a round that reads them; else when its first source read.
    window: Window,
    is_stamped: bool,
    round: u32,
    /// Set while a round is read: the set of counters on offer is no longer the inventory's.
    changed: bool,
    fell: u32,
    moved: u32,
}

impl Entity {
    pub(super) fn new(index: i32, (device, table, port): (DeviceId, Table, &str), epoch: i32) -> Entity {
        Entity {
            index,
            device,
            table,
            port: port.to_owned(),
            epoch,
            descriptor: Descriptor::default(),
            cells: Vec::new(),
            window: Window::from(0),
            is_stamped: false,
            round: 0,
            changed: false,
            fell: 0,
            moved: 0,
        }
    }

    /// Cells that sources now offer.
    pub fn cells(&self) -> impl Iterator<Item = &Cell> {
        self.cells.iter().filter(|c| c.live)
    }

    pub fn cell(&self, id: CellId) -> Option<&Cell> {
        self.cells.get(usize::from(id.0))
    }

    pub(super) fn cells_mut(&mut self) -> impl Iterator<Item = &mut Cell> {
        self.cells.iter_mut().filter(|c| c.live)
    }

    /// Cells whose values are sent as columns.
    pub(super) fn columns(&self) -> impl Iterator<Item = &Cell> {
        self.cells().filter(|c| c.chosen && c.column().is_some())
    }

    pub(super) fn ts_ns(&self) -> i64 {
        self.window.middle_ns()
    }

    /// How long the row's bytes took to read; `None` in a row without them, and where a switch told them and not how long it took.
    pub(super) fn window_us(&self) -> Option<u64> {
        self.is_stamped.then(|| self.window.width_us()).filter(|width_us| *width_us > 0)
    }

    pub(super) fn was_read(&self, round: u32) -> bool {
        self.round == round && self.window.end_ns != 0
    }

    /// Bytes were read in this window: the row bears that time. Those received and those sent may be two readings.
    fn stamp(&mut self, window: Window) {
        self.window = if self.is_stamped { self.window.and(window) } else { window };
        self.is_stamped = true;
    }

    /// A cell that was withdrawn comes back under its old id, so that the list stays as long as there are names.
    pub(super) fn offer(&mut self, source: &'static str, driver: &str, raw: &str, target: Target) -> CellId {
        let same = |c: &Cell| c.source == source && c.raw == raw && c.driver == driver;
        let at = self.cells.iter().position(same).unwrap_or(self.cells.len());
        match self.cells.get_mut(at) {
            Some(cell) => cell.live = true,
            None => self.cells.push(Cell::new(source, driver, raw, target)),
        }
        // What has no column competes for none: a driver may have hundreds of them.
        if self.cells[at].column().is_some() {
            self.choose();
        }
        CellId(at as u16)
    }

    /// False when no source is left.
    pub(super) fn withdraw(&mut self, source: &str) -> bool {
        for cell in self.cells.iter_mut().filter(|c| c.source == source) {
            (cell.live, cell.last) = (false, None);
        }
        self.choose();
        self.cells().next().is_some()
    }

    pub(super) fn renew(&mut self) {
        self.epoch += 1;
        self.cells.iter_mut().for_each(|cell| cell.last = None);
    }

    /// Of cells that fill the same element, the preferred one that is neither blind nor absent. True when that changed.
    fn choose(&mut self) -> bool {
        let rank = |cell: &Cell| {
            let column = cell.column()?;
            let useless = cell.is_saturated() || cell.is_absent();
            Some((column.mapping.counter, column.mapping.element, useless, column.mapping.precedence))
        };
        let ranks: Vec<_> = self.cells.iter().map(|c| c.live.then(|| rank(c)).flatten()).collect();
        let told: Vec<_> = ranks.iter().flatten().copied().collect();
        let mut changed = false;
        for (cell, own) in self.cells.iter_mut().zip(&ranks) {
            let beaten = |own: &(usize, u8, bool, u8)| {
                told.iter().any(|r| (r.0, r.1) == (own.0, own.1) && (r.2, r.3) < (own.2, own.3))
            };
            let chosen = !own.as_ref().is_some_and(beaten);
            changed |= std::mem::replace(&mut cell.chosen, chosen) != chosen;
        }
        changed
    }

    pub(super) fn row(&mut self, round: u32, window: Window) -> Row<'_> {
        if self.round != round {
            (self.round, self.window, self.is_stamped) = (round, window, false);
            (self.fell, self.moved) = (0, 0);
        }
        Row { entity: self, window, read_us: 0.0 }
    }

    /// True when the inventory must be told anew.
    pub(super) fn settle(&mut self, round: u32) -> bool {
        let mut changed = std::mem::take(&mut self.changed);
        if self.round != round {
            return changed;
        }
        if self.looks_reset() {
            self.renew();
            changed = true;
        }
        if changed && self.choose() {
            // Another source's counter stands elsewhere: what follows is no continuation.
            self.renew();
        }
        changed
    }

    /// Most of what moves has fallen together: the device was reset. A single fall is left to the analyzer.
    fn looks_reset(&self) -> bool {
        self.fell > 0 && self.fell * 2 >= self.fell + self.moved
    }

    pub(super) fn extra_rows(&self, round: u32, into: &mut Vec<ExtraRow>) {
        for cell in self.cells().filter(|c| c.round == round) {
            if let (Target::Extra(name), Reading::Uint(value)) = (&cell.target, &cell.reading)
                && let Ok(value) = i64::try_from(*value)
            {
                into.push(ExtraRow { port: self.index, ts_ns: self.ts_ns(), name: name.clone(), value });
            }
        }
    }
}

/// An entity's row of the current round.
#[derive(Debug)]
pub struct Row<'a> {
    entity: &'a mut Entity,
    window: Window,
    read_us: f32,
}

impl Row<'_> {
    /// How long the read took of which the following values come.
    pub fn took_us(&mut self, us: f32) {
        self.read_us = us;
    }

    /// The following values were read in this window.
    pub fn read_in(&mut self, window: Window) {
        self.window = window;
    }

    pub fn uint(&mut self, cell: CellId, value: u64) {
        let Some(cell) = self.entity.cells.get_mut(usize::from(cell.0)) else { return };
        let stamps = cell.stamps();
        match cell.step(value) {
            Step::Still => {}
            Step::Forward => self.entity.moved += 1,
            Step::Fell => self.entity.fell += 1,
        }
        let was_useless = cell.is_absent() || cell.is_saturated();
        cell.reading = Reading::Uint(value);
        self.entity.changed |= was_useless != cell.is_saturated();
        (cell.round, cell.read_us) = (self.entity.round, self.read_us);
        if stamps {
            self.entity.stamp(self.window);
        }
    }

    pub fn float(&mut self, cell: CellId, value: f64) {
        self.set(cell, Reading::Float(value));
    }

    pub fn fail(&mut self, cell: CellId, why: impl Display) {
        self.set(cell, Reading::Failed(why.to_string()));
    }

    /// [`Row::fail`], for a counter that the device was found to offer.
    pub fn fail_unless_absent(&mut self, cell: CellId, why: impl Display) {
        if self.entity.cell(cell).is_some_and(|cell| !cell.is_absent()) {
            self.fail(cell, why);
        }
    }

    pub fn absent(&mut self, cell: CellId, why: impl Display) {
        self.set(cell, Reading::Absent(why.to_string()));
    }

    fn set(&mut self, cell: CellId, reading: Reading) {
        let Some(cell) = self.entity.cells.get_mut(usize::from(cell.0)) else { return };
        let was_absent = cell.is_absent();
        cell.reading = reading;
        self.entity.changed |= was_absent != cell.is_absent();
        (cell.round, cell.read_us) = (self.entity.round, self.read_us);
    }
}

//! A directory of counters of one port: read, found wanting, left alone, tried again.

use super::NAME;
use crate::backoff::Backoff;
use crate::board::{Board, CellId, EntityId, Row};
use crate::schedule::Round;
use crate::sysfs::{self, CounterFile, ReadError};
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tracing::{info, warn};
use weft_wire::{Tier, catalogue};

/// So many counters in a row that cannot be read are the device's failure, not theirs.
const FAILURES_OF_A_DEVICE: u32 = 3;
/// So many slow passes in a row are the device's doing; fewer may be a busy machine's.
const SLOW_IN_A_ROW: u32 = 3;
/// A counter that costs more than this is read at normal ticks only.
const DEAR_US: f32 = 200.0;

pub(super) struct Group {
    directory: PathBuf,
    counters: Vec<Counter>,
    backoff: Backoff,
    is_dear: bool,
    slow_in_a_row: u32,
}

struct Counter {
    raw: String,
    cell: CellId,
    tier: Tier,
    file: Option<CounterFile>,
    /// Absent or unreadable by itself: tried again at slow ticks.
    is_odd: bool,
}

/// What became of a pass over a group.
#[derive(Debug, PartialEq)]
pub(super) enum Pass {
    Done,
    Skipped,
    /// The device has gone, or is another now.
    Gone,
}

impl Group {
    /// Offers a cell for every file that is there; opens none yet. The first of `drivers` that knows the file names it.
    pub fn offer(directory: PathBuf, drivers: &[&str], entity: EntityId, board: &mut Board) -> Group {
        let mut counters = Vec::new();
        for raw in sysfs::names(&directory).unwrap_or_default() {
            let knows = |driver: &&&str| catalogue().mapping(board.identity().port_table(), driver, &raw).is_some();
            let driver = drivers.iter().find(knows).or(drivers.last()).copied().unwrap_or(NAME);
            let Some(cell) = board.cell(entity, NAME, driver, &raw) else { continue };
            let tier = board.get(entity).and_then(|e| e.cell(cell)).map_or(Tier::Slow, |c| c.tier());
            counters.push(Counter { raw, cell, tier, file: None, is_odd: false });
        }
        Group { directory, counters, backoff: Backoff::default(), is_dear: false, slow_in_a_row: 0 }
    }

    /// True when the directory now holds other files than were offered; one that cannot be listed now says nothing.
    pub fn has_changed(&self) -> bool {
        let offered = || self.counters.iter().map(|c| &c.raw);
        sysfs::names_or_none(&self.directory).is_ok_and(|names| !names.iter().eq(offered()))
    }

    pub fn read(&mut self, round: &Round, slow: Duration, row: &mut Row<'_>) -> Pass {
        let start = Instant::now();
        if !self.backoff.is_ready(start) || (self.is_dear && !round.wants(Tier::Normal)) {
            return Pass::Skipped;
        }
        let pass = self.read_counters(round, row);
        let took = start.elapsed();
        // At slow ticks files are opened: that may take its time.
        let is_slow = took > slow && !round.wants(Tier::Slow);
        self.slow_in_a_row = if is_slow { self.slow_in_a_row + 1 } else { 0 };
        match &pass {
            Err(why) => self.back_off(why, row),
            Ok(Pass::Done) if self.slow_in_a_row >= SLOW_IN_A_ROW => {
                self.back_off(&format!("slow: {} ms for one pass", took.as_millis()), row);
            }
            Ok(_) if self.backoff.succeeded() => info!(path = %self.directory.display(), "readable again"),
            Ok(_) => {}
        }
        pass.unwrap_or(Pass::Done)
    }

    fn read_counters(&mut self, round: &Round, row: &mut Row<'_>) -> Result<Pass, String> {
        let (mut failures, mut read, mut last) = (0, 0u32, Instant::now());
        let begin = last;
        for counter in &mut self.counters {
            if !round.wants(counter.tier) || (counter.is_odd && !round.wants(Tier::Slow)) {
                continue;
            }
            let value = counter.read(&self.directory);
            let now = Instant::now();
            row.took_us((now - last).as_secs_f32() * 1e6);
            last = now;
            match value {
                Ok(value) => {
                    (failures, read, counter.is_odd) = (0, read + 1, {
                        row.uint(counter.cell, value);
                        false
                    })
                }
                Err(e) if e.is_gone() && counter.file.is_some() => return Ok(Pass::Gone),
                Err(e) if e.is_unsupported() => {
                    counter.is_odd = true;
                    row.absent(counter.cell, e);
                }
                Err(e) => {
                    (counter.is_odd, counter.file, failures) = (true, None, failures + 1);
                    let why = format!("{}: {e}", self.directory.join(&counter.raw).display());
                    row.fail(counter.cell, &why);
                    if read == 0 || failures >= FAILURES_OF_A_DEVICE {
                        return Err(why);
                    }
                }
            }
        }
        if read > 0 {
            self.is_dear = (last - begin).as_secs_f32() * 1e6 / read as f32 > DEAR_US;
        }
        Ok(Pass::Done)
    }

    fn back_off(&mut self, why: &str, row: &mut Row<'_>) {
        if let Some(wait) = self.backoff.failed(Instant::now()) {
            warn!(path = %self.directory.display(), why, wait_s = wait.as_secs(), "left alone for a while");
        }
        for counter in &mut self.counters {
            counter.is_odd = false;
            if counter.file.is_none() {
                row.fail(counter.cell, why);
            }
        }
    }
}

impl Counter {
    fn read(&mut self, directory: &std::path::Path) -> Result<u64, ReadError> {
        if self.file.is_none() {
            self.file = Some(CounterFile::open(&directory.join(&self.raw))?);
        }
        self.file.as_ref().map_or_else(|| Err(ReadError::NoNumber(String::new())), CounterFile::read)
    }
}

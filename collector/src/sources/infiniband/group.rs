//! A directory of counters of one port: read, found wanting, left alone, tried again.
//!
//! ```text
//!                   a pass in which every file failed, or passes that are slow
//!   whole passes ─────────────────────────────────────────────────────────────► waiting
//!        ▲                                                                        │ time is up
//!        └──── one file read well ◄── probing: one file an attempt, another each ◄┘ (failed: wait twice as long)
//! ```
//! A file that cannot be read blinds its own counter and no other: it is tried again at slow ticks.

use crate::backoff::Backoff;
use crate::board::{Board, CellId, EntityId, Row};
use crate::clock::Window;
use crate::schedule::Round;
use crate::sysfs::{self, CounterFile, ReadError};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use tracing::{info, warn};
use weft_wire::{Tier, catalogue};

/// The source that counters of a group are read by.
pub const NAME: &str = "infiniband";

/// So many failures of a pass in which nothing was read, and slow ones, are enough to know the device's state.
const FAILURES_OF_A_DEVICE: u32 = 3;
/// So many slow passes in a row are the device's doing; fewer may be a busy machine's.
const SLOW_IN_A_ROW: u32 = 3;
/// A counter that costs more than this is read at normal ticks only.
const DEAR_US: f32 = 200.0;

pub(super) struct Group {
    directory: PathBuf,
    counters: Vec<Counter>,
    backoff: Backoff,
    /// Attempts to read a single file while the device is left alone.
    probes: usize,
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

/// What a pass has found so far.
struct Found {
    begin: Instant,
    last: Instant,
    read: u32,
    /// Files that answered, if only that they have no value.
    answered: u32,
    failed: u32,
    why: String,
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
        Group { directory, counters, backoff: Backoff::default(), probes: 0, is_dear: false, slow_in_a_row: 0 }
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
        let pass = match self.probe() {
            Ok(()) => self.read_counters(round, slow, row),
            Err(why) => Err(why),
        };
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

    /// Of a device that failed every read one file is tried, each time another, before all are: each failing read may be a
    /// line in the kernel's log. The error says what that file said.
    fn probe(&mut self) -> Result<(), String> {
        if !self.backoff.has_failed() || self.counters.is_empty() {
            return Ok(());
        }
        let at = self.probes % self.counters.len();
        self.probes += 1;
        match self.counters[at].read(&self.directory) {
            Err(Trouble::Counter(e)) if !e.is_unsupported() => Err(self.describe(at, &e)),
            _ => Ok(()),
        }
    }

    fn read_counters(&mut self, round: &Round, slow: Duration, row: &mut Row<'_>) -> Result<Pass, String> {
        let begin = Instant::now();
        let mut found = Found { begin, last: begin, read: 0, answered: 0, failed: 0, why: String::new() };
        for at in 0..self.counters.len() {
            let counter = &self.counters[at];
            if !round.wants(counter.tier) || (counter.is_odd && !round.wants(Tier::Slow)) {
                continue;
            }
            if self.read_counter(at, row, &mut found) == Pass::Gone {
                return Ok(Pass::Gone);
            }
            if found.is_hopeless(slow) {
                break;
            }
        }
        if found.read > 0 {
            self.is_dear = (found.last - begin).as_secs_f32() * 1e6 / found.read as f32 > DEAR_US;
        }
        if found.failed > 0 && found.answered == 0 { Err(found.why) } else { Ok(Pass::Done) }
    }

    fn read_counter(&mut self, at: usize, row: &mut Row<'_>, found: &mut Found) -> Pass {
        let counter = &mut self.counters[at];
        let value = counter.read(&self.directory);
        let now = Instant::now();
        let took = now - found.last;
        row.took_us(took.as_secs_f32() * 1e6);
        if counter.tier == Tier::Fast {
            row.read_in(Window::lasting(took));
        }
        found.last = now;
        match value {
            Ok(value) => {
                counter.is_odd = false;
                row.uint(counter.cell, value);
                (found.read, found.answered) = (found.read + 1, found.answered + 1);
            }
            Err(Trouble::Device) => return Pass::Gone,
            Err(Trouble::Counter(e)) if e.is_unsupported() => {
                counter.is_odd = true;
                let cell = counter.cell;
                found.answered += 1;
                row.absent(cell, self.describe(at, &e));
            }
            Err(Trouble::Counter(e)) => {
                (counter.is_odd, counter.file) = (!e.is_passing(), None);
                let cell = counter.cell;
                found.failed += 1;
                found.why = self.describe(at, &e);
                row.fail(cell, &found.why);
            }
        }
        Pass::Done
    }

    fn describe(&self, at: usize, error: &ReadError) -> String {
        match error {
            ReadError::NoNumber(_) => error.to_string(),
            ReadError::Io(error) => format!("{}: {error}", self.directory.join(&self.counters[at].raw).display()),
        }
    }

    fn back_off(&mut self, why: &str, row: &mut Row<'_>) {
        if let Some(wait) = self.backoff.failed(Instant::now()) {
            warn!(path = %self.directory.display(), why, wait_s = wait.as_secs(), "left alone for a while");
        }
        for counter in &mut self.counters {
            // What a file said of itself stays; the others were not reached.
            if counter.file.is_none() && !counter.is_odd {
                row.fail(counter.cell, why);
            }
            counter.is_odd = false;
        }
    }
}

impl Found {
    /// Nothing was read, and each failure takes long: the rest would be the same.
    fn is_hopeless(&self, slow: Duration) -> bool {
        self.answered == 0 && self.failed >= FAILURES_OF_A_DEVICE && self.begin.elapsed() > slow
    }
}

/// Whose a failed read is.
enum Trouble {
    Counter(ReadError),
    /// The device behind the open file has gone, or another is there under its name.
    Device,
}

impl Counter {
    fn read(&mut self, directory: &Path) -> Result<u64, Trouble> {
        let was_open = self.file.is_some();
        let error = match self.open_and_read(directory) {
            Err(e) if was_open && e.is_gone() => e,
            read => return read.map_err(Trouble::Counter),
        };
        // The device, or this file alone? The path tells: what stands there now is another device's, or refuses too.
        self.file = None;
        match self.open_and_read(directory) {
            Ok(_) => Err(Trouble::Device),
            Err(_) if !directory.is_dir() => Err(Trouble::Device),
            Err(_) => Err(Trouble::Counter(error)),
        }
    }

    fn open_and_read(&mut self, directory: &Path) -> Result<u64, ReadError> {
        let file = match &self.file {
            Some(file) => file,
            None => self.file.insert(CounterFile::open(&directory.join(&self.raw))?),
        };
        file.read()
    }
}

//! `kmsg`: what the kernel and its drivers say in the kernel's log of GPUs, network cards and the node: an Xid error, a card whose
//! firmware does not answer, a transmit queue that hangs, a file server that does not respond.
//!
//! ```text
//! /dev/kmsg ─► record ─► line worth telling ─► port, GPU or node ─► event `xid` or `kernel`
//! ```
//! Reading begins with the first record after the start: what is older is what was. A driver in trouble may write a thousand
//! lines a second, so one line about one part is told once in [`QUIET_NS`], and how often it came meanwhile is told with the
//! next. An Xid that NVML tells is not told again, unless it says that the GPU is lost: NVML may not be able to.
//!
//! Where the kernel keeps its log from users (`kernel.dmesg_restrict = 1`) reading needs CAP_SYSLOG.

mod lines;
mod record;
mod whose;

use super::{Setup, Source, SourceError};
use crate::board::{Board, CellId, EntityId, Status};
use crate::clock::now_ns;
use crate::root::Root;
use crate::schedule::Round;
use lines::{Part, Said};
use record::Record;
use std::collections::HashMap;
use std::collections::hash_map::{DefaultHasher, Entry};
use std::fs::File;
use std::hash::{Hash, Hasher};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use weft_wire::Tier;

pub const NAME: &str = "kmsg";
/// The catalogue's name of what is counted here.
const DRIVER: &str = "kernel";
/// The kernel gives one record a read, of no more than this (`PRINTK_MESSAGE_MAX` is 2 KiB in kernels of today, CONSOLE_EXT_LOG_MAX
/// 8 KiB before).
const LONGEST: usize = 8 << 10;
/// Records taken up at a tick: some 5 ms. What is left waits for the next tick in the kernel's ring.
const MOST_RECORDS: usize = 1024;
/// The same line about the same part is told once in so long: 10 s.
const QUIET_NS: i64 = 10_000_000_000;
/// So many lines are remembered, each of its kind and about its part; a node has some tens of parts.
const MOST_REMEMBERED: usize = 1024;
/// Fallen off the bus, and firmware that does not answer.
const LOST: [u32; 3] = [79, 119, 120];
/// What NVML counts of Xids, in its driver's name for it.
const BY_NVML: &str = "nvmlEventSetWait.xid.count";

pub fn make(setup: &Setup<'_>) -> Result<Box<dyn Source>, SourceError> {
    let path = setup.root.join("dev/kmsg");
    let opened = File::options().read(true).custom_flags(libc::O_NONBLOCK | libc::O_CLOEXEC).open(&path);
    let log = opened.and_then(|mut log| log.seek(SeekFrom::End(0)).map(|_| log));
    let log = log.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => SourceError::Absent(format!("{}: {error}", path.display())),
        io::ErrorKind::PermissionDenied => SourceError::Failed(format!(
            "{}: {error}; it needs CAP_SYSLOG, or kernel.dmesg_restrict = 0 (in a container also the device /dev/kmsg)",
            path.display()
        )),
        _ => SourceError::failed(&path.display().to_string(), &error),
    })?;
    Ok(Box::new(Kmsg::new(Box::new(log), setup.root.clone())))
}

/// The log is anything that gives one record a read, and [`io::ErrorKind::WouldBlock`] where there is none.
pub struct Kmsg {
    log: Box<dyn Read + Send>,
    root: Root,
    /// The number of the last record.
    last: Option<u64>,
    told: HashMap<Line, Told>,
    xids: HashMap<EntityId, Xids>,
    /// Whose the parts are that were looked for in this tick.
    found: HashMap<Part, Option<EntityId>>,
}

/// What is told once in a while: a line of the table about a part. Of an Xid each code, and of the node each text, by its hash: two
/// file servers that do not respond are two.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Line {
    part: Part,
    line: usize,
    xid: Option<u32>,
    text: u64,
}

#[derive(Clone, Copy, Default)]
struct Told {
    last_ns: i64,
    /// How often it came since then without being told.
    untold: u32,
}

/// Xid errors of a GPU as the log tells them.
struct Xids {
    count: CellId,
    last: CellId,
    counted: u64,
    code: u32,
}

impl Source for Kmsg {
    fn name(&self) -> &'static str {
        NAME
    }

    fn read(&mut self, round: &Round, board: &mut Board) -> Result<(), SourceError> {
        self.found.clear();
        let outcome = self.take_records(round, board);
        if !round.wants(Tier::Normal) {
            return outcome;
        }
        self.xids.retain(|gpu, xids| {
            if !whose::is_on_the_bus(*gpu, board, &self.root) {
                board.withdraw(*gpu, NAME);
                return false;
            }
            let Some(mut row) = board.row(*gpu, now_ns()) else { return false };
            row.uint(xids.count, xids.counted);
            row.uint(xids.last, u64::from(xids.code));
            true
        });
        outcome
    }
}

impl Kmsg {
    pub fn new(log: Box<dyn Read + Send>, root: Root) -> Kmsg {
        Kmsg { log, root, last: None, told: HashMap::new(), xids: HashMap::new(), found: HashMap::new() }
    }

    fn take_records(&mut self, round: &Round, board: &mut Board) -> Result<(), SourceError> {
        let mut buffer = [0; LONGEST];
        for _ in 0..MOST_RECORDS {
            let length = match self.log.read(&mut buffer) {
                Ok(0) => break,
                Ok(length) => length,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                // Records were overwritten before they were read; the next read gives the oldest that is left.
                Err(error) if error.raw_os_error() == Some(libc::EPIPE) => continue,
                Err(error) => return Err(SourceError::failed("/dev/kmsg", &error)),
            };
            if let Some(record) = Record::parse(&buffer[..length]) {
                self.take(&record, round, board);
            }
        }
        Ok(())
    }

    fn take(&mut self, record: &Record, round: &Round, board: &mut Board) {
        let lost = self.last.map_or(0, |last| record.number.saturating_sub(last.saturating_add(1)));
        self.last = Some(record.number);
        if lost > 0 {
            let text = format!("{lost} records of the kernel's log were overwritten before they could be read");
            board.say_of_node(round.due_ns, "collector", &text);
        }
        let Some(said) = Said::of(record) else { return };
        if said.xid.is_none() && self.is_quiet(&said, record, round.due_ns) {
            return;
        }
        let root = &self.root;
        let about = *self.found.entry(said.part.clone()).or_insert_with(|| {
            let known = whose::find(&said.part, board, root);
            known.or_else(|| said.xid.and_then(|_| whose::make_gpu(&said.part, board, root)))
        });
        match said.xid {
            Some(code) => self.take_xid(&said, about, code, record, round, board),
            None => self.tell("kernel", &said, about, record, round, board),
        }
    }

    fn take_xid(
        &mut self,
        said: &Said,
        gpu: Option<EntityId>,
        code: u32,
        record: &Record,
        round: &Round,
        board: &mut Board,
    ) {
        if let Some(gpu) = gpu {
            self.count(gpu, code, board);
            if !LOST.contains(&code) && is_told_by_nvml(gpu, board) {
                return;
            }
        }
        if !self.is_quiet(said, record, round.due_ns) {
            self.tell("xid", said, gpu, record, round, board);
        }
    }

    fn count(&mut self, gpu: EntityId, code: u32, board: &mut Board) {
        match self.xids.entry(gpu) {
            Entry::Occupied(mut known) => {
                let xids = known.get_mut();
                (xids.counted, xids.code) = (xids.counted + 1, code);
            }
            Entry::Vacant(vacant) => {
                let cells = ["xid.count", "xid"].map(|raw| board.cell(gpu, NAME, DRIVER, raw));
                if let [Some(count), Some(last)] = cells {
                    vacant.insert(Xids { count, last, counted: 1, code });
                }
            }
        }
    }

    fn tell(
        &mut self,
        event: &str,
        said: &Said,
        about: Option<EntityId>,
        record: &Record,
        round: &Round,
        board: &mut Board,
    ) {
        let told = self.told.entry(Line::of(said, record)).or_default();
        told.last_ns = round.due_ns;
        let times = std::mem::take(&mut told.untold);
        let repeated = if times > 0 { format!(" ({times} times more since it was told last)") } else { String::new() };
        let text = format!("{}{repeated}", record.text);
        match about {
            Some(id) => board.say(id, round.due_ns, event, &text),
            None => board.say_of_node(round.due_ns, event, &text),
        }
    }

    /// The line was told a moment ago, or there is no room to remember that it was. It is counted.
    fn is_quiet(&mut self, said: &Said, record: &Record, now_ns: i64) -> bool {
        if self.told.len() >= MOST_REMEMBERED {
            self.told.retain(|_, told| (now_ns - told.last_ns).abs() < QUIET_NS);
        }
        let is_full = self.told.len() >= MOST_REMEMBERED;
        let Some(told) = self.told.get_mut(&Line::of(said, record)) else { return is_full };
        // A clock that was set back must not silence it.
        let is_quiet = (0..QUIET_NS).contains(&(now_ns - told.last_ns));
        told.untold = told.untold.saturating_add(u32::from(is_quiet));
        is_quiet
    }
}

impl Line {
    fn of(said: &Said, record: &Record) -> Line {
        let text = match said.part {
            Part::Node => {
                let mut hasher = DefaultHasher::new();
                record.text.hash(&mut hasher);
                hasher.finish()
            }
            _ => 0,
        };
        Line { part: said.part.clone(), line: said.line, xid: said.xid, text }
    }
}

fn is_told_by_nvml(gpu: EntityId, board: &Board) -> bool {
    let mut cells = board.get(gpu).into_iter().flat_map(|gpu| gpu.cells());
    cells.any(|cell| cell.raw == BY_NVML && cell.status().0 == Status::Ok)
}

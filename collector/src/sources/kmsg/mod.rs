//! `kmsg`: what the kernel and its drivers say in the kernel's log of GPUs, network cards and the node: an Xid error, a card whose
//! firmware does not answer, a transmit queue that hangs, a file server that does not respond.
//!
//! ```text
//! /dev/kmsg ─► record ─► line worth telling ─► port, GPU or node ─► event `xid` or `kernel`
//! ```
//! Reading begins with the first record after the start: what is older is what was. A driver in trouble may write a thousand
//! lines a second, so one line about one part is told once in [`QUIET_NS`], and how often it came meanwhile is told with the
//! next. An Xid that NVML tells is not told again.
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
use std::fs::File;
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
/// Kinds of line about so many parts are remembered; a node has some tens of parts.
const MOST_REMEMBERED: usize = 1024;
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
    told: HashMap<(Part, usize), Told>,
    /// Events about a GPU that this source alone knows: no inventory names it before the next tick.
    waiting: Vec<Event>,
    xids: HashMap<EntityId, Xids>,
}

#[derive(Clone, Copy, Default)]
struct Told {
    last_ns: i64,
    /// How often it came since then without being told.
    untold: u32,
}

struct Event {
    about: Option<EntityId>,
    ts_ns: i64,
    event: &'static str,
    text: String,
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
        for event in std::mem::take(&mut self.waiting) {
            event.say(board);
        }
        let outcome = self.take_records(round, board);
        if !round.wants(Tier::Normal) {
            return outcome;
        }
        self.xids.retain(|gpu, xids| {
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
        Kmsg { log, root, last: None, told: HashMap::new(), waiting: Vec::new(), xids: HashMap::new() }
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
        let about = whose::find(&said.part, board, &self.root);
        if let Some(code) = said.xid {
            self.take_xid(&said.part, about, code, record, round, board);
            return;
        }
        if let Some(times) = self.may_tell(&said, round.due_ns) {
            let repeated =
                if times > 0 { format!(" ({times} times more since it was told last)") } else { String::new() };
            let text = format!("{}{repeated}", record.text);
            Event { about, ts_ns: round.due_ns, event: "kernel", text }.say(board);
        }
    }

    fn take_xid(
        &mut self,
        part: &Part,
        about: Option<EntityId>,
        code: u32,
        record: &Record,
        round: &Round,
        board: &mut Board,
    ) {
        let is_new = about.is_none();
        let gpu = about.or_else(|| whose::make_gpu(part, board, &self.root));
        let event = Event { about: gpu, ts_ns: round.due_ns, event: "xid", text: record.text.clone() };
        let Some(gpu) = gpu else { return event.say(board) };
        if !self.xids.contains_key(&gpu) {
            let cells = ["xid.count", "xid"].map(|raw| board.cell(gpu, NAME, DRIVER, raw));
            if let [Some(count), Some(last)] = cells {
                self.xids.insert(gpu, Xids { count, last, counted: 0, code });
            }
        }
        if let Some(xids) = self.xids.get_mut(&gpu) {
            (xids.counted, xids.code) = (xids.counted + 1, code);
        }
        match is_new {
            true => self.waiting.push(event),
            false if is_told_by_nvml(gpu, board) => {}
            false => event.say(board),
        }
    }

    /// How often the line came without being told since it was told last; `None` where it is to wait.
    fn may_tell(&mut self, said: &Said, now_ns: i64) -> Option<u32> {
        if self.told.len() >= MOST_REMEMBERED {
            self.told.retain(|_, told| (now_ns - told.last_ns).abs() < QUIET_NS);
        }
        let key = (said.part.clone(), said.line);
        let is_new = !self.told.contains_key(&key);
        let told = self.told.entry(key).or_default();
        // A clock that was set back must not silence it.
        if !is_new && (0..QUIET_NS).contains(&(now_ns - told.last_ns)) {
            told.untold = told.untold.saturating_add(1);
            return None;
        }
        told.last_ns = now_ns;
        Some(std::mem::take(&mut told.untold))
    }
}

impl Event {
    fn say(self, board: &mut Board) {
        match self.about {
            Some(id) => board.say(id, self.ts_ns, self.event, &self.text),
            None => board.say_of_node(self.ts_ns, self.event, &self.text),
        }
    }
}

fn is_told_by_nvml(gpu: EntityId, board: &Board) -> bool {
    let mut cells = board.get(gpu).into_iter().flat_map(|gpu| gpu.cells());
    cells.any(|cell| cell.raw == BY_NVML && cell.status().0 == Status::Ok)
}

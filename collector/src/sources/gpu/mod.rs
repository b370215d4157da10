//! `gpu`: NVIDIA's GPUs and their NVLinks, by NVML.
//!
//! A GPU that has fallen off the bus can hold a call to NVML for seconds, and starting NVML without the persistence daemon
//! takes a second or more for each GPU. So the library is read on a thread of its own:
//!
//! ```text
//! sampler: read(round) ── what is wanted ──► thread weft-nvml: library ─► answers
//!             ▲                                                            │
//!             └── a reading, or "not yet" after `patience` ◄───────────────┘
//! ```
//! What comes late is taken up at the next tick, with the time at which it was read.

mod asked;
mod counters;
mod reader;
mod reading;
mod rows;

use super::{Setup, Source, SourceError};
use crate::board::Board;
use crate::clock::now_ns;
use crate::schedule::Round;
use reader::Reader;
use reading::Reading;
use rows::Rows;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};
use tracing::info;
use weft_wire::Tier;

pub use rows::NAME;

/// So long without an answer is no busy machine's doing: three normal ticks, as they are configured by default.
const SILENT: Duration = Duration::from_secs(3);

pub fn make(setup: &Setup<'_>) -> Result<Box<dyn Source>, SourceError> {
    if setup.nvml.as_os_str().is_empty() {
        return Err(SourceError::Absent("[collector] nvml is empty".into()));
    }
    let (ask, asked) = mpsc::channel();
    let (answer, answered) = mpsc::channel();
    let path = setup.nvml.to_owned();
    std::thread::Builder::new()
        .name("weft-nvml".into())
        .spawn(move || serve(Reader::new(path), &asked, &answer))
        .map_err(|e| SourceError::failed("start a thread for NVML", &e))?;
    let (patience, rows) = (setup.patience, Rows::new());
    Ok(Box::new(Gpu { ask, answered, waiting_since: None, owes_slow: true, patience, rows, told_absent: false }))
}

type Answered = Result<Reading, SourceError>;

/// Until the source is dropped. It is not waited for: it may be within a call that does not return.
fn serve(mut reader: Reader, asked: &Receiver<Tier>, answer: &Sender<Answered>) {
    while let Ok(slowest) = asked.recv() {
        if answer.send(reader.read(slowest)).is_err() {
            return;
        }
    }
}

struct Gpu {
    ask: Sender<Tier>,
    answered: Receiver<Answered>,
    waiting_since: Option<Instant>,
    /// The slow tick that was due fell into the wait for an earlier answer.
    owes_slow: bool,
    patience: Duration,
    rows: Rows,
    told_absent: bool,
}

impl Source for Gpu {
    fn name(&self) -> &'static str {
        NAME
    }

    fn read(&mut self, round: &Round, board: &mut Board) -> Result<(), SourceError> {
        if !round.wants(Tier::Normal) {
            return Ok(());
        }
        self.owes_slow |= round.wants(Tier::Slow);
        if self.waiting_since.is_none() {
            let slowest = if std::mem::take(&mut self.owes_slow) { Tier::Slow } else { Tier::Normal };
            self.ask.send(slowest).map_err(|_| gone())?;
            self.waiting_since = Some(Instant::now());
        }
        match self.answered.recv_timeout(self.patience) {
            Ok(answered) => {
                self.waiting_since = None;
                self.take(answered, board)
            }
            Err(RecvTimeoutError::Timeout) => self.wait_on(board),
            Err(RecvTimeoutError::Disconnected) => Err(gone()),
        }
    }
}

impl Gpu {
    fn take(&mut self, answered: Answered, board: &mut Board) -> Result<(), SourceError> {
        match answered {
            Ok(reading) => self.rows.write(&reading, board),
            Err(SourceError::Absent(why)) => {
                if !std::mem::replace(&mut self.told_absent, true) {
                    info!(why, "GPUs are not read");
                }
                self.rows.withdraw(board);
                return Err(SourceError::Absent(why));
            }
            Err(error) => {
                self.rows.fail(&error.to_string(), now_ns(), board);
                return Err(error);
            }
        }
        self.told_absent = false;
        Ok(())
    }

    fn wait_on(&self, board: &mut Board) -> Result<(), SourceError> {
        let waited = self.waiting_since.map_or(Duration::ZERO, |since| since.elapsed());
        if waited < SILENT {
            return Ok(());
        }
        let why = format!("NVML has not answered for {} s: it is starting, or a GPU hangs", waited.as_secs());
        self.rows.fail(&why, now_ns(), board);
        Err(SourceError::Failed(why))
    }
}

fn gone() -> SourceError {
    SourceError::Failed("the thread that reads NVML has ended: restart the collector".into())
}

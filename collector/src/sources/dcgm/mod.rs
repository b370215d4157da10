//! `dcgm`: GPUs by the page of a dcgm-exporter that runs on the node already (`[collector] dcgm`), where NVML cannot be reached: in a
//! container without the driver's libraries, say. A counter that NVML tells too is taken from NVML.
//!
//! ```text
//! DCGM_FI_DEV_SM_CLOCK{gpu="3",pci_bus_id="00000000:1B:00.0",…} 1980   ──►   gpu3, column sm_clock_mhz
//! ```
//! The exporter itself reads the GPUs only every 30 s unless it is started with `-c 1000`, and its page does not say when. So a GPU has
//! a row only when something on the page has changed of it: the watts of a GPU change each time that it is read. Else a GPU whose job has
//! ended would seem to be busy for half a minute more.
//!
//! The page tells only the fields that the exporter's list of counters names. Rows of MIG instances are passed over: a part of a GPU is
//! none.

mod exposition;
mod scrape;

use super::{Setup, Source, SourceError};
use crate::board::{Board, CellId, EntityId, Status};
use crate::clock::now_ns;
use crate::schedule::Round;
use exposition::Sample;
use scrape::Scraper;
use std::collections::BTreeMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::time::Duration;
use weft_wire::{Table, Tier, catalogue};

pub const NAME: &str = "dcgm";
/// The catalogue's name of these fields.
const DRIVER: &str = "dcgm";
/// GPUs of one node at most; a page that names more is another cluster's.
const MOST_GPUS: usize = 64;
/// The counter that says which Xid came last; 0 before the first.
const LAST_XID: &str = "last_xid";

pub fn make(setup: &Setup<'_>) -> Result<Box<dyn Source>, SourceError> {
    if setup.dcgm.is_empty() {
        return Err(SourceError::Absent("[collector] dcgm is empty".into()));
    }
    let scraper =
        Scraper::start(setup.dcgm.to_owned()).map_err(|e| SourceError::failed("start a thread for DCGM", &e))?;
    Ok(Box::new(Dcgm { scraper, patience: setup.patience, gpus: BTreeMap::new() }))
}

struct Dcgm {
    scraper: Scraper,
    patience: Duration,
    /// By number.
    gpus: BTreeMap<u32, Gpu>,
}

struct Gpu {
    entity: EntityId,
    cells: BTreeMap<String, CellId>,
    last_xid: Option<u32>,
    /// What the page said of it last, by its hash.
    said: u64,
}

impl Source for Dcgm {
    fn name(&self) -> &'static str {
        NAME
    }

    fn read(&mut self, round: &Round, board: &mut Board) -> Result<(), SourceError> {
        if !round.wants(Tier::Normal) {
            return Ok(());
        }
        match self.scraper.turn(self.patience) {
            // What comes late is taken up at the next tick.
            None => Ok(()),
            Some(Ok((page, fetched_ns))) => self.take(&page, fetched_ns, board),
            Some(Err(why)) => {
                self.fail(&why, board);
                Err(SourceError::Failed(why))
            }
        }
    }
}

/// DCGM says that it has no value, by one of sixteen from a place of each type on (dcgm_structs.h: `DCGM_INT32_BLANK`, `DCGM_INT64_BLANK`,
/// `DCGM_FP64_BLANK`). An exporter may pass them on.
fn is_blank(value: f64) -> bool {
    const INT32: f64 = 2_147_483_632.0;
    const INT64: f64 = 9_223_372_036_854_775_792.0;
    const FP64: f64 = 140_737_488_355_328.0;
    let is_one_of = |blank: f64| (blank..=blank + 15.0).contains(&value);
    !(0.0..INT64).contains(&value) || is_one_of(INT32) || is_one_of(FP64)
}

impl Dcgm {
    fn take(&mut self, page: &str, fetched_ns: i64, board: &mut Board) -> Result<(), SourceError> {
        let (samples, bad) = exposition::read(page);
        let mut of_gpus: BTreeMap<u32, Vec<&Sample<'_>>> = BTreeMap::new();
        for sample in samples.iter().filter(|sample| sample.label("GPU_I_ID").is_none()) {
            let is_known = catalogue().mapping(Table::Gpu, DRIVER, sample.name).is_some();
            let Some(number) = sample.label("gpu").and_then(|gpu| gpu.parse().ok()).filter(|_| is_known) else {
                continue;
            };
            if of_gpus.len() < MOST_GPUS || of_gpus.contains_key(&number) {
                of_gpus.entry(number).or_default().push(sample);
            }
        }
        if of_gpus.is_empty() {
            let lines = if bad > 0 { format!(", and {bad} of its lines are no samples") } else { String::new() };
            let why = format!("the page names no GPU{lines}: is it a dcgm-exporter's?");
            self.fail(&why, board);
            return Err(SourceError::Failed(why));
        }
        for (number, gpu) in self.gpus.iter_mut().filter(|(number, _)| !of_gpus.contains_key(*number)) {
            gpu.fail(&format!("the page names other GPUs and no gpu=\"{number}\" any more"), board);
        }
        for (number, samples) in of_gpus {
            let gpu = self.gpus.entry(number).or_insert_with(|| Gpu::new(number, samples[0], board));
            gpu.write(&samples, fetched_ns, board);
        }
        Ok(())
    }

    fn fail(&mut self, why: &str, board: &mut Board) {
        self.gpus.values_mut().for_each(|gpu| gpu.fail(why, board));
    }
}

impl Gpu {
    fn new(number: u32, sample: &Sample<'_>, board: &mut Board) -> Gpu {
        let entity = board.entity(Table::Gpu, &format!("gpu{number}"));
        let label = |name: &str| sample.label(name).unwrap_or_default().to_owned();
        let (position, model) = (label("pci_bus_id"), label("modelName"));
        board.describe(entity, |descriptor| {
            let fill = |own: &mut String, said: String| *own = if own.is_empty() { said } else { std::mem::take(own) };
            fill(&mut descriptor.position, position);
            fill(&mut descriptor.part.model, model);
        });
        Gpu { entity, cells: BTreeMap::new(), last_xid: None, said: 0 }
    }

    /// Writes a row where the page says something new of the GPU.
    fn write(&mut self, samples: &[&Sample<'_>], ts_ns: i64, board: &mut Board) {
        let mut hasher = DefaultHasher::new();
        samples.iter().for_each(|sample| (sample.name, sample.value.to_bits()).hash(&mut hasher));
        let said = hasher.finish();
        if self.said == said {
            return;
        }
        self.said = said;
        for sample in samples {
            let known = self.cells.get(sample.name).copied();
            let Some(cell) = known.or_else(|| board.cell(self.entity, NAME, DRIVER, sample.name)) else { continue };
            self.cells.insert(sample.name.to_owned(), cell);
            let Some(mut row) = board.row(self.entity, ts_ns) else { return };
            match sample.value {
                value if is_blank(value) => row.absent(cell, format!("the exporter says {value}")),
                value if value.fract() == 0.0 => row.uint(cell, value as u64),
                value => row.float(cell, value),
            }
            let counter = board.get(self.entity).and_then(|gpu| Some(gpu.cell(cell)?.counter() == LAST_XID));
            if counter == Some(true) && !is_blank(sample.value) {
                self.tell_xid(sample.value as u32, ts_ns, board);
            }
        }
    }

    fn fail(&mut self, why: &str, board: &mut Board) {
        self.said = 0;
        if let Some(mut row) = board.row(self.entity, now_ns()) {
            self.cells.values().for_each(|cell| row.fail(*cell, why));
        }
    }

    /// Another Xid than before is news, unless NVML or the kernel's log tell Xids of this GPU.
    fn tell_xid(&mut self, code: u32, ts_ns: i64, board: &mut Board) {
        let before = self.last_xid.replace(code);
        let is_new = before.is_some_and(|before| before != code) && code != 0;
        let counts = |entity: EntityId| {
            let mut cells = board.get(entity).into_iter().flat_map(|gpu| gpu.cells());
            cells.any(|cell| cell.counter() == "xid" && cell.status().0 == Status::Ok)
        };
        if is_new && !counts(self.entity) {
            board.say(self.entity, ts_ns, "xid", &format!("Xid {code}"));
        }
    }
}

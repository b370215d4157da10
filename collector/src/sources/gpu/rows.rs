//! Readings of GPUs to rows of the board: `gpu<i>` in table `gpu`, `gpu<i>/link<l>` in table `gpu_link`.

use super::counters::{Counter, NAME as DRIVER, counters};
use super::reading::{Answer, GpuReading, LinkReading, Reading};
use crate::board::{Board, CellId, EntityId, Row};
use crate::nvml::{Fate, Value};
use std::collections::BTreeMap;
use weft_wire::Table;

/// The source's name.
pub const NAME: &str = "gpu";

pub struct Rows {
    of_gpu: Vec<Counter>,
    of_link: Vec<Counter>,
    gpus: BTreeMap<u32, GpuRows>,
}

struct GpuRows {
    own: Cells,
    links: BTreeMap<u32, Cells>,
    uuid: String,
    was_read: bool,
    is_lost: bool,
}

/// An entity, and its cells by place of the counter.
struct Cells {
    entity: EntityId,
    cells: Vec<CellId>,
}

impl Rows {
    pub fn new() -> Rows {
        Rows { of_gpu: counters(Table::Gpu), of_link: counters(Table::GpuLink), gpus: BTreeMap::new() }
    }

    pub fn write(&mut self, reading: &Reading, board: &mut Board) {
        let gone: Vec<u32> =
            self.gpus.keys().filter(|index| !reading.gpus.iter().any(|g| g.index == **index)).copied().collect();
        for gpu in gone.iter().filter_map(|index| self.gpus.remove(index)) {
            gpu.withdraw(board);
        }
        for gpu in &reading.gpus {
            self.write_gpu(gpu, reading, board);
        }
    }

    /// No GPU can be read any more.
    pub fn withdraw(&mut self, board: &mut Board) {
        std::mem::take(&mut self.gpus).into_values().for_each(|gpu| gpu.withdraw(board));
    }

    /// Every counter of every GPU could not be read.
    pub fn fail(&self, why: &str, ts_ns: i64, board: &mut Board) {
        for gpu in self.gpus.values() {
            gpu.fail(why, ts_ns, board);
        }
    }

    fn write_gpu(&mut self, gpu: &GpuReading, reading: &Reading, board: &mut Board) {
        let port = format!("gpu{}", gpu.index);
        let is_new = !self.gpus.contains_key(&gpu.index);
        let rows = self.gpus.entry(gpu.index).or_insert_with(|| GpuRows {
            own: Cells::offer(Table::Gpu, &port, &self.of_gpu, board),
            links: BTreeMap::new(),
            uuid: gpu.identity.uuid.clone(),
            was_read: false,
            is_lost: false,
        });
        rows.describe(gpu, reading, board);
        if is_new && let Some(code) = gpu.lost {
            // The event waits for the next reading: until then no inventory knows the port.
            rows.fail(&code.to_string(), gpu.ts_ns, board);
            return;
        }
        for code in &gpu.xids {
            board.say(rows.own.entity, gpu.ts_ns, "xid", &format!("Xid {code}"));
        }
        match (gpu.lost, std::mem::replace(&mut rows.is_lost, gpu.lost.is_some())) {
            (Some(code), was_lost) => {
                if !was_lost {
                    board.say(rows.own.entity, gpu.ts_ns, "kernel", &format!("NVML: {code}"));
                }
                rows.fail(&code.to_string(), gpu.ts_ns, board);
                return;
            }
            (None, true) => board.say(rows.own.entity, gpu.ts_ns, "kernel", "NVML: the GPU answers again"),
            (None, false) => {}
        }
        rows.was_read = true;
        rows.own.write(gpu.ts_ns, gpu.took_us, &gpu.answers, board);
        for link in &gpu.links {
            let cells = rows.links.entry(link.link).or_insert_with(|| {
                let cells = Cells::offer(Table::GpuLink, &format!("{port}/link{}", link.link), &self.of_link, board);
                describe_link(&cells, gpu, link, board);
                cells
            });
            cells.write(gpu.ts_ns, link.took_us, &link.answers, board);
        }
    }
}

impl GpuRows {
    fn describe(&mut self, gpu: &GpuReading, reading: &Reading, board: &mut Board) {
        let identity = &gpu.identity;
        if self.uuid != identity.uuid {
            // Another board in the same place: its counters, and those of its links, are no continuation.
            self.uuid.clone_from(&identity.uuid);
            self.all().for_each(|cells| board.renew(cells.entity));
        }
        board.describe(self.own.entity, |d| {
            d.driver = "nvidia".into();
            d.position.clone_from(&identity.bus);
            d.part.vendor = "NVIDIA".into();
            d.part.model.clone_from(&identity.name);
            d.part.serial.clone_from(&identity.serial);
            d.part.firmware.clone_from(&identity.vbios);
            let labels = [("uuid", identity.uuid.as_str()), ("driver_version", &reading.driver_version)];
            d.labels.extend(labels.into_iter().filter(|(_, v)| !v.is_empty()).map(|(k, v)| (k.into(), v.into())));
        });
    }

    fn all(&self) -> impl Iterator<Item = &Cells> {
        std::iter::once(&self.own).chain(self.links.values())
    }

    fn fail(&self, why: &str, ts_ns: i64, board: &mut Board) {
        for cells in self.all() {
            let Some(mut row) = board.row(cells.entity, ts_ns) else { continue };
            for cell in &cells.cells {
                match self.was_read {
                    // What the board does not offer is still not offered.
                    true => row.fail_unless_absent(*cell, why),
                    false => row.fail(*cell, why),
                }
            }
        }
    }

    fn withdraw(&self, board: &mut Board) {
        self.all().for_each(|cells| board.withdraw(cells.entity, NAME));
    }
}

impl Cells {
    fn offer(table: Table, port: &str, counters: &[Counter], board: &mut Board) -> Cells {
        let entity = board.entity(table, port);
        let offer = |counter: &Counter| board.cell(entity, NAME, DRIVER, &counter.raw).unwrap_or(CellId::NONE);
        Cells { entity, cells: counters.iter().map(offer).collect() }
    }

    fn write(&self, ts_ns: i64, took_us: f32, answers: &[Answer], board: &mut Board) {
        let Some(mut row) = board.row(self.entity, ts_ns) else { return };
        row.took_us(took_us / answers.len().max(1) as f32);
        for answer in answers {
            let cell = self.cells.get(usize::from(answer.counter)).copied().unwrap_or(CellId::NONE);
            write_answer(&mut row, cell, answer);
        }
    }
}

fn write_answer(row: &mut Row<'_>, cell: CellId, answer: &Answer) {
    match answer.value {
        Ok(Value::Uint(value)) => row.uint(cell, value),
        Ok(Value::Float(value)) => row.float(cell, value),
        Err(code) if matches!(code.fate(), Fate::Unsupported | Fate::Nothing) => row.absent(cell, code),
        Err(code) => row.fail(cell, code),
    }
}

fn describe_link(cells: &Cells, gpu: &GpuReading, link: &LinkReading, board: &mut Board) {
    board.describe(cells.entity, |d| {
        d.driver = "nvidia".into();
        d.position = format!("{} link {}", gpu.identity.bus, link.link);
        if !link.far_end.is_empty() {
            d.labels.insert("far_end".into(), link.far_end.to_string());
        }
    });
}

//! `host`: the node itself: CPU, pressure, retransmissions, drops of the softirq, and how wrong its clock may be.

use super::{Setup, Source, SourceError};
use crate::board::{Board, CellId, EntityId};
use crate::clock;
use crate::root::Root;
use crate::schedule::Round;
use crate::sysfs;
use std::io;
use std::path::PathBuf;
use std::time::Instant;
use weft_wire::{Table, Tier};

pub const NAME: &str = "host";

pub fn make(setup: &Setup<'_>) -> Result<Box<dyn Source>, SourceError> {
    Ok(Box::new(Host { root: setup.root.clone(), cells: None, cpu: None }))
}

struct Host {
    root: Root,
    cells: Option<Cells>,
    /// Of the tick before: busy is a share of the time since.
    cpu: Option<CpuTimes>,
}

struct Cells {
    entity: EntityId,
    files: Vec<(CellId, PathBuf, Parse)>,
    cpu_busy: CellId,
    clock_error: CellId,
}

type Parse = fn(&str) -> Option<u64>;

/// (raw name, file, what of it).
const FILES: [(&str, &str, Parse); 10] = [
    ("pressure/cpu.some", "proc/pressure/cpu", |text| pressure_us(text, "some")),
    ("pressure/cpu.full", "proc/pressure/cpu", |text| pressure_us(text, "full")),
    ("pressure/memory.some", "proc/pressure/memory", |text| pressure_us(text, "some")),
    ("pressure/memory.full", "proc/pressure/memory", |text| pressure_us(text, "full")),
    ("pressure/io.some", "proc/pressure/io", |text| pressure_us(text, "some")),
    ("pressure/io.full", "proc/pressure/io", |text| pressure_us(text, "full")),
    ("pressure/irq.full", "proc/pressure/irq", |text| pressure_us(text, "full")),
    ("snmp.Tcp.RetransSegs", "proc/net/snmp", tcp_retransmits),
    ("softnet.dropped", "proc/net/softnet_stat", |text| softnet(text, 1)),
    ("softnet.time_squeeze", "proc/net/softnet_stat", |text| softnet(text, 2)),
];

impl Source for Host {
    fn name(&self) -> &'static str {
        NAME
    }

    fn read(&mut self, round: &Round, board: &mut Board) -> Result<(), SourceError> {
        if !round.wants(Tier::Normal) {
            return Ok(());
        }
        if self.cells.is_none() {
            self.cells = Cells::offer(&self.root, board);
        }
        let Some(cells) = &self.cells else { return Ok(()) };
        let Some(mut row) = board.row(cells.entity, clock::now_ns()) else {
            self.cells = None;
            return Ok(());
        };
        let (mut open, mut text) = (PathBuf::new(), Err((true, String::new())));
        for (cell, path, parse) in &cells.files {
            if open != *path {
                let start = Instant::now();
                text = sysfs::text(path).map_err(|e| (is_absent(&e), format!("{}: {e}", path.display())));
                row.took_us(start.elapsed().as_secs_f32() * 1e6);
                open.clone_from(path);
            }
            match text.as_ref().map(|text| parse(text)) {
                Ok(Some(value)) => row.uint(*cell, value),
                Ok(None) => row.absent(*cell, format!("{} does not say it", path.display())),
                Err((true, why)) => row.absent(*cell, why),
                Err((false, why)) => row.fail(*cell, why),
            }
        }
        self.read_cpu(board);
        self.read_clock(board);
        Ok(())
    }
}

impl Host {
    fn read_cpu(&mut self, board: &mut Board) {
        let Some(cells) = &self.cells else { return };
        let Some(mut row) = board.row(cells.entity, clock::now_ns()) else { return };
        let now = CpuTimes::parse(&sysfs::text_or_empty(&self.root.join("proc/stat")));
        let busy = self.cpu.take().zip(now.as_ref()).and_then(|(before, now)| now.busy_percent_since(&before));
        match (busy, &now) {
            (Some(busy), _) => row.float(cells.cpu_busy, busy),
            (None, Some(_)) => {
                row.absent(cells.cpu_busy, "a share of the time between two readings: this is the first")
            }
            (None, None) => row.absent(cells.cpu_busy, "proc/stat has no line of all CPUs"),
        }
        self.cpu = now;
    }

    fn read_clock(&self, board: &mut Board) {
        let Some(cells) = &self.cells else { return };
        let Some(mut row) = board.row(cells.entity, clock::now_ns()) else { return };
        match self.root.is_live().then(clock::error_us) {
            None => row.absent(cells.clock_error, "a copied tree has no clock"),
            Some(None) => row.absent(cells.clock_error, "nothing disciplines this clock: run chrony, ntpd or ptp4l"),
            Some(Some(us)) => row.float(cells.clock_error, us as f64),
        }
    }
}

impl Cells {
    fn offer(root: &Root, board: &mut Board) -> Option<Cells> {
        let entity = board.entity(Table::Host, "");
        let mut cell = |raw: &str| board.cell(entity, NAME, NAME, raw);
        let mut files = Vec::new();
        for (raw, path, parse) in FILES {
            files.push((cell(raw)?, root.join(path), parse));
        }
        Some(Cells { entity, files, cpu_busy: cell("stat.cpu_busy")?, clock_error: cell("adjtimex.esterror")? })
    }
}

/// This kernel has no such file, or was started without what it tells of (`psi=0` gives EOPNOTSUPP): no failure.
fn is_absent(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::ENOENT | libc::ENOTDIR | libc::EOPNOTSUPP))
}

/// `some avg10=0.00 avg60=0.00 avg300=0.00 total=8842` (µs) of a PSI file; `who` is `some` or `full`.
fn pressure_us(text: &str, who: &str) -> Option<u64> {
    let line = text.lines().find(|line| line.split(' ').next() == Some(who))?;
    line.split_whitespace().find_map(|word| word.strip_prefix("total="))?.parse().ok()
}

/// `Tcp:` lines of `/proc/net/snmp`: names, then values.
fn tcp_retransmits(text: &str) -> Option<u64> {
    let mut lines = text.lines().filter_map(|line| line.strip_prefix("Tcp:"));
    let (names, values) = (lines.next()?, lines.next()?);
    let at = names.split_whitespace().position(|name| name == "RetransSegs")?;
    values.split_whitespace().nth(at)?.parse().ok()
}

/// A column of `softnet_stat`, hexadecimal, summed over its line for each CPU.
fn softnet(text: &str, column: usize) -> Option<u64> {
    let drops = text.lines().map(|line| u64::from_str_radix(line.split_whitespace().nth(column)?, 16).ok());
    drops.sum::<Option<u64>>().filter(|_| !text.is_empty())
}

/// Clock ticks since boot, over all CPUs.
#[derive(Debug, PartialEq)]
struct CpuTimes {
    total: u64,
    idle: u64,
}

impl CpuTimes {
    /// `cpu user nice system idle iowait irq softirq steal guest guest_nice`; guests are in user and nice already.
    fn parse(stat: &str) -> Option<CpuTimes> {
        let line = stat.lines().find_map(|line| line.strip_prefix("cpu "))?;
        let times: Vec<u64> = line.split_whitespace().take(8).map(|word| word.parse().ok()).collect::<Option<_>>()?;
        Some(CpuTimes { total: times.iter().sum(), idle: times.get(3)? + times.get(4).unwrap_or(&0) })
    }

    /// `None` when no time has passed, or the counts fell (a CPU went offline).
    fn busy_percent_since(&self, before: &CpuTimes) -> Option<f64> {
        let total = self.total.checked_sub(before.total).filter(|total| *total > 0)?;
        let idle = self.idle.checked_sub(before.idle)?.min(total);
        Some(100.0 * (total - idle) as f64 / total as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_proc() {
        assert_eq!(
            pressure_us("some avg10=0.10 avg60=2.00 avg300=3.85 total=15\nfull avg10=0 total=7", "some"),
            Some(15)
        );
        assert_eq!(pressure_us("full avg10=0 total=7", "some"), None);
        assert_eq!(tcp_retransmits("Tcp: RtoMin RetransSegs\nTcp: 200 42\n"), Some(42));
        assert_eq!(softnet("00000001 0000000a 0\n00000001 00000001 0\n", 1), Some(11));
        assert_eq!(softnet("", 1), None);
    }

    #[test]
    fn busy_is_what_is_not_idle_nor_waiting() {
        let before = CpuTimes::parse("cpu 100 0 100 700 100 0 0 0 50 0\ncpu0 1").unwrap();
        let now = CpuTimes::parse("cpu 150 0 125 800 125 0 0 0 90 0").unwrap();
        assert_eq!(before, CpuTimes { total: 1000, idle: 800 });
        assert_eq!(now.busy_percent_since(&before), Some(37.5));
    }
}

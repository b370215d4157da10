//! `--once --explain`: every counter there is, read once, and what became of it.

use crate::agent::identity;
use crate::board::{Board, Canonical, Cell, Entity, Status};
use crate::clock::now_ns;
use crate::config::CollectorConfig;
use crate::directory::PortDirectory;
use crate::schedule::Round;
use crate::sources::{self, Setup, SourceError};
use serde::Serialize;
use std::io::{self, Write};
use std::time::Duration;
use weft_wire::Tier;

/// A person waits longer than a tick may. NVML without its persistence daemon starts each GPU anew, a second or more each.
const PATIENCE: Duration = Duration::from_secs(60);

/// One line of the contract.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Line {
    pub source: String,
    pub device: String,
    pub port: String,
    /// Canonical name; empty for a counter without a column.
    pub counter: String,
    pub raw_name: String,
    /// `ok`, `blind`, `absent`, `failed`, `unmapped`.
    pub status: &'static str,
    pub reason: String,
    /// In the catalogue's unit; for a counter without a column as it was read.
    pub value: Option<serde_json::Number>,
    pub read_us: f32,
}

/// Reads everything once, from all sources that can be.
pub fn explain(config: &CollectorConfig) -> Vec<Line> {
    let identity = identity(config);
    let device = identity.id.clone();
    let setup = Setup { patience: PATIENCE, ..config.setup(PortDirectory::default()) };
    let mut board = Board::new(identity);
    let mut lines = Vec::new();
    board.begin_round();
    for made in sources::make_all(&setup) {
        let round = Round { slowest: Tier::Slow, due_ns: now_ns() };
        let read = made.source.and_then(|mut source| sources::read_guarded(source.as_mut(), &round, &mut board));
        if let Err(error) = read {
            lines.push(source_line(made.name, &device, &error));
        }
    }
    board.settle();
    let mut entities: Vec<&Entity> = board.entities().collect();
    entities.sort_by_key(|e| e.index);
    lines.extend(entities.into_iter().flat_map(|e| e.cells().map(|c| line(board.device_name(e.device), e, c))));
    lines
}

fn source_line(source: &str, device: &str, error: &SourceError) -> Line {
    let status = if matches!(error, SourceError::Absent(_)) { "absent" } else { "failed" };
    Line {
        source: source.into(),
        device: device.into(),
        port: String::new(),
        counter: String::new(),
        raw_name: String::new(),
        status,
        reason: error.to_string(),
        value: None,
        read_us: 0.0,
    }
}

fn line(device: &str, entity: &Entity, cell: &Cell) -> Line {
    let (status, reason) = cell.status();
    Line {
        source: cell.source.into(),
        device: device_of(device, entity, cell),
        port: entity.port.clone(),
        counter: cell.counter().into(),
        raw_name: cell.raw.clone(),
        status: match status {
            Status::Ok => "ok",
            Status::Blind => "blind",
            Status::Absent => "absent",
            Status::Failed => "failed",
            Status::Unmapped => "unmapped",
        },
        reason,
        value: value(cell).filter(|_| status != Status::Failed),
        read_us: (cell.read_us * 100.0).round() / 100.0,
    }
}

/// A RoCE port is named by its interface: the RDMA device then stands in `device`, so that the file read can be found.
fn device_of(device: &str, entity: &Entity, cell: &Cell) -> String {
    let ibdev = entity.descriptor.labels.get("ibdev");
    match ibdev.filter(|_| cell.source == sources::INFINIBAND && !entity.port.contains('/')) {
        Some(ibdev) => ibdev.clone(),
        None => device.to_owned(),
    }
}

fn value(cell: &Cell) -> Option<serde_json::Number> {
    match cell.canonical()? {
        Canonical::Int(value) => Some(value.into()),
        Canonical::Float(value) if value.fract() == 0.0 && value.abs() < 9e15 => Some((value as i64).into()),
        Canonical::Float(value) => serde_json::Number::from_f64(value),
        Canonical::TooLarge => None,
    }
}

/// NDJSON.
pub fn write_json(lines: &[Line], out: &mut impl Write) -> io::Result<()> {
    for line in lines {
        serde_json::to_writer(&mut *out, line)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

/// For a person: one row a counter, then a sentence.
pub fn write_table(lines: &[Line], out: &mut impl Write) -> io::Result<()> {
    writeln!(
        out,
        "{:<11} {:<14} {:<26} {:<34} {:<8} {:>22} {:>8}  reason",
        "source", "port", "counter", "raw name", "status", "value", "us"
    )?;
    for l in lines {
        let value = l.value.as_ref().map(ToString::to_string).unwrap_or_default();
        writeln!(
            out,
            "{:<11} {:<14} {:<26} {:<34} {:<8} {:>22} {:>8}  {}",
            l.source,
            on_one_line(&l.port),
            l.counter,
            on_one_line(&l.raw_name),
            l.status,
            value,
            l.read_us,
            on_one_line(&l.reason)
        )?;
    }
    let count = |status: &str| lines.iter().filter(|l| l.status == status).count();
    let [ok, blind, absent, failed, unmapped] = ["ok", "blind", "absent", "failed", "unmapped"].map(count);
    writeln!(out, "{ok} read, {blind} blind, {absent} absent, {failed} failed, {unmapped} without a column")
}

/// Names come from the kernel, which takes line feeds and the terminal's control characters in them: `\n` becomes `\\n`.
fn on_one_line(text: &str) -> String {
    let escape = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
    text.chars().map(escape).collect()
}

/// Exit code: 1 when a counter is blind or could not be read.
pub fn verdict(lines: &[Line]) -> u8 {
    u8::from(lines.iter().any(|l| matches!(l.status, "blind" | "failed")))
}

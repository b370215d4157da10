//! One counter of one entity as one source reads it.

use weft_wire::{Catalogue, ColumnKind, CounterKind, Mapping, Overflow, Quality, Table, TableWriter, Tier};

/// A cell's place in its entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CellId(pub(super) u16);

impl CellId {
    /// The cell of no entity: writing it does nothing.
    pub const NONE: CellId = CellId(u16::MAX);
}

/// Counters whose reading stamps the whole row: rates and sums of bytes are what readings of other ports are compared with.
const STAMPING: [&str; 2] = ["rx_bytes", "tx_bytes"];

/// Where the value goes.
#[derive(Clone, Debug, PartialEq)]
pub enum Target {
    Column(Column),
    /// Table `extra`, under `<driver>:<raw name>`.
    Extra(String),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    pub mapping: Mapping,
    pub counter: String,
    /// Name of the element, for a list counter.
    pub name: String,
    pub kind: CounterKind,
    pub shape: ColumnKind,
    pub tier: Tier,
    /// The row bears the time at which this counter was read.
    pub stamps: bool,
    /// Index among the columns of the table's full schema, and of its fast one.
    pub full: u16,
    pub fast: Option<u16>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Reading {
    Uint(u64),
    Float(f64),
    Failed(String),
    /// The device does not say: different from a failure, and from zero.
    Absent(String),
}

/// For `--explain`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Ok,
    Blind,
    Absent,
    Failed,
    Unmapped,
}

#[derive(Clone, Debug)]
pub struct Cell {
    pub source: &'static str,
    pub driver: String,
    pub raw: String,
    pub target: Target,
    pub reading: Reading,
    /// How long the read took, of which this value came.
    pub read_us: f32,
    /// The source still offers it.
    pub(super) live: bool,
    /// It is the preferred one of those that fill the same column.
    pub(super) chosen: bool,
    pub(super) round: u32,
    pub(super) last: Option<u64>,
}

/// A reading in the catalogue's unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Canonical {
    /// Exact, also beyond 2^53 where a float is not.
    Int(i64),
    Float(f64),
    /// 2^63 or more, which no counter reaches and an Int64 cannot hold.
    TooLarge,
}

/// How a new reading of a counter lies to the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing to compare, or both zero.
    Still,
    Forward,
    /// It fell, and no wrap explains it.
    Fell,
}

impl Target {
    pub fn of(catalogue: &Catalogue, table: Table, driver: &str, raw: &str) -> Target {
        let Some(mapping) = catalogue.mapping(table, driver, raw) else {
            return Target::Extra(format!("{driver}:{raw}"));
        };
        let counter = &catalogue.counters()[mapping.counter];
        Target::Column(Column {
            mapping: *mapping,
            counter: counter.name.clone(),
            name: counter.element_name(mapping.element),
            kind: counter.kind,
            shape: counter.column_kind(),
            tier: counter.tier,
            stamps: STAMPING.contains(&counter.name.as_str()),
            full: 0,
            fast: None,
        })
    }
}

impl Cell {
    pub(super) fn new(source: &'static str, driver: &str, raw: &str, target: Target) -> Cell {
        let reading = Reading::Absent("not read yet".into());
        let (driver, raw) = (driver.to_owned(), raw.to_owned());
        Cell { source, driver, raw, target, reading, read_us: 0.0, live: true, chosen: true, round: 0, last: None }
    }

    /// Canonical name; empty for a counter that has no column.
    pub fn counter(&self) -> &str {
        self.column().map_or("", |column| &column.name)
    }

    pub fn tier(&self) -> Tier {
        self.column().map_or(Tier::Slow, |column| column.tier)
    }

    pub(super) fn column(&self) -> Option<&Column> {
        match &self.target {
            Target::Column(column) => Some(column),
            Target::Extra(_) => None,
        }
    }

    /// Its value is sent, and the row bears the time at which it was read.
    pub(super) fn stamps(&self) -> bool {
        self.chosen && self.column().is_some_and(|column| column.stamps)
    }

    /// It stands at its maximum and can rise no more.
    pub fn is_saturated(&self) -> bool {
        match (&self.reading, self.column()) {
            (Reading::Uint(value), Some(column)) => {
                column.mapping.overflow == Overflow::Saturate && *value == maximum(column.mapping.bits)
            }
            _ => false,
        }
    }

    pub fn is_absent(&self) -> bool {
        matches!(self.reading, Reading::Absent(_))
    }

    /// What a person is told, and why.
    pub fn status(&self) -> (Status, String) {
        match (&self.reading, &self.target) {
            (Reading::Failed(why), _) => (Status::Failed, why.clone()),
            (Reading::Absent(why), _) => (Status::Absent, why.clone()),
            (_, Target::Extra(name)) if self.canonical() != Some(Canonical::TooLarge) => {
                (Status::Unmapped, format!("no column of its own: kept in extra as {name}"))
            }
            _ if self.canonical() == Some(Canonical::TooLarge) => {
                (Status::Failed, "2^63 or more: no reading of a counter can be that large".into())
            }
            (Reading::Uint(value), Target::Column(column)) if self.is_saturated() => (
                Status::Blind,
                format!("stands at its {}-bit maximum {value} and can rise no more", column.mapping.bits),
            ),
            _ => (Status::Ok, String::new()),
        }
    }

    /// The reading in the catalogue's unit, as exact as it can be.
    pub fn canonical(&self) -> Option<Canonical> {
        let (scale, shape) = self.column().map_or((1.0, ColumnKind::Int), |c| (c.mapping.scale, c.shape));
        match self.reading {
            Reading::Uint(value) if scale.fract() == 0.0 && shape != ColumnKind::Float => {
                let scaled = value.checked_mul(scale as u64).and_then(|scaled| i64::try_from(scaled).ok());
                Some(scaled.map_or(Canonical::TooLarge, Canonical::Int))
            }
            Reading::Uint(value) => Some(Canonical::Float(value as f64 * scale)),
            Reading::Float(value) => Some(Canonical::Float(value * scale)),
            _ => None,
        }
    }

    pub(super) fn step(&mut self, value: u64) -> Step {
        let is_counter = self.column().is_some_and(|column| column.kind == CounterKind::Counter);
        let bits = self.column().map_or(64, |column| column.mapping.bits);
        match self.last.replace(value) {
            Some(last) if is_counter && value < last && !is_wrap(last, value, bits) => Step::Fell,
            Some(last) if is_counter && (last > 0 || value > 0) => Step::Forward,
            _ => Step::Still,
        }
    }

    /// Sets this cell's column of the writer's current row.
    pub(super) fn write(&self, column: &Column, at: u16, writer: &mut TableWriter) {
        let (at, element) = (usize::from(at), column.mapping.element);
        match &self.reading {
            Reading::Uint(value) => write_uint(*value, column, at, writer),
            Reading::Float(value) => writer.set_float(at, value * column.mapping.scale),
            Reading::Failed(_) => writer.flag(at, element, Quality::Failed),
            Reading::Absent(_) => {}
        }
        if self.is_saturated() {
            writer.flag(at, element, Quality::Saturated);
        }
    }
}

fn write_uint(value: u64, column: &Column, at: usize, writer: &mut TableWriter) {
    let (scale, element) = (column.mapping.scale, column.mapping.element);
    if scale == 1.0 {
        writer.set_uint(at, element, value);
    } else if column.shape == ColumnKind::Float {
        writer.set_float(at, value as f64 * scale);
    } else if scale.fract() == 0.0 {
        match value.checked_mul(scale as u64) {
            Some(value) => writer.set_uint(at, element, value),
            None => writer.flag(at, element, Quality::TooLarge),
        }
    } else {
        writer.set_uint(at, element, (value as f64 * scale).round() as u64);
    }
}

fn maximum(bits: u8) -> u64 {
    if bits >= 64 { u64::MAX } else { (1 << bits) - 1 }
}

/// A narrow counter may have run over its end; then it has come less than half way round.
fn is_wrap(last: u64, value: u64, bits: u8) -> bool {
    bits < 64 && last <= maximum(bits) && value.wrapping_sub(last) & maximum(bits) <= maximum(bits) / 2
}

//! The tables of SQL, one a file and one a line here.

mod cable;
mod collector;
mod counter_catalog;
mod device;
mod fact;
mod incident;
mod ingest_gap;
mod job;
mod port;
mod transition;

use crate::store::Store;
use arrow_array::RecordBatch;
use arrow_schema::ArrowError;
use weft_wire::Table;

pub enum Kind {
    /// Rows of the hot window.
    Window(Table),
    /// A snapshot, made when a query names it.
    Small(fn(&Store) -> Result<RecordBatch, ArrowError>),
}

pub const TABLES: &[(&str, Kind)] = &[
    ("nic", Kind::Window(Table::Nic)),
    ("switch_port", Kind::Window(Table::SwitchPort)),
    ("queue", Kind::Window(Table::Queue)),
    ("lane", Kind::Window(Table::Lane)),
    ("gpu", Kind::Window(Table::Gpu)),
    ("gpu_link", Kind::Window(Table::GpuLink)),
    ("host", Kind::Window(Table::Host)),
    ("probe", Kind::Window(Table::Probe)),
    ("event", Kind::Window(Table::Event)),
    ("step", Kind::Window(Table::Step)),
    ("extra", Kind::Window(Table::Extra)),
    ("device", Kind::Small(device::table)),
    ("port", Kind::Small(port::table)),
    ("cable", Kind::Small(cable::table)),
    ("job", Kind::Small(job::table)),
    ("incident", Kind::Small(incident::table)),
    ("transition", Kind::Small(transition::table)),
    ("fact", Kind::Small(fact::table)),
    ("ingest_gap", Kind::Small(ingest_gap::table)),
    ("collector", Kind::Small(collector::table)),
    ("counter_catalog", Kind::Small(counter_catalog::table)),
];

pub fn names() -> Vec<&'static str> {
    TABLES.iter().map(|(name, _)| *name).collect()
}

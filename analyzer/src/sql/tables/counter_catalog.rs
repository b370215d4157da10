//! `counter_catalog`: every counter weft knows, a row a table it stands in.

use super::{Kind, SqlTable};
use crate::sql::rows::Rows;
use crate::store::Store;
use arrow_array::RecordBatch;
use arrow_schema::ArrowError;
use weft_wire::{Counter, CounterKind, Tier, catalogue};

pub const TABLE: SqlTable = SqlTable {
    name: "counter_catalog",
    kind: Kind::Small(table),
    about: "Every counter weft knows, a row a table it stands in.",
    example: "SELECT counter, unit, help FROM counter_catalog WHERE table_name = 'nic' AND help LIKE '%pause%'",
};

fn table(_: &Store) -> Result<RecordBatch, ArrowError> {
    let rows = || catalogue().counters().iter().flat_map(|c| c.tables().map(move |t| (c, t)));
    Rows::default()
        .text("table_name", rows().map(|(_, t)| t.name()))
        .text("counter", rows().map(|(c, _)| &c.name))
        .text("kind", rows().map(|(c, _)| kind(c)))
        .text("unit", rows().map(|(c, _)| &c.unit))
        .text("tier", rows().map(|(c, _)| tier(c)))
        .int("elements", "1", rows().map(|(c, _)| c.list.map(i64::from)))
        .text("help", rows().map(|(c, _)| &c.help))
        .text("drivers", rows().map(|(c, _)| drivers(c)))
        .text("prometheus", rows().map(|(c, _)| &c.foreign.prometheus))
        .text("opentelemetry", rows().map(|(c, _)| &c.foreign.opentelemetry))
        .text("openconfig", rows().map(|(c, _)| &c.foreign.openconfig))
        .text("dcgm", rows().map(|(c, _)| &c.foreign.dcgm))
        .finish()
}

fn kind(counter: &Counter) -> &'static str {
    match counter.kind {
        CounterKind::Counter => "counter",
        CounterKind::Gauge => "gauge",
        CounterKind::State => "state",
    }
}

fn tier(counter: &Counter) -> &'static str {
    match counter.tier {
        Tier::Fast => "fast",
        Tier::Normal => "normal",
        Tier::Slow => "slow",
    }
}

fn drivers(counter: &Counter) -> String {
    let mut names: Vec<&str> = counter.sources.iter().map(|s| s.driver.as_str()).collect();
    names.dedup();
    names.join(",")
}

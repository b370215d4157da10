//! What the analyzer keeps of 40,000 ports in memory, all cabled and all of one job, read once a second for longer than
//! any ring is long. Budget of the model: 45 B a counter series and 1 KiB of features a port; names come beside it.
//! No queue stands and no link goes down: those two rings, some 300 B a port, stay empty.

use peak_alloc::PeakAlloc;
use std::process::ExitCode;
use weft_analyzer::ingest::{Ingest, IngestConfig, IngestEvent};
use weft_judge::engine::{Engine, EngineConfig};
use weft_judge::fabric::Topology;
use weft_tests::fleet::{self, COUNTERS, S};
use weft_tests::meter::{Goal, resident_bytes, tell};

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

const COLLECTORS: usize = 20;
const ROWS: i32 = 2_000;
const PORTS: f64 = COLLECTORS as f64 * ROWS as f64;
const TICKS: i64 = 40;
const SERIES_BYTES: f64 = 45.0;
const PORT_BYTES: f64 = 1024.0;

fn main() -> ExitCode {
    let names: Vec<String> = (0..COLLECTORS).map(|c| format!("node{c:05}")).collect();
    let resident = resident_bytes();
    let start = HEAP.current_usage();
    let topology = Topology::new(&fleet::plan(&names, ROWS));
    let topology_bytes = HEAP.current_usage() - start;
    drop(topology);

    let mut ingest = Ingest::new(IngestConfig::default());
    feed(&mut ingest, &mut None, &names, 0..1);
    let inventory_bytes = HEAP.current_usage() - start;
    let mut engine = Some(Engine::new(fleet::plan(&names, ROWS), EngineConfig::of_tick(S)));
    feed(&mut ingest, &mut engine, &names, 1..TICKS);
    let all = HEAP.current_usage() - start;

    let named = (topology_bytes + inventory_bytes) as f64;
    let budget = COUNTERS.len() as f64 * SERIES_BYTES + PORT_BYTES;
    let ok =
        tell("state of a port and its 26 series", (all as f64 - named) / PORTS, "bytes", Some(Goal::AtMost(budget)));
    tell("names and inventory of a port", named / PORTS, "bytes", None);
    tell("resident memory a port", (resident_bytes() - resident) as f64 / PORTS, "bytes", None);
    ExitCode::from(u8::from(!ok))
}

/// Gives these ticks to ingest, closes them all, and lets the engine judge them.
fn feed(ingest: &mut Ingest, engine: &mut Option<Engine>, names: &[String], ticks: std::ops::Range<i64>) {
    let schema = fleet::schema();
    for tick in ticks {
        for name in names {
            let events = ingest.push(name, &fleet::frame(&schema, name, ROWS, tick).into());
            judge(events, engine, ingest);
        }
    }
    let events = ingest.finish();
    judge(events, engine, ingest);
}

fn judge(events: Vec<IngestEvent>, engine: &mut Option<Engine>, ingest: &Ingest) {
    for event in events {
        if let (IngestEvent::Tick(tick), Some(engine)) = (event, engine.as_mut()) {
            std::hint::black_box(engine.on_tick(&tick, ingest.entities()));
        }
    }
}

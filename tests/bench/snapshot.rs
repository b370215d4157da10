//! What a snapshot of the judge costs, for 10,000 ports in 26 counters each, all cabled and all of one job, after longer
//! than any ring is long: bytes a port as they are and compressed, and the time that taking, writing and restoring it take.
//! Only the taking holds up the intake.

use std::process::ExitCode;
use std::time::Instant;
use weft_analyzer::ingest::{Ingest, IngestConfig, IngestEvent};
use weft_analyzer::snapshot::{About, file};
use weft_judge::engine::{Engine, EngineConfig};
use weft_tests::fleet::{self, S};
use weft_tests::meter::{Goal, tell};

const COLLECTORS: usize = 10;
const ROWS: i32 = 1_000;
const PORTS: f64 = COLLECTORS as f64 * ROWS as f64;
/// Longer than the rings of ticks (32) are.
const TICKS: i64 = 40;
/// What taking it may hold up the intake for, of 10,000 ports: a tick of 1 s is judged in a tenth of that time.
const TAKE_MS: f64 = 100.0;
/// Of each figure the best of so many is told: the machine does other things too.
const TIMES: usize = 5;

fn main() -> ExitCode {
    let names: Vec<String> = (0..COLLECTORS).map(|c| format!("node{c:05}")).collect();
    let plan = fleet::plan(&names, ROWS);
    let mut ingest = Ingest::new(IngestConfig::default());
    let mut engine = Engine::new(plan.clone(), EngineConfig::of_tick(S));
    let schema = fleet::schema();
    for tick in 0..TICKS {
        for name in &names {
            let events = ingest.push(name, &fleet::frame(&schema, name, ROWS, tick).into());
            judge(events, &mut engine, &ingest);
        }
    }
    let events = ingest.finish();
    judge(events, &mut engine, &ingest);

    let path = std::env::temp_dir().join(format!("weft-bench-{}.snapshot", std::process::id()));
    let about = About { tick: TICKS, ..About::default() };
    let (take_ms, bytes) = best(|| engine.snapshot(ingest.entities()));
    let (write_ms, length) = best(|| file::write(&path, &about, &bytes).expect("the temporary folder can be written"));
    let (read_ms, restored) = best(|| {
        let (_, bytes) = file::read(&path).expect("just written").expect("just written");
        Engine::restore(&plan, &EngineConfig::of_tick(S), &bytes).expect("just written")
    });
    let _ = std::fs::remove_file(&path);
    assert_eq!(restored.judged(), engine.judged());

    tell("snapshot of a port and its 26 series", bytes.len() as f64 / PORTS, "bytes", None);
    tell("snapshot of a port, compressed", length as f64 / PORTS, "bytes", None);
    let ok = tell("snapshot of 10,000 ports, taking", take_ms, "ms", Some(Goal::AtMost(TAKE_MS)));
    tell("snapshot of 10,000 ports, compressing and writing", write_ms, "ms", None);
    tell("snapshot of 10,000 ports, reading and restoring", read_ms, "ms", None);
    ExitCode::from(u8::from(!ok))
}

fn best<T>(mut work: impl FnMut() -> T) -> (f64, T) {
    let timed = |_| {
        let began = Instant::now();
        let done = work();
        (began.elapsed().as_secs_f64() * 1e3, done)
    };
    (0..TIMES).map(timed).min_by(|a, b| a.0.total_cmp(&b.0)).expect("at least once")
}

fn judge(events: Vec<IngestEvent>, engine: &mut Engine, ingest: &Ingest) {
    for event in events {
        if let IngestEvent::Tick(tick) = event {
            std::hint::black_box(engine.on_tick(&tick, ingest.entities()));
        }
    }
}

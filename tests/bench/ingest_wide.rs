//! Decode + ingest + model + detect on wide batches: 20 collectors of 2,000 ports each, all cabled and of
//! one job. Median of several runs of ticks.

use std::process::ExitCode;
use weft_analyzer::ingest::{Ingest, IngestConfig, IngestEvent};
use weft_judge::engine::{Engine, EngineConfig};
use weft_tests::fleet::{self, S};
use weft_tests::meter::{Goal, tell, thread_cpu_s};

const COLLECTORS: usize = 20;
const ROWS: i32 = 2_000;
/// Ticks taken in first, so that the inventory is known and the model warm.
const WARM: i64 = 3;
/// Some detectors look every few ticks: a run holds whole rounds.
const RUN: i64 = 10;
const RUNS: i64 = 5;
const GOAL: f64 = 40e6;

fn main() -> ExitCode {
    let schema = fleet::schema();
    let names: Vec<String> = (0..COLLECTORS).map(|c| format!("node{c:05}")).collect();
    let mut ingest = Ingest::new(IngestConfig::default());
    let mut engine = Engine::new(fleet::plan(&names, ROWS), EngineConfig::of_tick(S));
    let mut rates = Vec::new();
    let (mut samples, mut seconds) = (0, 0.0);
    for tick in 0..WARM + RUNS * RUN {
        let payloads: Vec<bytes::Bytes> = names.iter().map(|n| fleet::frame(&schema, n, ROWS, tick).into()).collect();
        let (began, before) = (thread_cpu_s(), ingest.stats().samples);
        for (name, payload) in names.iter().zip(&payloads) {
            for event in ingest.push(name, payload) {
                if let IngestEvent::Tick(tick) = event {
                    std::hint::black_box(engine.on_tick(&tick, ingest.entities()));
                }
            }
        }
        if tick >= WARM {
            samples += ingest.stats().samples - before;
            seconds += thread_cpu_s() - began;
        }
        if tick >= WARM && (tick - WARM) % RUN == RUN - 1 {
            rates.push(samples as f64 / seconds);
            (samples, seconds) = (0, 0.0);
        }
    }
    rates.sort_by(f64::total_cmp);
    let ok = tell("ingest_wide", rates[rates.len() / 2], "samples_a_cpu_second", Some(Goal::AtLeast(GOAL)));
    ExitCode::from(u8::from(!ok))
}

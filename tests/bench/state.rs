//! What the analyzer remembers of 40,000 ports, all cabled and all of one job, told for longer than any ring is long. No
//! queue stands and no link goes down: those two rings, some 300 B a port, stay empty.
//! Budget: 45 B a counter series and 1 KiB of features a port.

use std::process::ExitCode;
use weft_analyzer::engine::{Engine, EngineConfig};
use weft_analyzer::ingest::{Ingest, IngestConfig, IngestEvent};
use weft_analyzer::plan::{Plan, PlanCable, PlanDevice, PlanJob, PlanPort};
use weft_tests::fleet::{self, COUNTERS, S};
use weft_tests::meter::{Goal, resident_bytes, tell};

const COLLECTORS: usize = 20;
const ROWS: i32 = 2_000;
const TICKS: i64 = 40;
const SERIES_BYTES: f64 = 45.0;
const PORT_BYTES: f64 = 1024.0;

fn main() -> ExitCode {
    let schema = fleet::schema();
    let names: Vec<String> = (0..COLLECTORS).map(|c| format!("node{c:05}")).collect();
    let before = resident_bytes();
    let mut ingest = Ingest::new(IngestConfig::default());
    let mut engine = Engine::new(plan(&names), EngineConfig { tick_ns: S });
    for tick in 0..TICKS {
        for name in &names {
            let frame = fleet::frame(&schema, name, ROWS, tick).into();
            for event in ingest.push(name, &frame) {
                if let IngestEvent::Tick(tick) = event {
                    std::hint::black_box(engine.on_tick(&tick, ingest.entities()));
                }
            }
        }
    }
    let ports = COLLECTORS as f64 * f64::from(ROWS);
    let bytes = (resident_bytes() - before) as f64 / ports;
    let budget = COUNTERS.len() as f64 * SERIES_BYTES + PORT_BYTES;
    let ok = tell("state of a port and its 26 series", bytes, "bytes", Some(Goal::AtMost(budget)));
    ExitCode::from(u8::from(!ok))
}

/// Port p of one device is cabled to port p of the next.
fn plan(names: &[String]) -> Plan {
    let mut plan = Plan::default();
    for pair in names.chunks(2) {
        for name in pair {
            plan.devices.push(PlanDevice { device: name.clone(), kind: "node".into(), ..PlanDevice::default() });
            plan.jobs.push(PlanJob { job: "train".into(), device: name.clone(), ..PlanJob::default() });
        }
        for port in (0..ROWS).map(|row| format!("eth{row}")) {
            plan.ports.extend(pair.iter().map(|name| PlanPort {
                device: name.clone(),
                port: port.clone(),
                table: "nic".into(),
                speed_bps: Some(400_000_000_000),
                ..PlanPort::default()
            }));
            plan.cables.push(PlanCable {
                a_device: pair[0].clone(),
                a_port: port.clone(),
                b_device: pair[1].clone(),
                b_port: port,
            });
        }
    }
    plan
}

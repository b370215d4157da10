//! What a counter costs: read and encode, on a made tree of 8 mlx5 devices; what a running agent keeps in memory; and
//! what node_exporter spends on the same counters.
//!
//! Prints NDJSON `{bench, value, unit, goal, …}`. Exit 1 when a goal is missed.

mod peer;
mod tree;

use rustix::time::{ClockId, clock_gettime};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;
use weft_collector::rig::Rig;
use weft_collector::{Agent, CollectorConfig};

const DEVICES: usize = 8;
const TICKS: usize = 2_000;
const SCRAPES: usize = 200;
const GOAL_US: f64 = 1.0;
const GOAL_MIB: f64 = 20.0;
const GOAL_RATIO: f64 = 10.0;

fn main() -> ExitCode {
    let directory = in_memory().expect("a directory for the tree");
    tree::make(directory.path(), DEVICES).expect("the tree is written");
    let config = CollectorConfig { id: "bench".into(), root: directory.path().into(), ..CollectorConfig::default() };
    let resident = resident_of_an_agent(&config);
    let us = read_and_encode(&config);
    let mut well = tell("collector_read_encode", us, "us_per_counter", us <= GOAL_US, GOAL_US);
    well &= tell("collector_resident", resident, "MiB", resident <= GOAL_MIB, GOAL_MIB);
    match peer::measure(directory.path(), SCRAPES) {
        Ok(Some(cost)) => {
            let ratio = cost.us_per_counter / us;
            tell("node_exporter_scrape", cost.us_per_counter, "us_per_counter", true, f64::NAN);
            well &= tell("node_exporter_ratio", ratio, "times", ratio >= GOAL_RATIO, GOAL_RATIO);
            eprintln!("node_exporter: {} counters, {} scrapes", cost.counters, cost.scrapes);
        }
        Ok(None) => eprintln!("prometheus-node-exporter is not installed: no comparison"),
        Err(error) => eprintln!("prometheus-node-exporter did not answer: {error}"),
    }
    ExitCode::from(u8::from(!well))
}

/// sysfs is no disk: a disk's file system would add its own bookkeeping to every read.
fn in_memory() -> std::io::Result<tempfile::TempDir> {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir())
}

fn tell(bench: &str, value: f64, unit: &str, well: bool, goal: f64) -> bool {
    let rounded = (value * 1000.0).round() / 1000.0;
    println!("{}", serde_json::json!({"bench": bench, "value": rounded, "unit": unit, "goal": goal, "ok": well}));
    well
}

/// µs of CPU (user and kernel) a counter, over full ticks of which each makes a frame.
fn read_and_encode(config: &CollectorConfig) -> f64 {
    let mut rig = Rig::new(config);
    rig.tick();
    let before = cpu();
    let mut bytes = 0;
    for _ in 0..TICKS {
        bytes += rig.tick();
    }
    let spent = cpu() - before;
    eprintln!("{} bytes a frame", bytes / TICKS);
    spent.as_secs_f64() * 1e6 / (TICKS * DEVICES * tree::OF_A_PORT) as f64
}

fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// MiB resident after some seconds at 10 Hz, with an analyzer that takes the frames.
fn resident_of_an_agent(config: &CollectorConfig) -> f64 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let (publisher, mut subscriber) = weft_transport::in_process(64);
        let agent = Agent::start(config, publisher).expect("the agent starts");
        let taking = async {
            while let Ok(incoming) = subscriber.next().await {
                if let weft_transport::Incoming::Delivery(d) = incoming {
                    let _ = subscriber.commit(d.partition, d.offset + 1).await;
                }
            }
        };
        let _ = tokio::time::timeout(Duration::from_secs(4), taking).await;
        let resident = resident_mib();
        agent.stop().await;
        resident
    })
}

fn resident_mib() -> f64 {
    let status = std::fs::read_to_string(Path::new("/proc/self/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|kb| kb.parse::<f64>().ok()).unwrap_or(f64::NAN) / 1024.0
}

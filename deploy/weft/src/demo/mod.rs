//! `weft demo`: a simulated fabric in real time, its frames through transport and analyzer like any other's, faults of a
//! script, and weft's verdict on each. The analyzer is told nothing but frames and the plan.

mod verdict;

use crate::assemble::{self, AssembleOptions, Running};
use anyhow::{Context, Result};
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use verdict::{Heard, Row};
use weft_analyzer::cli::{say_ready, wait_for_signal};
use weft_analyzer::config::Config;
use weft_analyzer::incident::Incident;
use weft_analyzer::plan::Plan;
use weft_sim::live::{self, Live, LiveOptions, Progress};
use weft_sim::plan::PlanRows;
use weft_sim::sampler::SamplerOptions;
use weft_sim::script;
use weft_sim::sim::{Fabric, Sim};

const SCRIPT: &str = include_str!("script.csv");
/// Messages between simulator and analyzer: ten seconds of 1,024 GPUs.
const QUEUE: usize = 2048;
/// A last incident may open this long after the last fault's end.
const SETTLE_S: f64 = 5.0;

/// Watch a simulated GPU fabric break, and weft name each faulty part
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// End after the script: exit 0 only if every verdict named the right part and nothing else was accused
    #[arg(long)]
    once: bool,
    /// Write a verdict a line here
    #[arg(long, value_name = "F")]
    json: Option<PathBuf>,
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Faults to inject: at_s,for_s,class,device,port,strength (docs/simulator.md)
    #[arg(long, value_name = "faults.csv")]
    script: Option<PathBuf>,
    /// A multiple of 8, 64 or more
    #[arg(long, default_value_t = 1024)]
    gpus: usize,
    /// The page and its API; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:9870", value_name = "A:P")]
    listen: SocketAddr,
    /// Also write the fabric's telemetry and the truth here, as a trace
    #[arg(long, value_name = "DIR")]
    record: Option<PathBuf>,
}

pub async fn run(args: Args) -> Result<ExitCode> {
    let fabric = Fabric::new(args.gpus, args.seed).map_err(anyhow::Error::msg).context("--gpus")?;
    let faults = match &args.script {
        Some(path) => script::read(path, &fabric, args.seed)?,
        None => script::parse("the demo's script", SCRIPT, &fabric, args.seed)?,
    };
    let start_ns = SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos() as i64;
    let (publisher, subscriber) = weft_transport::in_process(QUEUE);
    let plan = plan(&fabric, start_ns)?;
    let options = AssembleOptions { plan, state_dir: None, listen: args.listen, subscriber, config: Config::default() };
    let mut running = assemble::start(options).await?;
    say_ready(&running.url, None)?;
    let sim = Sim::new(fabric, faults);
    let end_s = sim.script_end() + SETTLE_S;
    eprintln!("{} GPUs, seed {}, page {}; the script takes {end_s:.0} s", args.gpus, args.seed, running.url);
    let sampler = SamplerOptions { start_ns, fast: true, marks: false };
    let live = live::start(sim, publisher, LiveOptions { sampler, seed: args.seed, record: args.record.clone() })?;
    let watched = watch(&mut running, &live, end_s).await;
    let code = match watched {
        Ok(Some((heard, progress))) => {
            let code = tell(&heard, &progress, &args)?;
            if !args.once {
                eprintln!("the fabric goes on; Ctrl-C ends it");
                wait_for_signal().await?;
            }
            Ok(code)
        }
        Ok(None) => Ok(ExitCode::SUCCESS),
        Err(error) => Err(error),
    };
    live.stop()?;
    running.shutdown().await?;
    code
}

/// The plan as a site would have it in files.
fn plan(fabric: &Fabric, start_ns: i64) -> Result<Plan> {
    let dir = tempfile::tempdir()?;
    PlanRows::new(fabric, start_ns, None).write(dir.path())?;
    Ok(Plan::load(dir.path())?)
}

/// Hears incidents until the script is over; `None` when a signal ended it before.
async fn watch(running: &mut Running, live: &Live, end_s: f64) -> Result<Option<(Heard, Progress)>> {
    let mut updates = running.updates();
    let mut heard = Heard::default();
    let mut injected = 0;
    let mut look = tokio::time::interval(Duration::from_millis(100));
    loop {
        tokio::select! {
            update = updates.recv() => {
                if let Ok(update) = update {
                    let now_s = live.progress.borrow().now;
                    if heard.tell(now_s, &update.incident) {
                        say_incident(now_s, &update.incident);
                    }
                }
            }
            _ = look.tick() => {
                let progress = live.progress.borrow().clone();
                for truth in progress.truths.iter().skip(injected) {
                    eprintln!("{:6.1} s  injected  {} at {} {}", progress.now, truth.script_class, truth.device, truth.port);
                }
                injected = progress.truths.len();
                if progress.done && progress.now >= end_s {
                    return Ok(Some((heard, progress)));
                }
            }
            error = running.failed() => return Err(error),
            signalled = wait_for_signal() => return signalled.map(|()| None).map_err(Into::into),
        }
    }
}

fn say_incident(now_s: f64, incident: &Incident) {
    eprintln!("{now_s:6.1} s  weft says {} ({:.2}): {}", incident.class, incident.confidence, incident.sentence);
}

/// Prints the table, writes the rows, and says what it all comes to.
fn tell(heard: &Heard, progress: &Progress, args: &Args) -> Result<ExitCode> {
    let rows = heard.judge(&progress.truths);
    let accused = heard.false_accusations(&progress.truths);
    eprintln!("{}", table(&rows));
    for incident in &accused {
        eprintln!("falsely accused: {} {}", incident.class, incident.sentence);
    }
    if progress.dropped > 0 {
        eprintln!("{} simulated messages found no room: this machine is too busy", progress.dropped);
    }
    if let Some(path) = &args.json {
        let mut file = std::fs::File::create(path).with_context(|| format!("--json {}", path.display()))?;
        for row in &rows {
            writeln!(file, "{}", serde_json::to_string(row)?)?;
        }
    }
    let well = accused.is_empty() && rows.iter().all(|r| r.ok);
    Ok(ExitCode::from(u8::from(!well)))
}

fn table(rows: &[Row]) -> comfy_table::Table {
    let mut table = comfy_table::Table::new();
    table.set_header(["fault", "injected", "weft named", "seconds", "lost: said", "measured", ""]);
    let percent = |lost: Option<f64>| lost.map_or("–".to_owned(), |l| format!("{:.0} %", l * 100.0));
    for row in rows {
        let named = row
            .named
            .as_ref()
            .map_or("nothing".to_owned(), |n| format!("{} {} {}", n.part.class, n.part.device, n.part.port));
        table.add_row([
            row.fault.clone(),
            format!("{} {} {}", row.expected.class, row.expected.device, row.expected.port),
            named,
            row.seconds.map_or("–".to_owned(), |s| format!("{s:.1}")),
            percent(row.lost_said),
            percent(row.lost_measured),
            if row.ok { "ok".to_owned() } else { "WRONG".to_owned() },
        ]);
    }
    table
}

//! `weft demo`: a simulated fabric in real time, faults injected, weft's verdict on each: one process, nothing to set up.
//!
//! ```text
//! weft-sim ─► frames ─► in-process transport ─► analyzer + HTTP + page
//!     └─ truth ─────────────► Ledger ◄── updates ─┘   (what was done against what weft said)
//! ```

mod ledger;
mod report;

use crate::assemble::{self, AssembleOptions, Running};
use anyhow::{Context, Result};
use ledger::Ledger;
use report::Reporter;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::broadcast::error::RecvError;
use weft_analyzer::cli::{self, wait_for_signal};
use weft_analyzer::config::Config;
use weft_analyzer::http::default_listen;
use weft_settings::{Address, Flags, effective};
use weft_sim::live::{self, Live, LiveOptions};
use weft_sim::plan::plan;
use weft_sim::sampler::SamplerOptions;
use weft_sim::script::{self, Planned};
use weft_sim::sim::{Fabric, Sim};

/// What is injected when no script is given.
const SCRIPT: &str = include_str!("faults.csv");
/// After the last fault weft may still say something: of the last fault, or a false word.
const GRACE_S: f64 = 8.0;
/// Messages between simulator and analyzer: ten seconds of 1,024 GPUs.
const QUEUE: usize = 2048;

const EXAMPLES: &str = "\
Examples:
  weft demo                                     watch it on the page; Ctrl-C ends it
  weft demo --once --seed 2                     end after the last fault; exit 0 only if all were named
  weft demo --config weft.toml                  its [[notify]] receivers hear of the faults
  weft demo --once --script faults.csv --json verdicts.ndjson
  weft demo --once --record trace/              then: weft replay trace/ --out verdicts/";

/// A simulated fabric of GPUs, faults injected, and weft's verdict on each
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// End after the script: 0 when every verdict named the right part and nothing else was accused, else 1
    #[arg(long)]
    once: bool,
    /// Also write one JSON line a fault here
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// The same seed gives the same fabric, jobs and places
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Faults to inject: at_s,for_s,class,device,port,strength [default: one of its own]
    #[arg(long, value_name = "faults.csv")]
    script: Option<PathBuf>,
    /// A multiple of 8, 64 or more
    #[arg(long, default_value_t = 1024)]
    gpus: usize,
    /// Configuration file (TOML): its [[notify]] and [[silence]] are used, so that alerts can be tried
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Read the configuration and the script, print what is in force (secrets hidden), and end
    #[arg(long)]
    check_config: bool,
    /// Where the page is served; port 0 takes a free one [default: 127.0.0.1:9870, or a free port if that is taken]
    #[arg(long, value_name = "A:P")]
    listen: Option<Address>,
    /// Also write what the collectors said, and the truth, as a trace
    #[arg(long, value_name = "DIR")]
    record: Option<PathBuf>,
}

pub async fn run(args: Args) -> Result<ExitCode> {
    let mut config = configuration(&args)?;
    let fabric = Fabric::new(args.gpus, args.seed).map_err(anyhow::Error::msg)?;
    let script = read_script(&args, &fabric)?;
    if args.check_config {
        print!("{}", effective(&config));
        return Ok(ExitCode::SUCCESS);
    }
    config.http.listen = address(args.listen.is_some(), &config.http.listen).await;
    let start_ns = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos())?;
    let (publisher, subscriber) = weft_transport::in_process(QUEUE);
    let plan = plan(&fabric, start_ns, None);
    let running = assemble::start(AssembleOptions { plan, state_dir: None, subscriber, config }).await?;
    let reporter = Reporter::new(args.json.as_deref(), start_ns)?;
    reporter.welcome(&running.url, &fabric, args.seed, &script);
    let sampler = SamplerOptions { start_ns, fast: true, marks: false, dither: true };
    let options = LiveOptions { sampler, seed: args.seed, record: args.record.clone() };
    let live = live::start(Sim::new(fabric, script), publisher, options)?;
    judge(running, live, reporter, args.once).await
}

fn read_script(args: &Args, fabric: &Fabric) -> Result<Vec<Planned>> {
    Ok(match &args.script {
        Some(path) => script::read(path, fabric, args.seed)?,
        None => script::parse("the demo's own script", SCRIPT, fabric, args.seed)?,
    })
}

/// The usual address, or a free port when that one is taken and none was asked for.
async fn address(asked: bool, wanted: &Address) -> Address {
    let is_free = asked || *wanted != default_listen() || cli::listen(wanted).await.is_ok();
    if is_free { wanted.clone() } else { wanted.with_port(0) }
}

/// File, then environment, then flags. Plan and state are the demo's own.
fn configuration(args: &Args) -> Result<Config> {
    let mut flags = Flags::default();
    flags.set("--listen", "http.listen", args.listen.as_ref());
    let mut config: Config = weft_settings::load(args.config.as_deref(), &flags)?;
    (config.analyzer.plan, config.analyzer.state) = (None, None);
    Ok(config)
}

/// Follows truth and verdicts until the script is over (`once`) or somebody ends it.
async fn judge(mut running: Running, live: Live, mut reporter: Reporter, once: bool) -> Result<ExitCode> {
    let mut updates = running.updates();
    let mut progress = live.progress.clone();
    let mut ledger = Ledger::new(reporter.start_ns());
    let mut told = false;
    let mut signal = std::pin::pin!(wait_for_signal());
    let ended = loop {
        tokio::select! {
            biased;
            changed = progress.changed() => {
                if changed.is_err() {
                    break Err(anyhow::anyhow!("the simulator ended by itself"));
                }
                let now = progress.borrow_and_update().clone();
                ledger.learn(&now);
                reporter.progress(&ledger);
                let over = now.done && now.now >= ledger.last_end_s() + GRACE_S;
                if over && !told {
                    reporter.finish(&ledger)?;
                    told = true;
                }
                if over && once {
                    break Ok(());
                }
            }
            update = updates.recv() => match update {
                Ok(update) => {
                    // A link event outruns the next look at the truth.
                    ledger.learn(&progress.borrow());
                    ledger.hear(&update.incident, now_ns());
                }
                Err(RecvError::Lagged(missed)) => eprintln!("weft demo: {missed} updates came too fast to be followed"),
                Err(RecvError::Closed) => break Err(anyhow::anyhow!("the analyzer ended by itself")),
            },
            error = running.failed() => break Err(error),
            signalled = &mut signal => break signalled.map_err(Into::into),
        }
    };
    tokio::task::spawn_blocking(move || live.stop()).await.context("the simulator's end")??;
    running.shutdown().await?;
    ended?;
    Ok(ExitCode::from(u8::from(once && !(told && ledger.all_right()))))
}

fn now_ns() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}

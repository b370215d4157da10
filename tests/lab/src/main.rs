//! `weft-lab`: a real fabric in network namespaces, a real training-like load on it, real faults, and a judge of what weft says.

mod api;
mod broker;
mod cgroup;
mod command;
mod ending;
mod fabric;
mod faults;
mod forward;
mod hold;
mod judge;
mod lab;
mod netlink;
mod netns;
mod panel;
mod pass;
mod pipeline;
mod plan;
mod process;
mod random;
mod receiver;
mod routes;
mod run;
mod sampler;
mod sandbox;
mod script;
mod shaping;
mod summary;
mod table;
mod topology;
mod trace;
mod traffic;
mod training;
mod truth;
mod verdict;
mod workdir;
mod worker;

use anyhow::Result;
use clap::{Parser, Subcommand};
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

#[derive(Parser)]
#[command(name = "weft-lab", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// One rank of the training job; started by the lab itself.
    #[command(hide = true)]
    Worker(worker::WorkerArgs),
    /// Inject faults into a running job and judge what weft says of them.
    Run(run::RunArgs),
    /// Record one fault's counters as a trace, without weft.
    Trace(trace::TraceArgs),
}

fn main() -> ExitCode {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).without_time().init();
    match run(Cli::parse().command) {
        Ok(code) => ExitCode::from(code.clamp(0, 255) as u8),
        Err(error) => {
            eprintln!("weft-lab: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(command: Command) -> Result<i32> {
    if let Command::Worker(args) = command {
        return worker::main(&args).map(|()| 0);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let Some(inside) = sandbox::inside()? else { return runtime.block_on(sandbox::supervise()) };
    let _context = runtime.enter();
    match command {
        Command::Worker(_) => Ok(64),
        Command::Run(args) => run::main(inside, &args, runtime.handle()),
        Command::Trace(args) => trace::main(inside, &args).map(|()| 0),
    }
}

//! `weft`: every role in one binary, each a subcommand with the same flags as its thin binary.

mod api;
mod assemble;
mod demo;
mod doctor;
mod explain;
mod sql;
mod table;
mod up;

use clap::{Parser, Subcommand};
use std::future::Future;
use std::process::ExitCode;
use weft_analyzer::{calibrate, cli, import, record, replay, score};
use weft_settings::exit::{self, code};
use weft_settings::log;

const EXAMPLES: &str = "\
Examples:
  weft demo          a simulated fabric, faults, and what weft says of them
  weft up            this machine's own counters, judged, with a page
  weft sql -c \"SELECT class, device, port FROM incident WHERE state = 'open'\"
  weft replay TRACE --speed 100 --out verdicts/
  weft score TRACE…  how much of what was wrong is found
  weft doctor        what keeps weft from seeing here, and what would mend it

Exit codes: 0 well, 1 found something or below goal, 2 failed, 64 usage. Logs go to stderr (WEFT_LOG filters).";

#[derive(Parser)]
#[command(name = "weft", version, about = "Which link, port, node or GPU is slowing which job, by how much, and why", after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    log: log::LogArgs,
}

#[derive(Subcommand)]
enum Command {
    Up(up::Args),
    Collector(weft_collector::cli::CollectorArgs),
    Analyzer(cli::Args),
    Dashboard(weft_dashboard::cli::Args),
    Sql(sql::Args),
    Explain(explain::Args),
    Replay(replay::ReplayArgs),
    Record(record::RecordArgs),
    Import(import::ImportArgs),
    Score(score::ScoreArgs),
    Calibrate(calibrate::CalibrateArgs),
    Demo(demo::Args),
    Doctor(doctor::Args),
}

fn main() -> ExitCode {
    match exit::parse_args::<Cli>() {
        Ok(cli) => {
            log::start(cli.log.log);
            cli::prepare_process();
            run(cli.command)
        }
        Err(said) => said,
    }
}

fn run(command: Command) -> ExitCode {
    match command {
        Command::Up(args) => code("weft up", block_on(up::run(args))),
        Command::Collector(args) => weft_collector::cli::run(args),
        Command::Analyzer(args) => cli::run(args, Some(weft_dashboard::router())),
        Command::Dashboard(args) => code("weft dashboard", block_on(weft_dashboard::cli::run(args))),
        Command::Sql(args) => code("weft sql", block_on(sql::run(args))),
        Command::Explain(args) => code("weft explain", block_on(explain::run(args))),
        Command::Replay(args) => code("weft replay", block_on(async { anyhow::Ok(replay::run(args).await) })),
        Command::Record(args) => code("weft record", block_on(async { anyhow::Ok(record::run(args).await) })),
        Command::Import(args) => import::run(&args),
        Command::Score(args) => score::run(&args),
        Command::Calibrate(args) => calibrate::run(&args),
        Command::Demo(args) => code("weft demo", block_on(demo::run(args))),
        Command::Doctor(args) => code("weft doctor", block_on(doctor::run(args))),
    }
}

fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(work)
}

//! The analyzer alone. The same as `weft analyzer`.

use clap::Parser;
use std::process::ExitCode;
use weft_analyzer::{cli, log};

#[derive(Parser)]
#[command(name = "weft-analyzer", version, about)]
struct Cli {
    #[command(flatten)]
    args: cli::Args,
    /// How log lines look, on stderr
    #[arg(long, value_enum, default_value_t)]
    log: log::Format,
}

fn main() -> ExitCode {
    match Cli::try_parse() {
        Ok(cli) => {
            log::start(cli.log);
            cli::run(cli.args)
        }
        Err(usage) => {
            let _ = usage.print();
            ExitCode::from(if usage.use_stderr() { 64 } else { 0 })
        }
    }
}

//! The analyzer alone. The same as `weft analyzer`, with plain text in place of the page, which this crate does not know.

use clap::Parser;
use std::process::ExitCode;
use weft_analyzer::{cli, log};

const NO_PAGE: &str = "\
This binary holds no page: its address serves the API, and each incident as plain text under /incidents/ID, where alerts
link to. The page is in `weft analyzer`, or beside this one: weft-dashboard --analyzer http://HOST:PORT; then name the
page's address by [http] external_url, and alerts link there.";

#[derive(Parser)]
#[command(name = "weft-analyzer", version, about, before_help = NO_PAGE)]
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
            cli::run(cli.args, None)
        }
        Err(usage) => {
            let _ = usage.print();
            ExitCode::from(if usage.use_stderr() { 64 } else { 0 })
        }
    }
}

//! The analyzer alone. The same as `weft analyzer`, with plain text in place of the page, which this crate does not know.

use clap::Parser;
use std::process::ExitCode;
use weft_analyzer::cli;
use weft_settings::{exit, log};

const NO_PAGE: &str = "\
This binary holds no page: its address serves the API, and each incident as plain text under /incidents/ID, where alerts
link to. The page is in `weft analyzer`, or beside this one: weft-dashboard --analyzer http://HOST:PORT; then name the
page's address by [http] external_url, and alerts link there.";

#[derive(Parser)]
#[command(name = "weft-analyzer", version, about, before_help = NO_PAGE)]
struct Cli {
    #[command(flatten)]
    args: cli::Args,
    #[command(flatten)]
    log: log::LogArgs,
}

fn main() -> ExitCode {
    exit::parse_args::<Cli>().map_or_else(
        |said| said,
        |cli| {
            log::start(cli.log.log);
            cli::run(cli.args, None)
        },
    )
}

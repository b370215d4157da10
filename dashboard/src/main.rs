//! `weft-dashboard`: the page alone. The same as `weft dashboard`.

use clap::Parser;
use std::process::ExitCode;
use weft_settings::{exit, log};

#[derive(Parser)]
#[command(name = "weft-dashboard", version, about)]
struct Cli {
    #[command(flatten)]
    args: weft_dashboard::cli::Args,
    #[command(flatten)]
    log: log::LogArgs,
}

#[tokio::main]
async fn main() -> ExitCode {
    match exit::parse_args::<Cli>() {
        Ok(cli) => {
            log::start(cli.log.log);
            exit::code("weft-dashboard", weft_dashboard::cli::run(cli.args).await)
        }
        Err(said) => said,
    }
}

//! `weft-dashboard`: the page alone. The same as `weft dashboard`.

use clap::Parser;
use std::process::ExitCode;

#[derive(Parser)]
#[command(name = "weft-dashboard", version, about)]
struct Cli {
    #[command(flatten)]
    args: weft_dashboard::cli::Args,
}

#[tokio::main]
async fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(usage) => {
            let _ = usage.print();
            return if usage.use_stderr() { ExitCode::from(64) } else { ExitCode::SUCCESS };
        }
    };
    match weft_dashboard::cli::run(cli.args).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("weft-dashboard: {error:#}");
            ExitCode::from(2)
        }
    }
}

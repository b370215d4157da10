//! `weft import`: a trace in CSVs that someone wrote, checked, sorted and written as weft writes them.

use std::path::PathBuf;
use std::process::ExitCode;

const EXAMPLES: &str = "\
Examples:
  weft import dump/ --out trace/ && weft replay trace/ --out verdicts/";

/// Check a trace of CSV files and write it sorted and compressed.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct ImportArgs {
    /// Folder with trace.toml, devices.csv, samples.csv and so on.
    pub src: PathBuf,
    /// Folder of the trace to write.
    #[arg(long)]
    pub out: PathBuf,
}

/// The subcommand: 0 well, 2 with `FILE:LINE: what is wrong; how to mend`.
pub fn run(args: &ImportArgs) -> ExitCode {
    match weft_trace::import(&args.src, &args.out) {
        Ok(rows) => {
            println!("{}", serde_json::json!({"imported": args.out, "samples": rows}));
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}
